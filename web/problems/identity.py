"""How refusals of signing in are told."""

from typing import Final

from services.identity.errors import CodeIsBurnt, CodesExhausted, CodeWrong, InvalidPhone, RefreshRefused, SignInLimited
from web.problems import Problem, register

BEARER: Final = {"WWW-Authenticate": "Bearer"}
"""RFC 9110 wants a challenge in every 401, also where a code and not a token was wrong."""

PROBLEMS: Final = [
    Problem(
        InvalidPhone,
        422,
        zh="手机号码有误，请检查后重新输入。",
        en="This is not a mobile number that can get a message; check it and try again.",
    ),
    Problem(
        SignInLimited,
        429,
        zh="获取验证码过于频繁，请稍后再试。",
        en="Too many codes were asked for from here; try again later.",
    ),
    Problem(
        CodesExhausted,
        503,
        zh="今日验证码发送量已达上限，请明天再试，或拨打服务热线。",
        en="No more codes can be sent today; try again tomorrow, or call the hotline.",
        headers={"Retry-After": "3600"},
    ),
    Problem(
        CodeWrong,
        401,
        zh="验证码错误或已过期，请核对后重新输入，或重新获取。",
        en="The code is wrong or too old; check it, or ask for a new one.",
        headers=BEARER,
    ),
    Problem(
        CodeIsBurnt,
        401,
        zh="验证码错误次数过多，已失效，请重新获取。",
        en="Too many wrong tries: this code is not good any more; ask for a new one.",
        headers=BEARER,
    ),
    Problem(
        RefreshRefused, 401, zh="登录已失效，请重新登录。", en="This sign-in is over; sign in again.", headers=BEARER
    ),
]
register(PROBLEMS)
