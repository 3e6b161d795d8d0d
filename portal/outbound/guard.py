"""Which addresses an outbound request may reach.

A name is resolved here once, every address it gives is judged here, and `network` connects to the judged
address itself. The name is never resolved a second time, so a name server that changes its answer in between
gains nothing.
"""

import ipaddress
import socket
from collections.abc import Callable, Sequence
from typing import Any

import httpx

from portal.outbound.errors import OutboundRefused

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Lookup = Callable[[str, int], Sequence[str]]

MAX_URL = 2048

# Written out because `is_global` differs between Python's patch releases.
_CLOSED_V4 = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",  # a cloud's metadata service on a public address
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
# Of IPv6 only this block is handed out to the public internet; NAT64, site-local, unique local, link-local
# and multicast all lie outside it.
_OPEN_V6 = ipaddress.IPv6Network("2000::/3")
_CLOSED_V6 = tuple(
    ipaddress.IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments, among them Teredo, which carries an IPv4 address
        "2001:db8::/32",
        "2002::/16",  # 6to4 carries an IPv4 address
        "3fff::/20",
    )
)


def is_public(address: Address) -> bool:
    """Whether the address belongs to the public internet and to nobody's inside."""
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _CLOSED_V4)
    if address.ipv4_mapped is not None:
        return is_public(address.ipv4_mapped)
    return address in _OPEN_V6 and not any(address in network for network in _CLOSED_V6)


def system_lookup(host: str, port: int) -> Sequence[str]:
    """Every address the system's resolver gives for a name. Raises OSError when it has none."""
    found: list[Any] = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _literal(host: str) -> Address | None:
    """The address a host spells out, in any spelling a C library accepts (127.1, 0x7f000001, 2130706433)."""
    try:
        return ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        pass
    # No public name ends in a number; only such hosts may be another spelling of an IPv4 address.
    if not host.rstrip(".").rpartition(".")[2][:1].isdigit():
        return None
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host.rstrip(".")))
    except OSError:
        return None


class Guard:
    """Judges addresses against the public internet and the networks that are allowed besides.

    `allow` lists networks (CIDR) of the portal's own side that may be reached all the same. Plain http is
    accepted only towards them, unless `plain_http` opens it for every address. Raises ValueError for a
    network that cannot be read.
    """

    def __init__(self, allow: Sequence[str] = (), *, plain_http: bool = False, lookup: Lookup = system_lookup) -> None:
        self._allow: tuple[Network, ...] = tuple(ipaddress.ip_network(text, strict=False) for text in allow)
        self._plain_http = plain_http
        self._lookup = lookup

    def is_allowed(self, address: Address) -> bool:
        """Whether the address lies in one of the networks allowed besides the public internet."""
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address.version == network.version and address in network for network in self._allow)

    def refusal(self, address: Address, *, encrypted: bool) -> str:
        """Why the address may not be reached, as a sentence; empty when it may."""
        if self.is_allowed(address):
            return ""
        if not is_public(address):
            return f"{address} is not an address of the public internet and not in an allowed network."
        if not encrypted and not self._plain_http:
            return f"{address} is outside the allowed networks and needs https."
        return ""

    def parse(self, url: str) -> httpx.URL:
        """The parsed address after every check that needs no name server. Raises OutboundRefused."""
        if len(url) > MAX_URL:
            raise OutboundRefused(f"The address is longer than {MAX_URL} characters.")
        if any(character.isspace() or not character.isprintable() for character in url) or "\\" in url:
            raise OutboundRefused("The address contains a blank, a control character or a backslash.")
        try:
            parsed = httpx.URL(url)
            port = parsed.port
        except (httpx.InvalidURL, ValueError):
            raise OutboundRefused("The address is not a URL; write https://HOST/PATH.") from None
        if parsed.scheme not in ("http", "https"):
            raise OutboundRefused("The address must begin with https:// (or http:// inside an allowed network).")
        if not parsed.host:
            raise OutboundRefused("The address names no host.")
        if parsed.userinfo:
            raise OutboundRefused("The address must not contain a user name or password; use a credential reference.")
        if port is not None and not 0 < port < 65536:
            raise OutboundRefused("The address has a port that does not exist.")
        return parsed

    def check_url(self, url: str) -> None:
        """Refuse what can be refused without a name server, for forms. Raises OutboundRefused."""
        parsed = self.parse(url)
        if parsed.fragment:
            raise OutboundRefused("The address must not contain a fragment (#).")
        encrypted = parsed.scheme == "https"
        address = _literal(parsed.host)
        if address is None and f".{parsed.host.rstrip('.')}".endswith(".localhost"):
            address = ipaddress.IPv4Address("127.0.0.1")
        if address is not None:
            reason = self.refusal(address, encrypted=encrypted)
            if reason:
                raise OutboundRefused(reason)
        elif not encrypted and not self._plain_http and not self._allow:
            raise OutboundRefused("The address must begin with https://.")

    def resolve(self, host: str, port: int, *, encrypted: bool) -> list[str]:
        """The addresses of a host that may be connected to, in the resolver's order.

        Raises OutboundRefused when it has addresses but none may be reached, OSError when it has none.
        """
        literal = _literal(host)
        texts = [str(literal)] if literal is not None else self._lookup(host, port)
        good: list[str] = []
        reasons: list[str] = []
        for text in texts:
            try:
                address = ipaddress.ip_address(text.partition("%")[0])
            except ValueError:
                continue
            reason = self.refusal(address, encrypted=encrypted)
            if reason:
                reasons.append(reason)
            else:
                good.append(str(address))
        if good:
            return good
        if reasons:
            raise OutboundRefused(reasons[0])
        raise OSError(f"{host} has no address.")
