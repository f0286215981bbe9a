"""How refusals of webhooks are told."""

from typing import Final

from notifications.webhooks.errors import WebhookChanged, WebhooksMany, WebhookUnknown
from notifications.webhooks.ports import TargetRefused, TargetUnresolved
from web.problems import Problem

PROBLEMS: Final = [
    Problem(
        TargetRefused,
        422,
        zh="不能使用该地址：须为 https 地址，端口须被允许，且主机须指向公网。",
        en="This address cannot be used: it takes https, an allowed port, and a host that leads to the public network.",
    ),
    Problem(TargetUnresolved, 422, zh="找不到该主机，请检查地址。", en="There is no such host. Check the address."),
    Problem(WebhookUnknown, 404, zh="未找到该推送地址或记录。", en="There is no such endpoint or delivery for you."),
    Problem(
        WebhookChanged,
        409,
        zh="推送地址在此期间已有更改，请查看后再提交。",
        en="The endpoint has been changed meanwhile. Look at it, then send yours again.",
    ),
    Problem(
        WebhooksMany,
        409,
        zh="该单位最多可设 {most} 个推送地址，请先删除不用的。",
        en="This unit has {most} endpoints, which is the most. Delete one that is not used.",
    ),
]
