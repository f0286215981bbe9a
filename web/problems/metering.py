"""How refusals of metering are told."""

from typing import Final

from services.metering.errors import (
    NoMeterToRead,
    NotYourReading,
    OwnReadingUnknown,
    PhotoTooLarge,
    PhotoTooLate,
    PhotoUnknown,
    PhotoUnreadable,
    ReadingDecided,
    ReadingNotAcceptable,
    ReadingNotEstimable,
    ReadingsLimited,
    ReadingToldAlready,
    ReadingTooLong,
    ReadingUnknown,
    RegisterUnknown,
)
from web.problems import Problem

PROBLEMS: Final = [
    Problem(ReadingUnknown, 404, zh="未找到该读数。", en="There is no such reading for you."),
    Problem(ReadingDecided, 409, zh="该读数已处理。", en="Somebody decided about this reading already."),
    Problem(
        ReadingNotAcceptable,
        409,
        zh="该读数不能采纳：请舍弃或改为估算。",
        en="This reading cannot be accepted; discard it, or have it estimated.",
    ),
    Problem(
        ReadingNotEstimable,
        409,
        zh="无法估算：相邻时段及往期均无读数。请舍弃该读数，待数据补齐后再处理。",
        en="It cannot be estimated: nothing is known around it or before it. Discard it; readings may still come.",
    ),
    Problem(NoMeterToRead, 409, zh="该户号目前没有电能表。", en="No meter is at this account now."),
    Problem(
        RegisterUnknown,
        422,
        zh="电能表没有这个示数项；有多块电能表时请选择是哪一块。",
        en="The meter has no such register. If the account has several meters, choose the meter.",
    ),
    Problem(
        ReadingTooLong,
        422,
        zh="该示数最多 {digits} 位整数，请对照电能表再看一次。",
        en="This register has {digits} whole digits at most: look at the meter again.",
    ),
    Problem(
        ReadingToldAlready,
        409,
        zh="该示数今天已由他人报送，或已由工作人员采纳。明天可再次报送。",
        en="Somebody else told this register today, or staff accepted what was told. Tell it anew tomorrow.",
    ),
    Problem(
        ReadingsLimited,
        429,
        zh="今天已报送 {most} 次，请明天再试。",
        en="It was sent {most} times today. Try again tomorrow.",
        headers={"Retry-After": "43200"},
    ),
    Problem(OwnReadingUnknown, 404, zh="未找到该读数。", en="There is no such reading."),
    Problem(
        NotYourReading,
        403,
        zh="该读数由他人报送，照片须由报送人上传。",
        en="Somebody else told this reading; they send its picture.",
    ),
    Problem(
        PhotoTooLate,
        409,
        zh="照片须在报送当天、读数处理之前上传。",
        en="A picture is sent on the day of its reading, before staff have decided about it.",
    ),
    Problem(PhotoUnknown, 404, zh="该读数没有照片，或照片已不再保存。", en="No picture of it is kept."),
    Problem(
        PhotoUnreadable,
        422,
        zh="无法读取该照片：请上传完整的 JPEG、PNG 或 WebP 图片。",
        en="The picture cannot be read: send a whole JPEG, PNG or WebP.",
    ),
    Problem(
        PhotoTooLarge,
        413,
        zh="照片过大：最多 {most_pixels} 像素、{most_bytes} 字节。",
        en="The picture is too large: at most {most_pixels} pixels and {most_bytes} bytes.",
    ),
]
