"""Which addresses may be called, by their text and by what their host leads to. Pure.

Whoever may name an address could otherwise let us call what only we can reach (server-side request forgery). The text
is judged narrowly, so that no two parsers read different hosts in it; the verdict rests on the resolved addresses.
"""

import ipaddress
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from notifications.webhooks.ports import TargetRefused

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

MOST_CHARACTERS: Final = 2_000
PORTS: Final = {"https": 443, "http": 80}

_TEXT: Final = re.compile(r"https?://[!$&-;=?-Z_a-z~%\[\]]+")
"""Printable ASCII without blanks, quotes, `#`, `<`, `>`, backslash, `^`, backtick and braces."""

_NAME: Final = re.compile(r"(?=.{1,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
"""A host of DNS. The last label begins with a letter: everything else is somebody's way to write a number."""

_V6: Final = ipaddress.ip_network("2000::/3")
"""All of IPv6 that is routed; mapped IPv4, NAT64, unique local, link-local and multicast addresses lie outside."""

_CLOSED: Final[tuple[Network, ...]] = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # carriers' own; the metadata address of Aliyun lies here
        "127.0.0.0/8",
        "168.63.129.16/32",  # a public address by which Azure reaches its own machines
        "169.254.0.0/16",  # link-local, with the metadata addresses of most clouds
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",  # multicast, reserved and broadcast
        "2001::/23",  # Teredo and its like carry an IPv4 address
        "2001:db8::/32",
        "2002::/16",  # 6to4 does too
        "3fff::/20",
    )
)


@dataclass(frozen=True, slots=True)
class TargetRules:
    """What an operator allows: `ports`, and `networks` that are the supplier's own."""

    ports: Collection[int]
    networks: Sequence[Network] = ()

    def admits(self, address: str) -> bool:
        """Whether a resolved address may be connected to: a public one, or one of the supplier's networks."""
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        if isinstance(found, ipaddress.IPv6Address) and found.scope_id is not None:
            return False
        if any(found in network for network in self.networks):
            return True
        if isinstance(found, ipaddress.IPv6Address) and found not in _V6:
            return False
        return not any(found in network for network in _CLOSED)


@dataclass(frozen=True, slots=True)
class Target:
    """A judged text: where it leads, before anything is looked up."""

    host: str
    port: int
    is_plain: bool


def target_of(url: str, rules: TargetRules) -> Target:
    """Read an address; raises TargetRefused unless it is one that everybody reads alike, on an allowed port."""
    if len(url) > MOST_CHARACTERS or not _TEXT.fullmatch(url):
        raise TargetRefused
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise TargetRefused from error
    written = f"[{host}]" if ":" in host else host
    # Equal to what the parts make up again: no user, no empty or padded port, nothing that was dropped on the way.
    if parts.netloc.lower() != (written if port is None else f"{written}:{port}") or not _is_host(host):
        raise TargetRefused
    target = Target(host, PORTS[parts.scheme] if port is None else port, is_plain=parts.scheme == "http")
    if target.port not in rules.ports:
        raise TargetRefused
    return target


def admitted(target: Target, addresses: Sequence[str], rules: TargetRules) -> list[str]:
    """The addresses of a target, all of which may be called; raises TargetRefused when one may not.

    Without TLS only this machine is called, where settings open it.
    """
    if not addresses or not all(rules.admits(address) for address in addresses):
        raise TargetRefused
    if target.is_plain and not all(ipaddress.ip_address(address).is_loopback for address in addresses):
        raise TargetRefused
    return list(dict.fromkeys(addresses))


def _is_host(host: str) -> bool:
    if _NAME.fullmatch(host):
        return True
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return False
    return str(found) == host and "%" not in host
