"""How refusals of signing in are told."""

from typing import Final

from services.identity.errors import (
    ClientsLimited,
    ClientWrong,
    CodeIsBurnt,
    CodesExhausted,
    CodeWrong,
    ConsentTextChanged,
    ExportNotReady,
    FreshSignInNeeded,
    InvalidPhone,
    InvitationGone,
    PasswordCommon,
    PasswordHoldsName,
    PasswordTooLong,
    PasswordTooShort,
    RefreshRefused,
    ServiceClientUnknown,
    ServiceNameTaken,
    ServiceNetworkInvalid,
    SignInLimited,
    StaffCodeWrong,
    StaffNameInvalid,
    StaffNameTaken,
    StaffPasswordWrong,
    StaffSignInLimited,
    StaffSignInRefused,
    StaffUnknown,
    WechatAppUnknown,
    WechatBusy,
    WechatCodeWrong,
    WechatPhoneNeeded,
    WechatPushMalformed,
    WechatPushUnproved,
    WechatRefused,
    WechatTaken,
)
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
    Problem(
        ClientWrong,
        401,
        zh="客户端编号或密钥无效。",
        en="There is no such client with this secret.",
        headers={"WWW-Authenticate": "Basic"},
    ),
    Problem(
        ClientsLimited,
        429,
        zh="错误的密钥尝试次数过多，请稍后再试。",
        en="Too many wrong secrets came from here; mend the setting and try again later.",
    ),
    Problem(ServiceNameTaken, 409, zh="该名称已被占用。", en="Another program has this name; choose another one."),
    Problem(
        ServiceNetworkInvalid,
        422,
        zh="网络地址须为单个地址或 CIDR 网段，最多 20 个，且不得为全部地址。",
        en="A program is bound to at most 20 addresses or networks (CIDR), none of which is everybody's.",
    ),
    Problem(ServiceClientUnknown, 404, zh="没有该客户端。", en="There is no program with this client id."),
    Problem(
        StaffSignInRefused,
        401,
        zh="登录未成功。请核对用户名、密码和验证码后重新登录；验证码只能使用一次，多次失败后需等待片刻。",
        en="That did not work. Check name, password and code, and sign in again; a code works once, and after several "
        "failures you have to wait.",
        headers=BEARER,
    ),
    Problem(
        StaffSignInLimited,
        429,
        zh="此网络登录失败次数过多，请稍后再试。",
        en="Too many sign-ins failed from this network; try again later.",
    ),
    Problem(
        StaffCodeWrong,
        401,
        zh="验证码不正确、已使用过，或失败次数过多。请等待验证器显示下一个验证码后再试。",
        en="The code is wrong or was used already, or too many were wrong. Wait for the next code and try again.",
        headers=BEARER,
    ),
    Problem(
        StaffPasswordWrong,
        401,
        zh="密码不正确。",
        en="That is not the password that you have.",
        headers=BEARER,
    ),
    Problem(PasswordTooShort, 422, zh="密码至少需要 8 个字符。", en="A password needs eight characters at least."),
    Problem(PasswordTooLong, 422, zh="密码最多 256 个字符。", en="A password has 256 characters at most."),
    Problem(
        PasswordCommon,
        422,
        zh="这个密码太常见，最先会被猜到。请换一个，例如几个不相关的词。",
        en="That password is among the first to be guessed. Choose another, such as a few words that do not belong "
        "together.",
    ),
    Problem(
        PasswordHoldsName,
        422,
        zh="密码不能以您或供电企业的名称为主，请换一个。",
        en="That password is little more than your name or the supplier's. Choose another.",
    ),
    Problem(
        InvitationGone,
        404,
        zh="邀请链接已使用、已失效或不存在，请向邀请人索取新的链接。",
        en="This invitation was used, replaced or is too old. Ask whoever invited you for a new one.",
    ),
    Problem(
        StaffNameInvalid,
        422,
        zh="用户名为 2 至 63 个小写字母、数字、点、连字符或下划线，并以字母或数字开头。",
        en="A name to sign in with has 2 to 63 small letters, digits, dots, hyphens or underscores, and begins with a "
        "letter or digit.",
    ),
    Problem(StaffNameTaken, 409, zh="该用户名已被使用，请换一个。", en="Somebody signs in with that name already."),
    Problem(
        StaffUnknown,
        404,
        zh="未找到该员工，或其当前状态不支持此操作。",
        en="There is no such member of staff, or their state does not allow it.",
    ),
    Problem(
        ExportNotReady,
        409,
        zh="数据副本尚未生成或已失效，请先申请并等待生成。",
        en="No copy of your data is ready; ask for one and wait until it is made.",
    ),
    Problem(
        ConsentTextChanged,
        409,
        zh="说明文本已更新为第 {text_version} 版，请阅读后再确认。",
        en="The text has changed to version {text_version}; read it, then decide.",
    ),
    Problem(
        WechatCodeWrong,
        401,
        zh="微信登录凭证无效或已过期，请重试。",
        en="WeChat does not know this code any more; get a fresh one and try again.",
        headers=BEARER,
    ),
    Problem(
        WechatPhoneNeeded,
        409,
        zh="首次使用微信登录需验证手机号码，请授权手机号码或使用短信验证码登录。",
        en="The first sign-in by WeChat needs your mobile number: allow it, or sign in by a code.",
    ),
    Problem(
        WechatTaken,
        409,
        zh="该微信已绑定其他用户，需先由其本人解除绑定。",
        en="This WeChat signs somebody else in; they have to part from it first.",
    ),
    Problem(
        FreshSignInNeeded,
        403,
        zh="为保障安全，请重新登录后再操作。",
        en="For your safety, sign in again, then try once more.",
    ),
    Problem(
        WechatRefused,
        403,
        zh="微信未能确认您的身份，请使用短信验证码登录。",
        en="WeChat does not confirm who you are; sign in by a code.",
    ),
    Problem(
        WechatBusy,
        503,
        zh="微信暂时无法响应，请稍后重试，或使用短信验证码登录。",
        en="WeChat does not answer right now; try again, or sign in by a code.",
        headers={"Retry-After": "10"},
    ),
    Problem(
        WechatAppUnknown,
        422,
        zh="未知的微信应用。",
        en="The supplier has no such application at WeChat.",
    ),
    Problem(WechatPushUnproved, 401, zh="签名验证失败。", en="The message is not proved to be WeChat's."),
    Problem(WechatPushMalformed, 400, zh="消息格式有误。", en="The message cannot be read."),
]
register(PROBLEMS)
