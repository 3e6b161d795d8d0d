"""Which addresses may be reached."""

import pytest

from portal.outbound.errors import OutboundRefused
from portal.outbound.guard import Guard

INSIDE = [
    "127.0.0.1",
    "127.1",
    "0x7f000001",
    "2130706433",
    "0177.0.0.1",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "168.63.129.16",
    "192.0.0.192",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "fec0::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::a00:1",
    "2002:7f00:1::",
    "2001:0:7f00:1::",
    "2001:db8::1",
]


def as_url(host: str) -> str:
    return f"https://[{host}]/mcp" if ":" in host else f"https://{host}/mcp"


@pytest.mark.parametrize("host", INSIDE)
def test_an_address_of_the_inside_is_refused_in_a_form(host: str) -> None:
    with pytest.raises(OutboundRefused, match=r"not an address of the public internet|not a URL"):
        Guard().check_url(as_url(host))


@pytest.mark.parametrize("host", INSIDE)
def test_an_address_of_the_inside_is_refused_when_connecting(host: str) -> None:
    with pytest.raises(OutboundRefused, match="not an address of the public internet"):
        Guard().resolve(host, 443, encrypted=True)


@pytest.mark.parametrize("host", INSIDE)
def test_a_name_that_leads_inside_is_refused_when_connecting(host: str) -> None:
    literal = Guard(["0.0.0.0/0", "::/0"]).resolve(host, 443, encrypted=True)
    guard = Guard(lookup=lambda _host, _port: literal)
    with pytest.raises(OutboundRefused):
        guard.resolve("crm.example.com", 443, encrypted=True)


@pytest.mark.parametrize("host", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:93.184.216.34"])
def test_a_public_address_is_accepted_over_https_only(host: str) -> None:
    Guard().check_url(as_url(host))
    assert Guard().resolve(host, 443, encrypted=True)
    with pytest.raises(OutboundRefused, match="needs https"):
        Guard().resolve(host, 80, encrypted=False)
    assert Guard(plain_http=True).resolve(host, 80, encrypted=False)


def test_an_allowed_network_is_reached_also_over_http_and_its_neighbour_is_not() -> None:
    guard = Guard(["10.20.0.0/16", "::1/128"])
    guard.check_url("http://10.20.0.9:8080/mcp")
    guard.check_url("http://[::1]/mcp")
    guard.check_url("http://[::ffff:10.20.0.9]/mcp")
    with pytest.raises(OutboundRefused):
        guard.check_url("http://10.21.0.9/mcp")
    with pytest.raises(OutboundRefused):
        guard.check_url("http://localhost/mcp")


def test_of_several_addresses_only_the_permitted_ones_are_used() -> None:
    guard = Guard(lookup=lambda _host, _port: ["127.0.0.1", "93.184.216.34", "fe80::1%eth0", "nonsense"])
    assert guard.resolve("mixed.example.com", 443, encrypted=True) == ["93.184.216.34"]


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "must begin with https"),
        ("crm.example.com/mcp", "must begin with https"),
        ("ftp://example.com/", "must begin with https"),
        ("file:///etc/passwd", "must begin with https"),
        ("http://crm.example.com/mcp", "must begin with https"),
        ("https:///mcp", "names no host"),
        ("https://omar:secret@example.com/", "user name or password"),
        ("https://omar@example.com/", "user name or password"),
        ("https://example.com:99999/", "not a URL|port"),
        ("https://example.com:0/", "port"),
        ("https://exa mple.com/", "blank"),
        ("https://example.com/\r\nX: y", "blank"),
        ("https://example.com\\@10.0.0.1/", "backslash"),
        ("https://[::1/", "not a URL"),
        ("https://example.com/#part", "fragment"),
        ("https://localhost/", "public internet"),
        ("https://portal.localhost./", "public internet"),
        ("https://example.com/" + "a" * 3000, "longer than"),
    ],
)
def test_a_bad_address_is_refused_with_its_reason(url: str, reason: str) -> None:
    with pytest.raises(OutboundRefused, match=reason):
        Guard().check_url(url)


@pytest.mark.parametrize(
    "url", ["https://crm.example.com/mcp", "https://crm.example.com:8443/mcp?a=b", "https://بريد.example/"]
)
def test_a_good_address_is_accepted_without_asking_a_name_server(url: str) -> None:
    def lookup(_host: str, _port: int) -> list[str]:
        raise AssertionError("a form must not look names up")

    Guard(lookup=lookup).check_url(url)


def test_a_network_that_cannot_be_read_is_said_at_once() -> None:
    with pytest.raises(ValueError, match=r"10\.0\.0\.0/99"):
        Guard(["10.0.0.0/99"])
