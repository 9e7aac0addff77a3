"""The options of mail: every fault at once, in words; no secret in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydria_mail.readers import Reader, is_address, readers_of
from hydria_mail.sink import MailSink
from hydria_plugin import ConfigError, Secret
from hydria_plugin.testing import sample_alert, sample_layout

CANARY = "canary-7f3a9c51d2"
GOOD: dict[str, Any] = {
    "path": "mail",
    "server": "smtp.exemple.fr",
    "sender": "crues@exemple.fr",
    "to": ["a@exemple.fr"],
}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"sender": "crues"}, "sender = 'crues' must be an address"),
        ({"sender": "Crues\r\nBcc: x@y.fr <crues@exemple.fr>"}, "must be an address"),
        ({"to": "a@exemple.fr"}, "must be a list of addresses"),
        ({"to": ["a@exemple.fr\r\nBcc: b@exemple.fr"]}, "must be a list of addresses"),
        ({"to": []}, "nobody is told"),
        ({"recipients": [{"to": "x"}]}, "recipient 1: to = 'x'"),
        ({"recipients": [{}]}, "recipient 1: to = None"),
        ({"recipients": [{"to": "a@b.fr", "station": ["s1"]}]}, "'station' is not known; allowed: to, stations"),
        ({"recipients": [{"to": "a@b.fr", "stations": "s1"}]}, "must be a list of names"),
        ({"recipients": [{"to": "a@b.fr", "stations": ["s9"]}]}, "there is no station 's9'"),
        ({"recipients": [{"to": "a@b.fr", "language": "de"}]}, "one of fr, en"),
        ({"recipients": [{"to": "a@b.fr", "reports": "no"}]}, "must be true or false"),
        ({"recipients": "a@b.fr"}, "must be a list of tables"),
        ({"server": "smtp exemple"}, "name of a mail server"),
        ({"port": 0}, "587"),
        ({"security": "ssl"}, "one of starttls, tls, none"),
        ({"user": "x"}, "go together"),
        ({"security": "none", "user": "x", "password": Secret(CANARY)}, "does not go out unencrypted"),
        ({"ca": "/none.pem"}, "no such file"),
        ({"language": "de"}, "language = 'de'"),
        ({"keep": "30h"}, "keep = '30h'"),
        ({"timeout_s": 600}, "at most 60"),
        ({"test": "yes"}, "must be true or false"),
    ],
)
def test_a_wrong_option_is_told(tmp_path: Path, options: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        MailSink(folder=tmp_path, layout=sample_layout(), **{**GOOD, **options})
    assert CANARY not in str(caught.value)


def test_all_faults_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        MailSink(**{**GOOD, "sender": "x", "port": -1, "security": "?", "to": ["x"]})
    assert len(caught.value.faults) == 4


def test_building_touches_neither_disk_nor_network(tmp_path: Path) -> None:
    MailSink(folder=tmp_path, **GOOD)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("text", "is_one"), [
    ("a@b.fr", True), ("a.b+c@x-y.example", True), ("a@localhost", True), ("a", False), ("a@", False), ("a@b@c", False),
    ("a b@c.fr", False), ("a@b.fr\n", False), ("é@b.fr", False), ("<a@b.fr>", False), ("", False), (None, False),
])  # fmt: skip
def test_addresses(text: Any, is_one: bool) -> None:
    assert is_address(text) is is_one


@given(st.text(max_size=40))
def test_no_address_holds_what_ends_a_line(text: str) -> None:
    assert not is_address(text) or not set(text) & set('\r\n\0 <>,;:"')


def test_who_wants_what() -> None:
    alert = sample_alert()
    assert Reader("a@b").wants(alert) and Reader("a@b", frozenset({"s1"}), frozenset({"yellow"})).wants(alert)
    assert not Reader("a@b", frozenset({"s2"})).wants(alert) and not Reader(
        "a@b", frozenset(), frozenset({"red"})
    ).wants(alert)
    many = readers_of(["a@b"], [{"to": ["c@d", "e@f"], "stations": ["s1"], "language": "en", "reports": False}])
    assert [r.address for r in many] == ["a@b", "c@d", "e@f"] and many[2].stations == {"s1"} and not many[2].reports
