"""How refusals of tariffs are told. Faults stand in the problem's `faults`: path, code, detail."""

from typing import Final

from services.tariffs.errors import (
    BeginsInPast,
    CalendarWrong,
    DayOver,
    DaysDiffer,
    TariffInvalid,
    TariffTaken,
    TariffUnknown,
    TariffWrong,
    UseInvalid,
    VersionChanged,
    VersionDatesWrong,
    VersionFixed,
    VersionsOverlap,
    VersionUnknown,
)
from web.problems import Problem

PROBLEMS: Final = [
    Problem(
        TariffInvalid,
        422,
        zh="电价文件不符合格式，请按 faults 中的位置逐项修改。",
        en="The tariff's document breaks the format; correct what `faults` names, each by its path.",
    ),
    Problem(
        UseInvalid,
        422,
        zh="该用电数据无法按此电价计费，请按 faults 中的位置逐项修改。",
        en="This use cannot be priced by this tariff; correct what `faults` names, each by its path.",
    ),
    Problem(TariffUnknown, 404, zh="没有此电价代码。", en="There is no tariff with this code."),
    Problem(
        TariffTaken,
        409,
        zh="此电价代码已被使用，请另选一个。",
        en="Another tariff has this code; choose another.",
    ),
    Problem(
        TariffWrong,
        422,
        zh="电价的 {field} 填写有误，请更正。",
        en="The {field} of the tariff is not as it must be; correct it.",
    ),
    Problem(VersionUnknown, 404, zh="此电价没有该版本。", en="The tariff has no version with this number."),
    Problem(
        VersionFixed,
        409,
        zh="该版本的状态为 {state}，不能进行此操作。",
        en="The version is {state}: this cannot be done with it.",
    ),
    Problem(
        VersionChanged,
        409,
        zh="该草稿已被他人修改，请查看最新内容后重试。",
        en="Somebody changed the draft meanwhile; look at what it says now, then try again.",
    ),
    Problem(
        VersionDatesWrong,
        422,
        zh="版本的终止日期须晚于起始日期。",
        en="A version ends after the day on which it begins; correct its dates.",
    ),
    Problem(
        VersionsOverlap,
        409,
        zh="与已发布的第 {version_no} 版的有效期重叠；请更改日期，或作为更正并与该版同日终止。",
        en="Published version {version_no} holds on some of these days; choose others, or correct it up to its end.",
    ),
    Problem(
        BeginsInPast,
        409,
        zh="起始日期早于今天；如需更正以往电价，请按更正提交。",
        en="The version begins in the past; ask for it as a correction, or choose a later day.",
    ),
    Problem(
        CalendarWrong,
        422,
        zh="{field} 填写有误，请更正。",
        en="The {field} is not as it must be; correct it.",
    ),
    Problem(
        DaysDiffer,
        409,
        zh="该日已有另一名称且类别不同，一天只能是节假日或调休上班日之一。",
        en="Under another name the day counts as the other: it is a holiday or a worked weekend day, not both.",
    ),
    Problem(
        DayOver,
        409,
        zh="该日已过，更改须通过文件导入。",
        en="The day is over: change it by a file, as what was priced by it is priced anew.",
    ),
]
