"""Why rows of imports are not taken: for each reason its code, which never changes, and its words in two languages.

Statements and layouts tell a reason in English words, which files and the database keep; here is what they stand for.
"""

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

OF_OTHERS: Final = "of_others"
"""Code of the one wording for what is known outside a program's units alone."""
OTHER: Final = "other"
"""Code of words that no release tells any more."""

_PLACE: Final = re.compile(r"%\((\w+)\)s")
_WORDS: Final = {
    "account_unknown": ("is no known account", "没有此户号"),
    "agreement_missing": ("is missing while tariff_code is given", "已填 tariff_code 时不能为空"),
    "agreement_too_early": ("lies before the agreement that is known", "早于已有的用电协议"),
    "bill_cancelled": ("is cancelled", "该账单已作废"),
    "billed_here": (
        "lies on or after the day from which this account is billed here",
        "不早于该户号改由本系统出账的日期",
    ),
    "bytes_many": ("is longer than %(most)s bytes", "超过 %(most)s 字节"),
    "characters_unseen": ("has characters that are not seen", "含有不可见字符"),
    "columns_count": ("has %(found)s columns, the heading has %(wanted)s", "有 %(found)s 列，而表头有 %(wanted)s 列"),
    "currency_differs": ("differs from the currency of the account", "与该户号的币种不同"),
    "customer_differs": (
        "has another name, kind, phone or locale in an earlier row",
        "与前面行中同一客户的姓名、类型、电话或语言不同",
    ),
    "customer_erased": (
        "was erased and does not come back: whoever returns has another number",
        "该客户已被删除，编号不再使用；重新开户请用新编号",
    ),
    "customer_of_others": (
        "has accounts of other units: name, kind, phone and locale are changed there",
        "该客户在其他单位也有户号：姓名、类型、电话和语言须在其他单位更改",
    ),
    "day_kinds_differ": ("is another than that of the day's other name", "与当日另一名称的类型不同"),
    "digits_differ": ("differs from what is known of this register", "与该计度器已知的信息不同"),
    "digits_many": ("has more digits than the register", "位数超过该计度器"),
    "due_before_issue": ("lies before issue_date", "早于 issue_date"),
    "energy_much": ("is more than a meter can count", "超出电能表可计范围"),
    "five_minutes": ("is 5: say that it is to be summed to 15", "为 5：请指定汇总为 15 分钟"),
    "flow_unknown": (
        "is a net or a sum of directions: flowDirection is neither 1 nor 19",
        "为双向净值或合计：flowDirection 既不是 1 也不是 19",
    ),
    "held_contradicted": (
        "contradicts a better or a later reading: it waits in quarantine",
        "与质量更好或更晚的读数不一致：已转待核实",
    ),
    "held_decided": (
        "contradicts what staff decided: it waits in quarantine",
        "与工作人员的核实结果不一致：已转待核实",
    ),
    "held_implausible": ("is more than can be believed: it waits in quarantine", "超出可信范围：已转待核实"),
    "held_negative": ("is negative: it waits in quarantine", "为负值：已转待核实"),
    "flag_value": ("must be 1 or empty: a flag holds or does not", "标志项须为 1 或留空"),
    "held_inverted": (
        "runs backwards beside another reading: it waits in quarantine",
        "与前后读数相比倒退：已转待核实",
    ),
    "held_reading": (
        "contradicts a better reading of this moment: it waits in quarantine",
        "与同一时刻质量更好的读数不一致：已转待核实",
    ),
    "history_open": ("is open, but this bill came as settled history", "为未结清，但该账单已作为结清的历史账单导入"),
    "hour_missing": ("does not exist: the clock goes forward over it", "不存在：时钟在此处向前拨"),
    "hour_twice": ("is shown twice by the clock on this day: it needs an offset", "当日出现两次：须注明时差"),
    "in_opening_balance": ("lies in an opening balance and cannot change", "已计入期初余额，不能更改"),
    "interval_number": ("is no number of an interval", "不是时段序号"),
    "interval_range": ("is no range within 1 to %(most)s", "不是 1 至 %(most)s 之内的范围"),
    "interval_twice": ("is in a range before this one too", "已包含在前面的范围中"),
    "kwh_twice": (
        "stands beside a column of a channel: one of both says nothing",
        "与按通道的列同时填写：只能填写其中之一",
    ),
    "length_untold": (
        "is no length of an interval: it is told by duration or intervalLength",
        "不是时段长度：应由 duration 或 intervalLength 给出",
    ),
    "lines_content": (
        "have a code that is not documented, a number that is too long, or more than 200 lines",
        "含有未定义的代码、过长的数字，或超过 200 行明细",
    ),
    "lines_form": (
        "are not of the form code|quantity|unit|unit_price|amount_minor, with ; between lines",
        "格式应为 code|quantity|unit|unit_price|amount_minor，各行以 ; 分隔",
    ),
    "lines_missing": ("are missing: an open bill is posted by its lines", "缺少明细：未结清账单须按明细记账"),
    "lines_sum": ("do not add up to amount_minor", "明细合计不等于 amount_minor"),
    "links_late": (
        "has more than %(most)s readings before the links that tell of what they are",
        "在说明其归属的链接之前有超过 %(most)s 个读数",
    ),
    "meter_elsewhere": (
        "is at another account: an earlier row must take it away there",
        "在其他户号下：须先有一行将其从该户号移除",
    ),
    "meter_later": (
        "cannot come to this account until an upgrade is through: send it again later",
        "系统升级完成前不能改到此户号：请稍后重新发送",
    ),
    "meter_nowhere": ("is a meter that was at no account on this day", "该电能表当日不在任何户号下"),
    "meter_twice": ("is a meter that two accounts say they had on this day", "有两个户号都称当日装有该电能表"),
    "meter_unknown": ("is no known meter", "没有此电能表"),
    "minutes_differ": ("is another length of interval than this meter has on this day", "与该电能表当日的间隔长度不同"),
    "missing": ("is missing", "不能为空"),
    "multiplier_unknown": ("has a powerOfTenMultiplier that is none", "powerOfTenMultiplier 无效"),
    "name_length": ("is missing or longer than 200 characters", "不能为空，且不超过 200 个字符"),
    "name_twice": ("has a name twice", "同一名称出现两次"),
    "names_unknown": (
        "has unknown names, the first of %(count)s at position %(at)s",
        "有 %(count)s 个未知名称，第一个在第 %(at)s 位",
    ),
    "native_incomplete": (
        "is native for an account of which name, address, meter, or a tariff of that day is missing",
        "为 native，但该户号缺少姓名、地址、电能表或当日的电价",
    ),
    "native_not_empty": ("must be empty for an account that is billed outside", "由外部系统出账的户号须留空"),
    "native_too_early": (
        "is too early: bills of periods from this day on are here already",
        "过早：此日期之后账期的账单已经存在",
    ),
    "nem12_begun": ("begins a second file before the first has ended", "前一文件尚未结束，又开始了新文件"),
    "nem12_day": ("is not a date like 20260131", "不是日期（格式如 20260131）"),
    "nem12_follows": ("follows no record %(record)s", "前面没有 %(record)s 记录"),
    "nem12_heading": ("is no heading of NEM12", "不是 NEM12 的文件头"),
    "nem12_outside": ("stands outside of records 100 and 900", "位于 100 与 900 记录之外"),
    "nem12_record": ("is no record 100, 200, 300, 400, 500 or 900", "不是 100、200、300、400、500 或 900 记录"),
    "nem12_stream": (
        "is of no stream that is kept here: E, B, Q or K and a number",
        "不是本系统保存的数据流：须为 E、B、Q 或 K 加序号",
    ),
    "nem12_unended": (
        "is missing: a file ends with a record 900, and this one may be cut short",
        "缺少：文件须以 900 记录结束，此文件可能不完整",
    ),
    "nem12_unit": ("is no unit of the energy of this stream", "不是此数据流的电量单位"),
    "no_reading": ("is missing: then there is no reading", "为缺失：则没有读数"),
    "none_of": ("is none of %(known)s", "须为以下之一：%(known)s"),
    "not_a_boolean": ("is neither true nor false", "须为 true 或 false"),
    "not_a_currency": ("is not an ISO 4217 code", "不是 ISO 4217 币种代码"),
    "not_a_date": ("is not a date like 2026-01-31", "不是日期（格式如 2026-01-31）"),
    "not_a_decimal": ("is not a number with at most 3 decimals", "不是最多 3 位小数的数字"),
    "not_a_list": ("is not a list of the documented objects", "不是文档所述对象的列表"),
    "not_a_moment": ("is not a time like 2026-01-31T00:15+08:00", "不是时间（格式如 2026-01-31T00:15+08:00）"),
    "not_a_headcount": ("is not a whole number of people from 1 to 99", "不是 1 至 99 的人数"),
    "not_a_number": ("is not a number", "不是数字"),
    "not_a_phone": ("is not a telephone number", "不是有效的电话号码"),
    "not_a_rate": ("is not a number with at most 10 digits and 8 decimals", "不是最多 10 位整数、8 位小数的数字"),
    "not_a_symbol": (
        "is not a name of small letters, digits and _ that begins with a letter",
        "须为以字母开头、由小写字母、数字和 _ 组成的名称",
    ),
    "not_a_temperature": (
        "is not a temperature from -90 to 70 with at most 1 decimal",
        "不是 -90 至 70、最多 1 位小数的温度",
    ),
    "not_a_value": ("must be a text, a number, true, false or null", "须为文本、数字、true、false 或 null"),
    "not_above_zero": ("is not a number above 0 with at most 3 decimals", "不是大于 0、最多 3 位小数的数字"),
    "not_after_first": ("must be after period_first", "须晚于 period_first"),
    "not_an_object": ("is not a JSON object", "不是 JSON 对象"),
    "not_billing": ("is neither external nor native", "须为 external 或 native"),
    "not_digits": ("is not a whole number from 3 to 12", "不是 3 至 12 的整数"),
    "not_electricity": ("is no electricity", "不是电力"),
    "not_empty_missing": ("must be empty where the reading is missing", "读数缺失时须留空"),
    "not_energy": ("is not a number with at most 12 digits and 6 decimals", "不是最多 12 位整数、6 位小数的数字"),
    "not_interval_energy": (
        "is no energy of intervals, but a register, an average or an extreme",
        "不是时段电量，而是示数、平均值或极值",
    ),
    "not_json": ("is not JSON", "不是 JSON"),
    "not_minor_units": ("is not a whole number of minor units", "不是最小货币单位的整数"),
    "not_multiplier": (
        "is not a number above zero with at most 6 digits and 6 decimals",
        "不是大于零、最多 6 位整数和 6 位小数的数字",
    ),
    "not_seconds": ("is no number of seconds", "不是秒数"),
    "not_settlement": ("is neither open nor settled", "须为 open 或 settled"),
    "not_utf8": ("is not UTF-8 at byte %(at)s", "第 %(at)s 个字节不是 UTF-8"),
    "number_form": (
        "must be %(least)s to %(most)s letters, digits or hyphens",
        "须为 %(least)s 至 %(most)s 个字母、数字或连字符",
    ),
    OF_OTHERS: ("cannot be taken: ask the group's data desk", "无法接收：请联系集团数据管理部门"),
    "open_here": (
        "is settled, but the bill is open here: its payment settles it, no file",
        "为已结清，但该账单在此未结清：只能由缴费结清，不能由文件结清",
    ),
    "open_not_zero": ("must be 0 or empty for a settled bill", "已结清账单须为 0 或留空"),
    "open_over_amount": ("is more than amount_minor", "大于 amount_minor"),
    "open_zero": ("is 0: say settled", "为 0：请填写 settled"),
    "other_account": ("belongs to another account", "属于其他户号"),
    "overlaps": (
        "overlaps another entitlement of this kind: say first when that one ends",
        "与同类的另一项重叠：请先填写该项的终止日期",
    ),
    "packed_damaged": (
        "cannot be unpacked: the file is damaged or cut short from here on",
        "无法解压：文件从此处起已损坏或不完整",
    ),
    "packed_much": (
        "unpacks to more than %(most)s times the size of the file: not read on",
        "解压后超过文件大小的 %(most)s 倍：不再读取",
    ),
    "ends_before": ("lies before valid_from", "早于 valid_from"),
    "parent_differs": (
        "differs from the parent this unit has: units do not move",
        "与该单位现有上级不同：单位不能移动",
    ),
    "part_only": ("is only the part of one price period or tier", "只是某一电价时段或阶梯的部分"),
    "premises_differ": ("has another address in an earlier row", "与前面行中的地址不同"),
    "premises_of_others": (
        "has accounts of other units: the address is changed there",
        "该用电地址在其他单位也有户号：地址须在其他单位更改",
    ),
    "premises_shared": (
        "is missing: other accounts have these premises too, and the address differs",
        "不能为空：其他户号共用此用电地址，而地址不同",
    ),
    "quality_place": (
        "does not stand behind %(count)s values as A, S, F, E, N or V",
        "在 %(count)s 个数值之后不是 A、S、F、E、N 或 V",
    ),
    "quality_untold": (
        "is V, but no record 400 tells that of interval %(at)s",
        "为 V，但没有 400 记录说明第 %(at)s 个时段",
    ),
    "quotes_open": ("has quotes that do not close; a record must be one line", "引号未闭合；每条记录须为一行"),
    "reading_type_missing": ("is tied to no ReadingType of this file", "与此文件中的任何 ReadingType 都无关联"),
    "register_negative": ("is negative: a register counts from zero", "为负值：计度器从零起计"),
    "register_second": (
        "is a second register of one meter and direction: name its meter",
        "是同一电能表同一方向的第二个计度器：请指定其电能表",
    ),
    "series_again": (
        "tells of a meter and direction again, in intervals of another length",
        "以不同的时段长度重复同一电能表和方向",
    ),
    "slot_taken": ("lies within another interval that has a price", "与另一个已有电价的时段重叠"),
    "start_future": ("lies in the future", "在将来"),
    "start_off": ("is not the beginning of an interval", "不是间隔的起点"),
    "start_old": ("is older than readings are taken", "早于可接收读数的期限"),
    "tariff_unknown": ("is no known tariff", "没有此电价"),
    "tariff_missing": ("is missing while agreement_from is given", "已填 agreement_from 时不能为空"),
    "top_unit": ("is missing: a program adds no top unit", "不能为空：程序不能新增顶级单位"),
    "too_long": ("is longer than %(most)s characters", "超过 %(most)s 个字符"),
    "twice_in_file": ("stands twice in the file", "在文件中出现两次"),
    "unit_unknown": ("is no known unit", "没有此单位"),
    "uom_unknown": (
        "is of a unit that is not kept here: uom is neither 72 (Wh) nor 73 (varh)",
        "单位不在保存范围内：uom 既不是 72 (Wh) 也不是 73 (varh)",
    ),
    "usage_point_second": (
        "is a second usage point: one meter number is not enough",
        "是第二个计量点：只给一个电能表编号不够",
    ),
    "usage_point_unnamed": (
        "has no meter number: tell that of its usage point",
        "没有电能表编号：请给出其计量点的编号",
    ),
    "xml_broken": (
        "is not well-formed XML at line %(at)s: nothing behind it was read",
        "第 %(at)s 行不是格式正确的 XML：其后内容未读取",
    ),
    "xml_unwanted": (
        "has what no feed needs at line %(at)s (%(what)s): nothing behind it was read",
        "第 %(at)s 行含有数据源不应有的内容（%(what)s）：其后内容未读取",
    ),
    "zone_missing": ("has no offset, and nobody said of which zone it is", "没有时差，也未说明时区"),
}
CODES: Final = frozenset(_WORDS)


@dataclass(frozen=True, slots=True)
class Fault:
    """A reason with what it names: lengths, places, and what is known. It never holds the value that was refused."""

    code: str
    words: str
    facts: dict[str, str]

    def told(self, locale: str) -> str:
        """In a language; words that no release tells any more stay English."""
        if self.code == OTHER or not locale.startswith("zh"):
            return self.words
        return _WORDS[self.code][1] % self.facts


@lru_cache(maxsize=1024)
def fault(reason: str) -> Fault:
    """What an English reason stands for."""
    for code, pattern in _patterns():
        if found := pattern.fullmatch(reason):
            return Fault(code, reason, found.groupdict())
    return Fault(OTHER, reason, {})


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    """Words without places come first: they are found by nothing else."""
    ordered = sorted(_WORDS.items(), key=lambda each: "%" in each[1][0])
    return [(code, re.compile(_pattern(words))) for code, (words, _) in ordered]


def _pattern(words: str) -> str:
    texts = _PLACE.split(words)
    return "".join(f"(?P<{each}>.+)" if place % 2 else re.escape(each) for place, each in enumerate(texts))
