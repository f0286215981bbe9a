"""Daily bills: what was paid and refunded on a Beijing day as the platform's CSV, and short-lived links to it."""

import gzip
import hashlib
import secrets
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sandbox.books import Books
from sandbox.credentials import Platform
from sandbox.times import BEIJING, plain
from sandbox.wechat_pay.requests import TRADE_TYPES, Refused

LINK_S: Final = 30
KEPT_DAYS: Final = 93
FEE_PER_MILLE: Final = 6
REFUND_COLUMNS: Final = (
    "微信退款单号", "商户退款单号", "退款金额", "充值券退款金额", "退款类型", "退款状态", "申请退款金额",
)  # fmt: skip
COLUMNS: Final = (
    "交易时间", "公众账号ID", "商户号", "特约商户号", "设备号", "微信订单号", "商户订单号", "用户标识",
    "交易类型", "交易状态", "付款银行", "货币种类", "应结订单金额", "代金券金额", "微信退款单号", "商户退款单号",
    "退款金额", "充值券退款金额", "退款类型", "退款状态", "商品名称", "商户数据包", "手续费", "费率",
    "订单金额", "申请退款金额", "费率备注",
)  # fmt: skip
TIMES_OF_REFUND: Final = ("退款申请时间", "退款成功时间")
FOOTER: Final = (
    "总交易单数", "应结订单总金额", "退款总金额", "充值券退款总金额", "手续费总金额", "订单总金额", "申请退款总金额",
)  # fmt: skip
TYPES: Final = frozenset({"ALL", "SUCCESS", "REFUND"})


class Links:
    """Files that wait to be fetched; a restart forgets them, as their half minute would."""

    def __init__(self, *, base_url: str) -> None:
        self._base_url, self._lock = base_url, threading.Lock()
        self._files: dict[str, tuple[float, bytes]] = {}

    def offer(self, content: bytes, *, is_packed: bool) -> dict[str, str]:
        """What an application for a bill is answered. The hash is the unpacked file's."""
        token, now = secrets.token_urlsafe(24), time.time()
        with self._lock:
            self._files = {name: kept for name, kept in self._files.items() if kept[0] >= now}
            self._files[token] = (now + LINK_S, gzip.compress(content) if is_packed else content)
        return {
            "hash_type": "SHA1",
            "hash_value": hashlib.sha1(content, usedforsecurity=False).hexdigest(),
            "download_url": f"{self._base_url}/v3/billdownload/file?token={token}",
        }

    def fetch(self, token: str) -> bytes:
        """The file behind a link; raises Refused when it is unknown or too old."""
        with self._lock:
            until, content = self._files.get(token, (0.0, b""))
        if until < time.time():
            raise Refused(404, "RESOURCE_NOT_EXISTS", "资源不存在")
        return content


def bill(books: Books, platform: Platform, *, day: str, bill_type: str) -> bytes:
    """The trade bill of a Beijing day as CSV: a mark of UTF-8, every field behind a backtick, amounts in yuan.

    Raises Refused for an empty day and for one out of reach. Today's is served as far as the day has come, where the
    platform would make the merchant wait until tomorrow at ten.
    """
    if bill_type not in TYPES:
        raise Refused(400, "PARAM_ERROR", "参数错误：bill_type")
    begin, end = _limits(day)
    paid = books.all("select * from pay_order where paid_at >= ? and paid_at < ? order by paid_at", begin, end)
    refunded = books.all(
        "select o.*, r.out_refund_no, r.refund_id, r.amount as refund, r.created_at as asked_at, r.ends_at "
        "from pay_refund r join pay_order o on o.out_trade_no = r.out_trade_no "
        "where r.becomes = 'SUCCESS' and r.ends_at >= ? and r.ends_at < ? and r.ends_at <= ? order by r.ends_at",
        begin,
        end,
        time.time(),
    )
    rows = [*(paid if bill_type != "REFUND" else []), *(refunded if bill_type != "SUCCESS" else [])]
    if not rows:
        raise Refused(400, "NO_STATEMENT_EXIST", "账单文件不存在")
    names = [name for name in COLUMNS if bill_type != "SUCCESS" or name not in REFUND_COLUMNS]
    if bill_type == "REFUND":
        at = names.index("代金券金额") + 1
        names[at:at] = TIMES_OF_REFUND
    lines = ["\ufeff" + ",".join(names)]
    for row in rows:
        cells = _cells(row, platform)
        lines.append(_line([cells.get(name, "") for name in names]))
    lines += [",".join(FOOTER), _line(_totals(rows))]
    return "".join(f"{line}\r\n" for line in lines).encode()


def _limits(day: str) -> tuple[float, float]:
    try:
        begin = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=BEIJING)
    except ValueError as error:
        raise Refused(400, "PARAM_ERROR", "参数错误：bill_date") from error
    today = datetime.now(BEIJING).replace(hour=0, minute=0, second=0, microsecond=0)
    if not today - timedelta(days=KEPT_DAYS) <= begin <= today:
        raise Refused(400, "INVALID_REQUEST", "账单日期不在可查询范围内")
    return begin.timestamp(), (begin + timedelta(days=1)).timestamp()


def _cells(row: dict[str, Any], platform: Platform) -> dict[str, str]:
    """A payment's cells; those of a refund differ in what it did."""
    cells = _cells_of_order(row, platform)
    if "refund" not in row:
        return cells
    return cells | {
        "交易时间": plain(row["ends_at"]),
        "交易状态": "REFUND",
        "应结订单金额": "0.00",
        "退款申请时间": plain(row["asked_at"]),
        "退款成功时间": plain(row["ends_at"]),
        "微信退款单号": row["refund_id"],
        "商户退款单号": row["out_refund_no"],
        "退款金额": _yuan(row["refund"]),
        "退款类型": "ORIGINAL",
        "退款状态": "SUCCESS",
        "手续费": f"-{_fee(row['refund'])}",
        "订单金额": "0.00",
        "申请退款金额": _yuan(row["refund"]),
    }


def _cells_of_order(row: dict[str, Any], platform: Platform) -> dict[str, str]:
    return {
        "交易时间": plain(row["paid_at"]),
        "公众账号ID": row["appid"],
        "商户号": platform.mchid,
        "特约商户号": "0",
        "微信订单号": row["transaction_id"],
        "商户订单号": row["out_trade_no"],
        "用户标识": row["openid"],
        "交易类型": TRADE_TYPES[row["method"]],
        "交易状态": "SUCCESS",
        "付款银行": "OTHERS",
        "货币种类": row["currency"],
        "应结订单金额": _yuan(row["amount"]),
        "代金券金额": "0.00",
        "微信退款单号": "0",
        "商户退款单号": "0",
        "退款金额": "0.00",
        "充值券退款金额": "0.00",
        "商品名称": row["description"],
        "商户数据包": row["attach"] or "",
        "手续费": _fee(row["amount"]),
        "费率": f"{FEE_PER_MILLE / 10:.2f}%",
        "订单金额": _yuan(row["amount"]),
        "申请退款金额": "0.00",
    }


def _totals(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    total = sum(row["amount"] for row in rows if "refund" not in row)
    back = sum(row.get("refund", 0) for row in rows)
    fee = ("-" if back > total else "") + _fee(abs(total - back))
    yield from (str(len(rows)), _yuan(total), _yuan(back), "0.00", fee, _yuan(total), _yuan(back))


def _line(fields: Iterator[str] | Sequence[str]) -> str:
    # Commas stay, as at the real one: a reader has to split at comma and backtick. A line is a line all the same.
    return ",".join("`" + " ".join(field.splitlines()) for field in fields)


def _yuan(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02d}"


def _fee(minor: int) -> str:
    """Fees have five decimals: 1e-5 yuan is a thousandth of a fen."""
    parts = minor * FEE_PER_MILLE
    return f"{parts // 100000}.{parts % 100000:05d}"
