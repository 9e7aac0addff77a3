"""Which hosts may be called: what an address is, who is listed, and what lies in a private network."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin import FeedError
from hydria_plugin.exchange import Gate, web_address
from hydria_plugin.exchange.addresses import is_address, is_public, resolved

CANARY = "canary-7f3a"
PUBLIC, PRIVATE = "93.184.216.34", "10.1.2.3"
ALLOWED = 'allowed: an address such as "https://host.example/path"'
HIDDEN = f"what is given (not shown, it may hold a password) is no web address; {ALLOWED}"
USER = "an address must not hold a user or a password: use the options user and password"
NAMES = {"fews.example": PUBLIC, "inside.example": PRIVATE, "nowhere.example": None}


def known(host: str) -> list[str]:
    address = NAMES[host]
    return [address] if address else []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", f"'' is no web address; {ALLOWED}"),
        ("fews.example", f"'fews.example' is no web address; {ALLOWED}"),
        ("//fews.example/x", f"'//fews.example/x' is no web address; {ALLOWED}"),
        ("ftp://fews.example", f"'ftp://fews.example' is no web address; {ALLOWED}"),
        ("file:///etc/passwd", f"'file:///etc/passwd' is no web address; {ALLOWED}"),
        ("https://", f"'https://' is no web address; {ALLOWED}"),
        ("https://:8080/x", f"'https://:8080/x' is no web address; {ALLOWED}"),
        ("https://h:99999", f"'https://h:99999' is no web address (Port out of range 0-65535); {ALLOWED}"),
        ("https://[::1", f"'https://[::1' is no web address (Invalid IPv6 URL); {ALLOWED}"),
        (f"https://me:{CANARY}@host/x", USER),
        (f"https://{CANARY}@host", USER),
        (f"ftp://me:{CANARY}@host/x", USER),
    ],
)
def test_what_is_no_address_is_told_with_what_is_allowed(text: str, said: str) -> None:
    with pytest.raises(ValueError) as refused:
        web_address(text)
    assert str(refused.value) == said


@pytest.mark.parametrize(
    "text",
    [
        f"https://me:{CANARY}@host:99999/x",
        f"https://me:{CANARY}@[::1/x",
        f"https://me:{CANARY}/more@host",
        f"https:/me:{CANARY}@host",
        f"me:{CANARY}@host",
        f"https://me:{CANARY}℀@host",
    ],
)
def test_a_password_in_an_address_that_is_none_is_not_repeated(text: str) -> None:
    """Neither the address nor the words of Python's error, which quote it."""
    with pytest.raises(ValueError) as refused:
        web_address(text)
    assert str(refused.value) == HIDDEN and refused.value.__cause__ is None
    with pytest.raises(FeedError) as gated:
        Gate.to("https://fews.example", (), known).checked(text, "GET")
    assert str(gated.value) == f"GET: {HIDDEN}"


@given(st.sampled_from(["http", "HTTPS"]), st.integers(0, 65535), st.sampled_from(["", "/", "/@me/x?q=a@b#c"]))
@settings(max_examples=30)
def test_an_address_is_given_back_as_it_was_written(scheme: str, port: int, path: str) -> None:
    for host in ("fews.example", "10.0.0.5", "[2001:db8::1]"):
        text = f"{scheme}://{host}:{port}{path}"
        assert web_address(text) == text


@pytest.mark.parametrize(
    ("address", "public"),
    [
        (PUBLIC, True), ("8.8.8.8", True), ("2606:4700::1111", True), ("2606:4700::1111%eth0", True),
        ("::ffff:8.8.8.8", True),
        ("127.0.0.1", False), ("0.0.0.0", False), ("10.255.0.1", False), ("172.16.0.1", False),
        ("192.168.1.1", False), ("100.64.0.1", False), ("169.254.169.254", False), ("224.0.0.1", False),
        ("255.255.255.255", False), ("240.0.0.1", False), ("192.0.2.1", False),
        ("::", False), ("::1", False), ("fe80::1%eth0", False), ("fd00::1", False), ("ff02::1", False),
        ("ff0e::1", False), ("::ffff:127.0.0.1", False), ("::ffff:169.254.169.254", False), ("::ffff:224.0.0.1", False),
        ("2001:db8::1", False),
    ],
)  # fmt: skip
def test_what_is_private_local_or_reserved_is_not_public(address: str, public: bool) -> None:
    assert is_public(address) == public


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_an_address_written_within_six_is_as_public_as_itself(number: int) -> None:
    four = IPv4Address(number)
    assert is_public(f"::ffff:{four}") == is_public(str(four))
    assert is_address(str(four)) and is_address(str(ip_address(number << 64)))


@pytest.mark.parametrize("name", ["", "host", "1.2.3", "256.1.1.1", "1.2.3.4.5", "::g", "1.2.3.4/8"])
def test_a_name_is_no_address(name: str) -> None:
    assert not is_address(name)


def test_an_address_needs_no_name() -> None:
    assert resolved("127.0.0.1") == ("127.0.0.1",)


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (
            "https://other.example/x",
            "the host 'other.example' is not listed; if it is meant, write hosts = [\"other.example\"]; "
            "allowed now: fews.example, inside.example, nowhere.example",
        ),
        ("https://nowhere.example/x", "the name 'nowhere.example' has no address"),
        ("gopher://fews.example/x", f"'gopher://fews.example/x' is no web address; {ALLOWED}"),
        (f"https://me:{CANARY}@fews.example/x", USER),
    ],
)
def test_the_gate_says_why_a_call_is_not_made(target: str, said: str) -> None:
    gate = Gate.to("https://fews.example", ("Inside.example", "NOWHERE.example"), known)
    with pytest.raises(FeedError) as refused:
        gate.checked(target, "GET rows")
    assert str(refused.value) == f"GET rows: {said}"


def test_a_name_may_lead_inside_only_where_it_is_listed() -> None:
    said = "'inside.example' leads to 10.1.2.3, an address of a private network; if it is meant, write hosts = "
    with pytest.raises(FeedError, match=re.escape(f'{said}["inside.example"]')):
        Gate.to("https://inside.example", (), known).checked("https://inside.example/x", "GET")
    gate = Gate.to("https://fews.example", ("inside.example",), known)
    assert gate.checked("https://INSIDE.example:81/x", "GET") == (PRIVATE, "inside.example", 81)


def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    gate = Gate.to("https://fews.example", (), lambda _: [PUBLIC, PRIVATE])
    with pytest.raises(FeedError, match="leads to 10.1.2.3"):
        gate.checked("https://fews.example", "GET")


@pytest.mark.parametrize(
    ("own", "target", "connects"),
    [
        ("http://10.0.0.5", "http://10.0.0.5:80/b", ("10.0.0.5", "10.0.0.5", 80)),
        ("http://[::1]:8080", "http://[::1]:8080/b", ("::1", "[::1]", 8080)),
        ("https://FEWS.example", "https://fews.EXAMPLE/b", (PUBLIC, "fews.example", None)),
    ],
)
def test_the_configured_host_is_called_as_it_was_written(
    own: str, target: str, connects: tuple[str, str, int | None]
) -> None:
    assert Gate.to(own, (), known).checked(target, "GET") == connects


def test_localhost_that_the_admin_wrote_is_meant() -> None:
    gate = Gate.to("http://localhost:8080", (), lambda _: ["127.0.0.1"])
    assert gate.checked("http://localhost:8080/x", "GET") == ("127.0.0.1", "localhost", 8080)
