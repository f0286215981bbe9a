"""What payments refuses."""

from core.errors import Refusal


class PaymentUnknown(Refusal):
    """No such payment, or not the caller's."""

    code = "payment_unknown"


class AccountNotPayable(Refusal):
    """No such account, or the caller may not pay for it."""

    code = "account_not_payable"


class PayableUnknown(Refusal):
    """A named bill is not one of this account, or nothing of it is open."""

    code = "payable_unknown"


class PartialNotAllowed(Refusal):
    """The supplier takes only the whole of what is due; `due_minor` is that."""

    code = "partial_payment_not_allowed"


class AmountTooLarge(Refusal):
    """One payment may not be that much; `most_minor` is the most."""

    code = "payment_too_large"


class AmountChanged(Refusal):
    """The sum of what is due is not the one that the payer confirmed; `due_minor` is what it is now."""

    code = "payment_amount_changed"


class SeveralMerchants(Refusal):
    """The money of these accounts belongs to different merchant accounts of the supplier: no one payment holds it.

    `payments` lists for each one that is needed its `account_nos`.
    """

    code = "payment_several_merchants"


class TooManyParts(Refusal):
    """One payment may not be for so many accounts or bills; `most_accounts` and `most_parts` say for how many."""

    code = "payment_too_many_parts"


class MethodNotOffered(Refusal):
    """No provider of this deployment offers the method in this currency, or it lacks what the method needs."""

    code = "payment_method_not_offered"


class PaymentFinal(Refusal):
    """The payment is paid: there is nothing more to try."""

    code = "payment_final"


class AttemptInDoubt(Refusal):
    """An earlier try may still be paid: wait for its result before another amount or method is tried."""

    code = "payment_in_doubt"


class QuoteExpired(Refusal):
    """The quote is older than ten minutes, used, or somebody else's."""

    code = "quote_expired"


class QuoteRefused(Refusal):
    """Number and name do not belong together, or there is no such account: the answer is the same."""

    code = "quote_refused"


class QuotesLimited(Refusal):
    """Too many wrong guesses by this person, from this address, or for this account."""

    code = "quotes_limited"


class ProviderUnavailable(Refusal):
    """The provider cannot be used right now and nothing has happened there; `retry_after_s` says when to try again."""

    code = "payment_provider_unavailable"


class ProviderRefused(Refusal):
    """The provider understood and will not do it; `reason` is its normalised code."""

    code = "payment_provider_refused"


class IllegalTransition(Refusal):
    """The state table has no such step: the state is kept."""

    code = "payment_state"


class CallbackRefused(Refusal):
    """A callback is not proved to be the provider's; `reason` says how it failed and is never told to the sender."""

    code = "callback_refused"


class WechatPayerUnknown(Refusal):
    """Nobody can tell who pays inside WeChat: the code is spent, or the payer has joined no WeChat."""

    code = "wechat_payer_unknown"


class SuspenseOver(Refusal):
    """The money has a place already, or it is no money: only what waits in suspense can be assigned."""

    code = "suspense_over"


class MoneyUndecided(Refusal):
    """The money of the transaction waits itself, or lies where the caller may not see it: that comes first."""

    code = "suspense_money_undecided"


class ReturnNotOffered(Refusal):
    """Nobody can send this money back: its provider is none of this deployment, or the payment is too long ago."""

    code = "suspense_return_not_offered"


class RefundDiffers(Refusal):
    """A provider's word on a refund is not about what was asked for: another sum, transaction or refund of its own."""

    code = "refund_differs"


class RefundOver(Refusal):
    """There is nothing to decide about this refund: it went out once, or its provider does not say that it is gone."""

    code = "refund_over"


class RefundUndecided(Refusal):
    """Another refund of the same money is under way, or may have gone out: how that ends comes first."""

    code = "refund_undecided"


class MoneySpent(Refusal):
    """The account has no longer what it got: its prepaid balance has paid for something else since."""

    code = "money_spent"


class SuspenseTakesTwo(Refusal):
    """The sum is above what one may assign alone: it is asked for by itself, with a reason."""

    code = "suspense_takes_two"


class SuspenseLookFirst(Refusal):
    """Why the sum waits may make it somebody else's: it has its place only by itself, after a look at its evidence."""

    code = "suspense_look_first"


class SuspenseTotalTakesTwo(Refusal):
    """With what was placed before in the same act it is more than one may assign alone."""

    code = "suspense_total_takes_two"


class SuspenseElsewhere(Refusal):
    """There is no such account where the caller may assign, or it is in another currency: the answer is the same."""

    code = "suspense_account_unknown"
