"""How refusals of accounts are told."""

from typing import Final

from services.accounts.errors import (
    AccessEndPast,
    AlreadyOwner,
    CorrectionDateWrong,
    CorrectionOutdated,
    CorrectionWrong,
    CustomerShared,
    DetailsChanged,
    DocumentMissing,
    EmailWrong,
    GrantBeyondOwn,
    GrantHeld,
    GrantTakesTwo,
    GrantToOneself,
    GrantUnknown,
    GroupNameTaken,
    GroupNameWrong,
    HouseholdWrong,
    ImportElsewhere,
    ImportNotSignable,
    InvitationsLimited,
    InvitedYourself,
    LinkLimited,
    LinkRefused,
    NoteWrong,
    NotOwner,
    OwnerStays,
    PushesLimited,
    ReasonNeeded,
    RevealLimited,
    SearchLimited,
    TooManyGroups,
    TooManyMembers,
    TooManyPeople,
    TotalsOnly,
    UnitsMissing,
    UnitUnknown,
)
from web.problems import Problem

PROBLEMS: Final = [
    Problem(
        LinkRefused,
        409,
        zh="户号或核验信息不符，请核对账单或电表上的信息后重试。电表号始终可用于核验。",
        en="Account number and details do not match; compare them with the bill or the meter and try again. "
        "The number on the meter always works.",
    ),
    Problem(
        LinkLimited,
        429,
        zh="今日核验失败次数过多，请明天再试，或拨打服务热线。",
        en="Too many failed tries today; try again tomorrow, or call the hotline.",
    ),
    Problem(
        ReasonNeeded,
        422,
        zh="请填写原因（5 至 200 字）。",
        en="Say why, in 5 to 200 characters.",
    ),
    Problem(
        NoteWrong,
        422,
        zh="请填写备注（1 至 2000 字），不得含有不可见字符。",
        en="Write a note of 1 to 2,000 characters, none of them hidden.",
    ),
    Problem(
        RevealLimited,
        429,
        zh="您在一小时或一天内查看的明文信息已达上限，请稍后再试。",
        en="You have seen as much in clear as an hour or a day allows; try again later.",
    ),
    Problem(
        SearchLimited,
        429,
        zh="您在一小时或一天内的搜索次数已达上限，请稍后再试。",
        en="You have searched as often as an hour or a day allows; try again later.",
    ),
    Problem(
        NotOwner,
        403,
        zh="只有户主可以管理谁能使用该户号。",
        en="Only an owner of the account decides who else may use it.",
    ),
    Problem(
        TotalsOnly,
        403,
        zh="您的授权只能查看合计，不能查看用电明细。",
        en="Your access shows sums alone, not when electricity was used.",
    ),
    Problem(
        InvitationsLimited,
        429,
        zh="今日发出的邀请过多，请明天再试。",
        en="You have sent as many invitations as one person may today; try again tomorrow.",
    ),
    Problem(
        TooManyPeople,
        409,
        zh="该户号最多可授权 {most} 人，请先移除不再需要的授权或邀请。",
        en="At most {most} people may be let in or invited; take away what is not needed any more.",
    ),
    Problem(
        InvitedYourself,
        409,
        zh="这是您自己的手机号，您已拥有该户号。",
        en="This is your own telephone, and the account is yours already.",
    ),
    Problem(
        AccessEndPast,
        409,
        zh="结束日期已过，请选择今天或以后的日期。",
        en="The last day is past; choose today or a later day.",
    ),
    Problem(
        AlreadyOwner,
        409,
        zh="您已是该户号的户主，无需接受邀请。",
        en="You own this account already; there is nothing to accept.",
    ),
    Problem(
        OwnerStays,
        409,
        zh="该用户已通过核验成为户主，不能由其他户主移除；如有疑问请拨打服务热线。",
        en="This person proved the account to be theirs, so another owner cannot remove them; "
        "call the hotline if in doubt.",
    ),
    Problem(
        UnitUnknown, 404, zh="未找到该供电单位，或不在您的管理范围内。", en="There is no such unit that you manage."
    ),
    Problem(
        UnitsMissing,
        403,
        zh="该客户端尚未被授予任何供电单位。",
        en="This client has not been given any unit.",
    ),
    Problem(
        PushesLimited,
        429,
        zh="该客户端涉及其他单位的数据已达一小时或一天的上限，本次未写入任何数据；"
        "请去掉 rows 所列各行，或联系集团数据管理部门。",
        en="The client's rows have named as much of what lies outside its units as an hour or a day allows; "
        "nothing was taken. Leave out the rows that are listed, or ask the group's data desk.",
    ),
    Problem(GrantUnknown, 404, zh="未找到该授权，或授权已结束。", en="There is no such grant, or it is over."),
    Problem(
        GrantHeld,
        409,
        zh="该员工在此单位已有该角色；如需修改期限，请先撤销。",
        en="They have that role there already; to change its dates, revoke it first.",
    ),
    Problem(
        GrantBeyondOwn,
        403,
        zh="只能授予您本人在该单位拥有的权限，且期限不得超过您本人的期限。",
        en="You can grant only what you hold there yourself, and not for longer.",
    ),
    Problem(
        GrantTakesTwo,
        403,
        zh="可审批的角色须由两人授予：请先以其他角色邀请，待其加入后再申请；尚未加入者的邀请只能在服务器上重新生成。",
        en="Roles that decide are given by two: invite them in another role, and ask for this one once they have "
        "joined. An invitation of somebody who has not joined is made anew on the server alone.",
    ),
    Problem(
        GrantToOneself,
        403,
        zh="不能为自己授权或撤销自己的授权，请由其他管理人员操作。",
        en="Nobody grants to themselves or takes from themselves; ask somebody else who manages staff.",
    ),
    Problem(
        CorrectionWrong,
        422,
        zh="请填写与现有资料不同的有效内容。",
        en="Enter a value that is possible, and another than what is known.",
    ),
    Problem(
        CorrectionOutdated,
        409,
        zh="该户号已换户主、原资料已变动，或更正内容已过期，只能驳回。",
        en="The holder or what is to be corrected changed by now, or what was proposed is forgotten; only refuse it.",
    ),
    Problem(
        CorrectionDateWrong,
        422,
        zh="请填写不晚于今天、且不早于现有记录起始日的日期。",
        en="Enter a day that is not after today, nor before the one from which what stands there is known.",
    ),
    Problem(DocumentMissing, 422, zh="请填写证明文件的编号。", en="Name the document that shows what is right."),
    Problem(
        CustomerShared,
        403,
        zh="其他供电单位的户号也使用该资料，须由对所有这些单位均有权限的人员更改。",
        en="Accounts in other units show this, too; it is changed by whoever may in all of them.",
    ),
    Problem(EmailWrong, 422, zh="请填写有效的电子邮箱。", en="Enter an e-mail address such as name@example.com."),
    Problem(
        DetailsChanged,
        409,
        zh="资料在此期间已有更改，请查看后再提交。",
        en="The details have been changed meanwhile. Look at them, then send yours again.",
    ),
    Problem(HouseholdWrong, 422, zh="请填写 1 至 99 的人数。", en="Enter a number of people from 1 to 99."),
    Problem(
        GroupNameWrong,
        422,
        zh="请填写分组名称（1 至 {most} 字）。",
        en="Give the group a name of 1 to {most} characters.",
    ),
    Problem(
        GroupNameTaken,
        409,
        zh="您已有同名分组，请换一个名称。",
        en="You have a group of this name already; choose another name.",
    ),
    Problem(
        TooManyGroups,
        409,
        zh="最多可建 {most} 个分组，请先删除不再需要的分组。",
        en="You may have at most {most} groups; delete what is not needed any more.",
    ),
    Problem(
        TooManyMembers,
        409,
        zh="一个分组最多 {most} 个户号，请另建分组。",
        en="A group may have at most {most} accounts; make another group.",
    ),
    Problem(
        ImportElsewhere,
        404,
        zh="未找到该导入，或其涉及的供电单位不全在您的核签范围内。",
        en="There is no such import all of whose units are yours to sign off.",
    ),
    Problem(
        ImportNotSignable,
        409,
        zh="只有已结束且尚未核签的试运行可以核签。",
        en="Only a dry run that is at its end and not signed yet can be signed off.",
    ),
]
