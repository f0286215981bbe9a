"""How refusals of payments are told."""

from typing import Final

from services.payments.errors import (
    AccountNotPayable,
    AmountChanged,
    AmountTooLarge,
    AttemptInDoubt,
    CallbackRefused,
    IllegalTransition,
    MethodNotOffered,
    MoneySpent,
    MoneyUndecided,
    PartialNotAllowed,
    PayableUnknown,
    PaymentFinal,
    PaymentUnknown,
    ProviderRefused,
    ProviderUnavailable,
    QuoteExpired,
    QuoteRefused,
    QuotesLimited,
    RefundDiffers,
    RefundOver,
    RefundUndecided,
    ReturnNotOffered,
    SeveralMerchants,
    SuspenseElsewhere,
    SuspenseOver,
    SuspenseTakesTwo,
    TooManyParts,
    WechatPayerUnknown,
)
from web.problems import Problem

PROBLEMS: Final = [
    Problem(PaymentUnknown, 404, zh="未找到该笔支付。", en="There is no such payment of yours."),
    Problem(
        AccountNotPayable,
        404,
        zh="未找到该户号，或您无权为其缴费。为他人缴费请先查询户号。",
        en="There is no such account that you may pay for. To pay for somebody else, ask for a quote first.",
    ),
    Problem(
        PayableUnknown,
        409,
        zh="所选账单不存在或已结清，请刷新账单后重试。",
        en="A chosen bill is settled or not of this account; reload the bills and choose again.",
    ),
    Problem(
        PartialNotAllowed,
        409,
        zh="本单位不支持部分缴费，请缴清全部应缴金额。",
        en="Partial payments are not taken; pay at least the whole amount due.",
    ),
    Problem(
        AmountTooLarge,
        409,
        zh="单笔支付不能超过 {most} {currency}，请分次缴纳或拨打服务热线。",
        en="One payment may be at most {most} {currency}; pay in parts, or call the hotline.",
    ),
    Problem(
        AmountChanged,
        409,
        zh="应缴金额已变化，请刷新后确认新的金额。",
        en="What is due has changed; reload it and confirm the new amount.",
    ),
    Problem(
        TooManyParts,
        409,
        zh="一次最多合并缴纳 {most_accounts} 个户号、{most_parts} 张账单，请分次缴纳。",
        en="One payment may be for at most {most_accounts} accounts and {most_parts} bills; pay in several.",
    ),
    Problem(
        SeveralMerchants,
        409,
        zh="所选户号分属不同的收款单位，不能合并为一笔，请分次缴纳。",
        en="These accounts are paid to different branches: pay those that belong together in a payment of their own.",
    ),
    Problem(
        MethodNotOffered,
        409,
        zh="该支付方式暂不可用，请更换支付方式。",
        en="This method is not offered here, or lacks what it needs; choose another one.",
    ),
    Problem(
        PaymentFinal, 409, zh="该笔支付已完成，请勿重复支付。", en="This payment is done already; do not pay twice."
    ),
    Problem(
        AttemptInDoubt,
        409,
        zh="上一次支付的结果尚未确认，请勿重复支付，稍后再试。",
        en="The result of the last try is not known yet: do not pay twice, try again in a moment.",
        headers={"Retry-After": "10"},
    ),
    Problem(
        QuoteExpired, 409, zh="查询结果已过期或已使用，请重新查询。", en="The quote is used or over; ask for a new one."
    ),
    Problem(
        QuoteRefused,
        409,
        zh="户号与户名信息不符，请核对后重试。",
        en="Account number and name do not match; check both and try again.",
    ),
    Problem(
        QuotesLimited,
        429,
        zh="查询次数过多，请明天再试，或拨打服务热线。",
        en="Too many questions; try again tomorrow, or call the hotline.",
    ),
    Problem(
        ProviderUnavailable,
        503,
        zh="支付渠道暂不可用，未产生扣款，请稍后重试或更换支付方式。",
        en="The payment provider cannot be reached and no money was taken; try again later or choose another method.",
    ),
    Problem(
        ProviderRefused,
        409,
        zh="支付渠道未受理该笔支付，未产生扣款，请重试或更换支付方式。",
        en="The payment provider did not accept it and no money was taken; try again or choose another method.",
    ),
    Problem(
        IllegalTransition,
        409,
        zh="该笔支付的状态已变化，请刷新后重试。",
        en="The payment has changed meanwhile; reload it and try again.",
    ),
    Problem(
        WechatPayerUnknown,
        409,
        zh="无法确认微信付款人，请重新打开页面后再试。",
        en="WeChat did not tell who pays: get a fresh code, or sign in by WeChat, and try again.",
    ),
    Problem(
        SuspenseOver,
        409,
        zh="该笔款项已处理，或不是待处理款项。",
        en="This money has a place already, or is no money that waits.",
    ),
    Problem(
        SuspenseTakesTwo,
        409,
        zh="该笔款项超出单人处理限额，请单独打开并申请审批。",
        en="This sum takes a second person: open it and ask for approval.",
    ),
    Problem(
        SuspenseElsewhere,
        422,
        zh="您管辖的单位内没有该户号，或币种不符。",
        en="There is no such account in your units, or it is in another currency.",
    ),
    Problem(
        MoneyUndecided,
        409,
        zh="该交易的款项本身尚待处理，或不在您管辖的单位内，请先处理该笔款项。",
        en="The money of this transaction waits itself, or is not in your units: decide about that first.",
    ),
    Problem(
        ReturnNotOffered,
        409,
        zh="该笔款项无法原路退回：支付渠道已停用，或支付已超过一年。",
        en="This money cannot be sent back: its provider is not in use here, or it was paid more than a year ago.",
    ),
    Problem(
        RefundDiffers,
        409,
        zh="支付渠道的退款结果与所申请的不符，请人工核对。",
        en="What the provider says of this refund is not what was asked for: compare both by hand.",
    ),
    Problem(
        RefundOver,
        409,
        zh="该笔退款无需处理，或支付渠道尚未确认已退。",
        en="There is nothing to decide about this refund, or its provider does not say yet that the money is gone.",
    ),
    Problem(
        RefundUndecided,
        409,
        zh="该笔款项的另一笔退款尚无最终结果，请等待支付渠道确认。",
        en="Another refund of this money has not ended yet: wait for what its provider says.",
    ),
    Problem(
        MoneySpent,
        409,
        zh="该户号的预存余额已不足，无法收回这笔款项。",
        en="The account's prepaid balance has been used since: what it got cannot be taken back.",
    ),
    Problem(CallbackRefused, 401, zh="签名验证失败。", en="The callback is not proved to be the provider's."),
]
