"""Where a call may go: https, to a public address, by no detour. What a name means is looked up once and called.

So whoever may name a target cannot make this machine call its own network.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from outreach.errors import ConflictError

LONGEST = 400


class NowhereError(Exception):
    """The target cannot be called from here. Its text is a named failure, and quotes nothing."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where to call, taken apart. `path` begins with a slash."""

    secure: bool
    host: str = field(repr=False)
    port: int = 443
    path: str = field(default="/", repr=False)

    @property
    def named(self) -> str:
        """The host as a call names it: with its port where that says something."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"


def read(url: str, *, inside: bool) -> Target:
    """Take an address apart. `inside`: plain http and private addresses are allowed, for development.

    Raises ConflictError for what is no such address, or names a private one.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    plain = url.isascii() and url.isprintable() and " " not in url and len(url) <= LONGEST
    if not plain or not host or parts.scheme not in {"https", "http"} or parts.username or parts.fragment:
        raise ConflictError("The address must be https://host/path, without a user, a password or a fragment.")
    if parts.scheme == "http" and not inside:
        raise ConflictError("The address must begin with https://: what is told is nobody else's business.")
    target = Target(
        parts.scheme == "https",
        host,
        port or (443 if parts.scheme == "https" else 80),
        f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}",
    )
    if not inside and _is_literal(host) and not is_public(host):
        raise ConflictError("The address lies in a private network, which is not called from here.")
    return target


def resolve(target: Target, *, inside: bool) -> str:
    """The address to connect to. Raises NowhereError; where a name means a private one too, none is taken."""
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except OSError:
        raise NowhereError("name_unknown") from None
    addresses = [str(each[4][0]) for each in found]
    if not addresses or not (inside or all(map(is_public, addresses))):
        raise NowhereError("address_private")
    return addresses[0]


def is_public(address: str) -> bool:
    """Whether an address belongs to the public internet, also where it is wrapped in an IPv6 one."""
    try:
        read_ = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(read_, ipaddress.IPv6Address):
        inner = read_.ipv4_mapped or read_.sixtofour or (read_.teredo[1] if read_.teredo else None)
        if inner is not None:
            return is_public(str(inner))
        if read_ in ipaddress.ip_network("64:ff9b::/96"):
            return is_public(str(ipaddress.IPv4Address(int(read_) & 0xFFFFFFFF)))
    return read_.is_global and not read_.is_multicast


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
