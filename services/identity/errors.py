"""What identity refuses.

Wrong and burnt codes and reused tokens are results first: their evidence is committed before these are raised.
"""

from typing import ClassVar

from core.errors import Refusal


class InvalidPhone(Refusal):
    """The text is no telephone number that can get a message."""

    code: ClassVar[str] = "invalid_phone"


class SignInLimited(Refusal):
    """The device or network asked for too many codes; `retry_after_s` says when one may be asked for again."""

    code: ClassVar[str] = "sign_in_limited"


class CodesExhausted(Refusal):
    """The supplier's daily number of codes is used up."""

    code: ClassVar[str] = "codes_exhausted"


class CodeWrong(Refusal):
    """The code is wrong, too old, or was meant for another phone, purpose or device."""

    code: ClassVar[str] = "code_wrong"


class CodeIsBurnt(Refusal):
    """Five wrong tries: this code is not good any more."""

    code: ClassVar[str] = "code_burnt"


class RefreshRefused(Refusal):
    """The refresh token is unknown, its session is over, or it was used before (which ends the session)."""

    code: ClassVar[str] = "refresh_refused"


class StaffSignInRefused(Refusal):
    """Name, password or code is wrong, or the person is none of the staff, or must wait: it is not said which."""

    code: ClassVar[str] = "staff_sign_in_refused"


class StaffSignInLimited(Refusal):
    """Too many refused sign-ins from this network; `retry_after_s` says when the next may be tried."""

    code: ClassVar[str] = "staff_sign_in_limited"


class StaffCodeWrong(Refusal):
    """The code of the second factor is wrong or was used already, or too many were wrong and it is too early again."""

    code: ClassVar[str] = "staff_code_wrong"


class StaffOfferGone(Refusal):
    """The new authenticator was not proved in time, in this session, or what was asked for it has changed since."""

    code: ClassVar[str] = "staff_offer_gone"


class StaffPasswordWrong(Refusal):
    """The password that was asked for as a proof is not theirs."""

    code: ClassVar[str] = "staff_password_wrong"


class PasswordTooShort(Refusal):
    """The new password has fewer than eight characters."""

    code: ClassVar[str] = "password_too_short"


class PasswordTooLong(Refusal):
    """The new password has more than 256 characters."""

    code: ClassVar[str] = "password_too_long"


class PasswordCommon(Refusal):
    """The new password is one of those that are guessed first."""

    code: ClassVar[str] = "password_common"


class PasswordHoldsName(Refusal):
    """The new password is little more than the name of its owner or of the supplier."""

    code: ClassVar[str] = "password_holds_name"


class InvitationGone(Refusal):
    """The invitation was used, replaced or is too old, or never was: the answer is the same."""

    code: ClassVar[str] = "invitation_gone"


class StaffNameInvalid(Refusal):
    """No name to sign in with: 2 to 63 small letters, digits, dots, hyphens and underscores."""

    code: ClassVar[str] = "staff_name_invalid"


class StaffNameTaken(Refusal):
    """Somebody signs in with this name already."""

    code: ClassVar[str] = "staff_name_taken"


class StaffUnknown(Refusal):
    """There is no such member of staff, or not in the state that this needs."""

    code: ClassVar[str] = "staff_unknown"


class ExportNotReady(Refusal):
    """No copy of the person's data waits to be taken: none was asked for, it is being made, was taken or is too old."""

    code: ClassVar[str] = "export_not_ready"


class ConsentTextChanged(Refusal):
    """The text of this purpose has another version by now, `text_version`: read it before you agree."""

    code: ClassVar[str] = "consent_text_changed"


class WechatCodeWrong(Refusal):
    """WeChat does not know the code any more, or it was given to another application."""

    code: ClassVar[str] = "wechat_code_wrong"


class WechatPhoneNeeded(Refusal):
    """A WeChat that is nobody's yet: its first sign-in needs a proved telephone number."""

    code: ClassVar[str] = "wechat_phone_needed"


class WechatTaken(Refusal):
    """The WeChat is somebody else's, who has to part from it first."""

    code: ClassVar[str] = "wechat_taken"


class FreshSignInNeeded(Refusal):
    """Whoever wants to change how they sign in has to have signed in a moment ago."""

    code: ClassVar[str] = "fresh_sign_in_needed"


class WechatRefused(Refusal):
    """WeChat does not vouch for this person."""

    code: ClassVar[str] = "wechat_refused"


class FilterNameInvalid(Refusal):
    """A filter's name is one line of 1 to 60 characters."""

    code: ClassVar[str] = "filter_name_invalid"


class FilterNameTaken(Refusal):
    """One keeps another filter of this list under this name."""

    code: ClassVar[str] = "filter_name_taken"


class FilterTooLong(Refusal):
    """What a filter asks for is longer than is kept."""

    code: ClassVar[str] = "filter_too_long"


class FiltersMany(Refusal):
    """One keeps as many filters of this list as one may."""

    code: ClassVar[str] = "filters_many"


class WechatBusy(Refusal):
    """WeChat does not answer, or refuses us; nothing has happened."""

    code: ClassVar[str] = "wechat_busy"


class WechatAppUnknown(Refusal):
    """The supplier has no such application at WeChat."""

    code: ClassVar[str] = "wechat_app_unknown"


class WechatPushUnproved(Refusal):
    """A message is not proved to be WeChat's; `reason` says how it failed and is never told to the sender."""

    code: ClassVar[str] = "wechat_push_unproved"


class WechatPushMalformed(Refusal):
    """WeChat signed it, and still it is no message that we can read."""

    code: ClassVar[str] = "wechat_push_malformed"


class ClientWrong(Refusal):
    """No active program of the supplier has this client id and secret; all cases have this one answer."""

    code: ClassVar[str] = "client_wrong"


class ClientsLimited(Refusal):
    """Too many wrong secrets came from this network; `retry_after_s` says when one may be tried again."""

    code: ClassVar[str] = "clients_limited"


class ServiceNameTaken(Refusal):
    """Another program of the supplier has this name."""

    code: ClassVar[str] = "service_name_taken"


class ServiceClientUnknown(Refusal):
    """There is no program with this client id."""

    code: ClassVar[str] = "service_client_unknown"


class ServiceNetworkInvalid(Refusal):
    """A program is bound to at most twenty addresses and networks in CIDR form, none of which is everybody's."""

    code: ClassVar[str] = "service_network_invalid"
