"""Refusals of the edge itself, and those that any operation may answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from core.errors import Refusal
from core.idempotency import InFlight, KeyReused, NameTaken
from core.intake import RunTaken
from core.money import MixedCurrencies
from core.pagination import BadCursor
from web.problems import Problem


class BadRequest(Refusal):
    """The request cannot be read as HTTP or JSON."""

    code: ClassVar[str] = "bad_request"


class BadJson(Refusal):
    """The body is not JSON as RFC 8259 has it, or holds what no text or number of ours may."""

    code: ClassVar[str] = "bad_json"


@dataclass(frozen=True)
class WrongField:
    """One wrong field of a form: why, by pydantic's word for it, and of how many characters it may be at most.

    `name` is the sender's own text: it is shown to nobody, but may lead to a word that is ours.
    """

    name: str
    why: str
    most: int | None = None


class InvalidFields(Refusal):
    """The request is readable, but fields are missing, unknown or wrong."""

    code: ClassVar[str] = "invalid_fields"

    def __init__(self, wrong: Sequence[WrongField] = ()) -> None:
        super().__init__()
        self.wrong = tuple(wrong)


class SpanWrong(Refusal):
    """The last day is before the first one, or more than `most_months` lie between them."""

    code: ClassVar[str] = "span_wrong"


class LocaleNotOffered(Refusal):
    """The supplier does not write in this language; `locales` are those that it offers."""

    code: ClassVar[str] = "locale_not_offered"


class SignInNeeded(Refusal):
    """No valid access token or session."""

    code: ClassVar[str] = "sign_in_needed"


class Forbidden(Refusal):
    """Signed in, and still not allowed to do this."""

    code: ClassVar[str] = "forbidden"


class ScopeMissing(Refusal):
    """The program of the supplier may not do this; `scope` is what it would need."""

    code: ClassVar[str] = "scope_missing"


class CrossSite(Refusal):
    """A form was sent from another site, or its token is old."""

    code: ClassVar[str] = "cross_site"


class NotFound(Refusal):
    """Missing, or not the caller's: the answer is the same."""

    code: ClassVar[str] = "not_found"


class MethodNotAllowed(Refusal):
    """The path exists, the method does not."""

    code: ClassVar[str] = "method_not_allowed"


class TooLarge(Refusal):
    """Body, headers or address are larger than this operation reads."""

    code: ClassVar[str] = "too_large"


class TooSlow(Refusal):
    """The request did not arrive in time."""

    code: ClassVar[str] = "too_slow"


class UnsupportedMedia(Refusal):
    """Content type or encoding is not read here."""

    code: ClassVar[str] = "unsupported_media"


class KeyMissing(Refusal):
    """An operation that creates or moves something needs an Idempotency-Key."""

    code: ClassVar[str] = "idempotency_key_missing"


class TooManyRows(Refusal):
    """One request takes no more rows than `most`; send the others in further ones."""

    code: ClassVar[str] = "too_many_rows"


class Busy(Refusal):
    """All places for requests of this kind are taken, and stayed taken while this one waited; nothing has happened."""

    code: ClassVar[str] = "busy"


class Unavailable(Refusal):
    """The database cannot be reached or is too slow right now; nothing is known to have happened."""

    code: ClassVar[str] = "unavailable"


class InternalError(Refusal):
    """A mistake of ours, which is in our log under the incident's id."""

    code: ClassVar[str] = "internal_error"


PROBLEMS: Final = [
    Problem(BadRequest, 400, zh="请求无法识别，请检查请求格式。", en="The request cannot be read; check its form."),
    Problem(
        BadJson,
        400,
        zh="请求体不是有效的 JSON。",
        en="The body is not valid JSON; send UTF-8 JSON without NaN, repeated names or control characters.",
    ),
    Problem(
        InvalidFields,
        422,
        zh="部分字段有误，请按提示修改后重试。",
        en="Some fields are wrong; correct those listed and try again.",
    ),
    Problem(
        SpanWrong,
        422,
        zh="截止日期须不早于起始日期，且最多相隔 {most_months} 个月。",
        en="The last day must not be before the first one, and at most {most_months} months may lie between them.",
    ),
    Problem(
        LocaleNotOffered,
        422,
        zh="暂不提供该语言，可选：{locales}。",
        en="This language is not offered; choose one of {locales}.",
    ),
    Problem(SignInNeeded, 401, zh="请先登录。", en="Sign in first.", headers={"WWW-Authenticate": "Bearer"}),
    Problem(Forbidden, 403, zh="您没有权限进行此操作。", en="You are not allowed to do this."),
    Problem(
        ScopeMissing,
        403,
        zh="该客户端没有权限 {scope}。",
        en="This client has not the scope {scope}.",
    ),
    Problem(CrossSite, 403, zh="页面已过期，请刷新后重试。", en="This page is out of date; reload it and try again."),
    Problem(NotFound, 404, zh="未找到您要的内容。", en="There is nothing here for you."),
    Problem(
        MethodNotAllowed,
        405,
        zh="不支持该请求方法。",
        en="This address does not answer that method; see the Allow header.",
    ),
    Problem(TooLarge, 413, zh="请求过大。", en="The request is too large."),
    Problem(TooSlow, 408, zh="请求超时，请重试。", en="The request took too long to arrive; send it again."),
    Problem(
        UnsupportedMedia,
        415,
        zh="不支持该内容类型，请使用 application/json。",
        en="Send application/json, not compressed.",
    ),
    Problem(
        KeyMissing,
        400,
        zh="缺少 Idempotency-Key 请求头。",
        en="Send an Idempotency-Key header of 1 to 255 visible characters.",
    ),
    Problem(
        KeyReused,
        409,
        zh="该 Idempotency-Key 已用于另一个请求，请换一个。",
        en="This Idempotency-Key came with another request; use a new one.",
    ),
    Problem(
        InFlight,
        409,
        zh="相同的请求正在处理，请稍后重试。",
        en="The same request is still being worked on; repeat it in a moment.",
        headers={"Retry-After": "2"},
    ),
    Problem(NameTaken, 409, zh="该编号已被占用。", en="That number is taken."),
    Problem(MixedCurrencies, 409, zh="币种不一致。", en="The amounts have different currencies."),
    Problem(
        BadCursor,
        400,
        zh="分页标记无效，请从第一页重新开始。",
        en="The cursor does not belong to this list; start from the first page.",
    ),
    Problem(
        TooManyRows,
        422,
        zh="一次最多 {most} 行，请分批提交。",
        en="At most {most} rows at once; send the others in further requests.",
    ),
    Problem(
        RunTaken,
        503,
        zh="同类文件正在导入，请稍后重试。",
        en="A file of this kind is being imported; try again in a moment.",
        headers={"Retry-After": "10"},
    ),
    Problem(
        Busy,
        503,
        zh="当前请求较多，您的请求尚未处理，请稍后重试。",
        en="Too many requests are waiting right now and nothing was done; try again in a moment.",
        headers={"Retry-After": "5"},
    ),
    Problem(
        Unavailable,
        503,
        zh="服务暂时不可用，请稍后重试；重试时请使用相同的 Idempotency-Key。",
        en="The service is busy; try again in a moment, with the same Idempotency-Key.",
        headers={"Retry-After": "5"},
    ),
    Problem(
        InternalError,
        500,
        zh="系统出现意外错误，编号 {incident}。",
        en="Something unexpected happened; incident {incident}.",
    ),
]

EVERYWHERE: Final = (
    BadRequest,
    MethodNotAllowed,
    TooSlow,
    TooLarge,
    UnsupportedMedia,
    Busy,
    Unavailable,
)
"""What the guard, the bulkheads and the database may answer before an operation is reached."""
