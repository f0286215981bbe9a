"""How refusals of casework are told."""

from typing import Final

from services.casework.errors import (
    FilesMany,
    NotApart,
    NotJoined,
    OwnRequest,
    ReasonMissing,
    RequesterLost,
    RequestOpen,
    RequestOver,
    RequestUnknown,
)
from web.problems import Problem

PROBLEMS: Final = [
    Problem(RequestUnknown, 404, zh="未找到该申请。", en="There is no such request for you."),
    Problem(
        RequestOver,
        409,
        zh="该申请已处理、撤回或过期。",
        en="The request was decided or withdrawn already, or nobody decided in time.",
    ),
    Problem(
        RequestOpen,
        409,
        zh="此事项已有申请提交，正在等待审批。",
        en="Something is asked for here already, and waits for a decision.",
    ),
    Problem(
        OwnRequest,
        403,
        zh="不能审批自己的申请，请由其他人处理。",
        en="Nobody decides about their own request; ask somebody else.",
    ),
    Problem(
        NotApart,
        403,
        zh="申请人与您之间存在邀请或授权关系，须由其他人审批。",
        en="One of you brought the other in, or gave them a role that decides: somebody else must decide this.",
    ),
    Problem(
        NotJoined,
        409,
        zh="该员工尚未加入，请在其首次登录后再授予此角色。",
        en="They have not joined yet: ask for this role once they have signed in.",
    ),
    Problem(
        RequesterLost,
        409,
        zh="申请人已无此权限，只能拒绝该申请。",
        en="Whoever asked may not ask for this any more: it can only be refused.",
    ),
    Problem(
        FilesMany,
        409,
        zh="最多同时生成 {open} 个文件，并保留 {kept} 个。请等待其中一个完成，或先删除不再需要的文件。",
        en="At most {open} files are written for you at once, and {kept} kept: wait for one, or delete one.",
    ),
    Problem(ReasonMissing, 422, zh="请填写理由（1 至 500 字）。", en="Give a reason, of 500 characters at most."),
]
