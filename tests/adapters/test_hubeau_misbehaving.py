"""Hub'Eau as it is on a bad day: refused, broken, slow, cut, contradicting itself, with another clock."""

from __future__ import annotations

import json
import time
from http.server import BaseHTTPRequestHandler
from typing import Any

import numpy as np
import pytest
from hubeau_host import NOW, ROOT, Hubeau, answered, errors, row, wanted
from test_hubeau_reading import H, source
from web_server import Server, text

from hydria_hubeau.hubeau import HubeauSource
from hydria_plugin import ConfigError, FeedError, Flag
from hydria_plugin.exchange import Refusal

PATH = f"{ROOT}/observations_tr"


@pytest.fixture
def hubeau(web_server: Server) -> Hubeau:
    return Hubeau(web_server, [row("V714401001", "H", f"2026-11-26T0{h}:00:00Z", 1000 + h) for h in range(6)])


def cut(handler: BaseHTTPRequestHandler) -> None:
    """Half an answer that says it is whole."""
    handler.send_response_only(200)
    handler.send_header("Connection", "close")
    handler.end_headers()
    handler.wfile.write(b'{"count": 6, "next": null, "data": [{"code_station": "V714')
    handler.close_connection = True


def test_version_1_was_stopped(hubeau: Hubeau) -> None:
    hubeau.server.says[PATH] = [text(403, b"Forbidden")]
    with pytest.raises(Refusal, match=r"HTTP 403: 'Forbidden'; version 1 .* url must end in /api/v2/hydrometrie"):
        source(hubeau).read(wanted([H]))


def test_an_error_of_the_server_is_tried_again(hubeau: Hubeau) -> None:
    hubeau.server.says[PATH] = [text(500, b"oops"), text(503, b"", Retry_After="1"), hubeau.say]
    table = source(hubeau).read(wanted([H]))
    assert len(table) == 6 and errors(table) == [] and len(hubeau.server.calls) == 3


def test_half_an_answer_is_asked_for_once_more(hubeau: Hubeau) -> None:
    hubeau.server.says[PATH] = [cut, hubeau.say]
    assert len(source(hubeau).read(wanted([H]))) == 6
    hubeau.server.says[PATH] = [cut]
    with pytest.raises(FeedError, match="not JSON"):
        source(hubeau).read(wanted([H]))


def test_a_slow_host_is_given_up(hubeau: Hubeau) -> None:
    def slow(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(0.6)
        answered(handler, 200, b"{}")

    hubeau.server.says[PATH] = [slow]
    begun = time.monotonic()
    with pytest.raises(FeedError, match="no whole answer .ReadTimeout"):
        source(hubeau, timeout_s=0.2, tries=2).read(wanted([H]))
    assert time.monotonic() - begun < 10


def test_a_host_down_for_an_hour_comes_back(hubeau: Hubeau) -> None:
    made = source(hubeau, tries=1)
    hubeau.server.says[PATH] = [text(503)]
    for minutes in (0, 30):
        with pytest.raises(FeedError, match="HTTP 503"):
            made.read(wanted([H], issued_at=f"2026-11-26T04:{minutes:02d}"))
    hubeau.server.says[PATH] = [hubeau.say]
    assert len(made.read(wanted([H], issued_at="2026-11-26T05:00"))) == 6


def test_a_host_that_is_down_is_not_asked_for_every_piece(hubeau: Hubeau) -> None:
    hubeau.server.says[PATH] = [text(503)]
    with pytest.raises(FeedError, match="HTTP 503"):
        source(hubeau, tries=1).read(wanted([f"V7{n:08d}.H" for n in range(1000)]))
    assert len(hubeau.server.calls) == 2


def test_part_of_an_answer_is_used_and_the_rest_told(hubeau: Hubeau) -> None:
    def first_page_only(handler: BaseHTTPRequestHandler) -> None:
        hubeau.say(handler) if len(hubeau.server.calls) == 1 else answered(handler, 502, b"bad gateway")

    hubeau.server.says[PATH] = [first_page_only]
    others = [f"V9{n:08d}.H" for n in range(150)]
    table = source(hubeau, tries=1, size=3).read(wanted([H, *others]))
    assert table["value"].tolist() == [1.003, 1.004, 1.005]  # the newest first
    assert [e.count("HTTP 502") for e in errors(table)] == [1, 1] and "after page 1" in errors(table)[0]


def test_a_long_read_must_be_whole(hubeau: Hubeau) -> None:
    hubeau.server.says[PATH] = [hubeau.say, text(502)]
    with pytest.raises(FeedError, match="HTTP 502.* must be whole, and is asked for again in the next cycle"):
        source(hubeau, tries=1, size=3).read(wanted([H], "2026-11-20T00:00"))


def test_a_code_that_is_refused_does_not_spoil_its_neighbours(hubeau: Hubeau) -> None:
    hubeau.spoiled = ["V700000007"]
    table = source(hubeau).read(wanted([H, *(f"V70000000{n}.H" for n in range(8))]))
    assert len(table) == 6
    (told,) = errors(table)
    assert "HTTP 400" in told and "code_entite is not valid" in told


def test_a_code_that_is_refused_does_not_hold_up_a_first_read(hubeau: Hubeau) -> None:
    hubeau.spoiled = ["V700000007"]
    table = source(hubeau).read(wanted([H, "V700000007.H"], "2026-11-20T00:00"))
    assert len(table) == 6 and "HTTP 400" in errors(table)[0]


def test_values_are_not_blamed_for_a_slow_clock_of_this_machine(hubeau: Hubeau) -> None:
    """It is 06:00 here and 07:00 there: what is stamped 06:30 was not stamped ahead."""
    hubeau.is_dated, hubeau.now = True, NOW + np.timedelta64(1, "h")
    hubeau.rows = [row("V714401001", "H", "2026-11-26T06:30:00Z", 1000)]
    now = [NOW]
    made = HubeauSource(url=hubeau.url, pause_s=0, clock=lambda: now[0])
    made.read(wanted([H]))
    now[0], hubeau.now = NOW + np.timedelta64(1, "h"), NOW + np.timedelta64(2, "h")
    table = made.read(wanted([H], issued_at="2026-11-26T07:00"))
    assert len(table) == 1 and "received_at" not in table and "60 min behind" in errors(table)[0]


def test_more_than_a_month_is_not_asked_for(hubeau: Hubeau) -> None:
    made = source(hubeau)
    table = made.read(wanted([H], "1900-01-01T00:00"))
    assert len(hubeau.asked) == 1 and len(table) == 6 and hubeau.asked[0]["date_debut_obs"] == "2026-10-26T06:10:00Z"
    assert any("keeps one month, nothing before 2026-10-26" in e for e in errors(table))
    assert errors(made.read(wanted([H], "1900-01-01T00:00")))[1:] == []


def test_a_month_that_begins_later_than_ours(hubeau: Hubeau) -> None:
    hubeau.days = 30  # October has 31
    table = source(hubeau).read(wanted([H], "2026-10-01T00:00"))
    assert [a["date_debut_obs"] for a in hubeau.asked] == ["2026-10-26T06:10:00Z", "2026-10-27T06:10:00Z"]
    assert len(table) == 6 and any("HTTP 400" in e and "from 2026-10-27" in e for e in errors(table))
    hubeau.server.says[PATH] = [text(400, b"date can't be < 1 month from now")]
    with pytest.raises(FeedError, match="is the clock of this machine right"):
        source(hubeau).read(wanted([H], "2026-10-01T00:00"))


def test_clocks_that_differ_are_told(hubeau: Hubeau) -> None:
    hubeau.is_dated = True
    assert errors(source(hubeau).read(wanted([H]))) == []
    hubeau.now = NOW + np.timedelta64(61, "m")
    (told,) = errors(source(hubeau).read(wanted([H])))
    assert told.startswith("the clock of this machine is 61 min behind the host's")
    hubeau.now = NOW - np.timedelta64(61, "m")
    assert "61 min ahead of" in errors(source(hubeau).read(wanted([H])))[0]


def test_a_gauge_whose_clock_is_fast(hubeau: Hubeau) -> None:
    """Seen at 06:00 with the stamp 06:40: when 06:40 comes the house is told that it is older than it says."""
    hubeau.rows = [row("V714401001", "H", "2026-11-26T06:40:00Z", 9000)]
    now = [NOW]
    made = HubeauSource(url=hubeau.url, pause_s=0, clock=lambda: now[0])
    assert len(made.read(wanted([H]))) == 0
    now[0] = NOW + np.timedelta64(1, "h")
    table = made.read(wanted([H], issued_at="2026-11-26T07:00"))
    assert str(table["received_at"][0]) == "2026-11-26 06:00:00+00:00" and table["flag"][0] == Flag.UNKNOWN


def test_late_values_come_with_a_later_read(hubeau: Hubeau) -> None:
    made = source(hubeau)
    assert len(made.read(wanted([H]))) == 6
    hubeau.rows.append(row("V714401001", "H", "2026-11-26T04:30:00Z", 1234))
    assert 1.234 in made.read(wanted([H]))["value"].tolist()


@pytest.mark.parametrize("message", [b"[]", b"null", b'{"message": "maintenance"}', b'{"data": {}}', b'"a"', b"<html>"])
def test_what_is_no_page_is_refused(hubeau: Hubeau, message: bytes) -> None:
    hubeau.server.says[PATH] = [text(200, message)]
    with pytest.raises(FeedError, match="no page of Hub'Eau|not JSON"):
        source(hubeau).read(wanted([H]))


def test_pages_without_end_and_rows_that_are_missing(hubeau: Hubeau) -> None:
    def same(handler: BaseHTTPRequestHandler) -> None:
        link = f"https://hubeau.eaufrance.fr{handler.path}"
        answered(handler, 206, json.dumps({"count": 9, "next": link, "data": hubeau.rows}).encode())

    hubeau.server.says[PATH] = [same]
    table = source(hubeau).read(wanted([H]))
    assert len(table) == 6 and any("page 1 that it follows itself" in e for e in errors(table))
    counted: dict[str, Any] = {"count": 10, "next": None, "data": hubeau.rows}
    hubeau.server.says[PATH] = [text(200, json.dumps(counted).encode())]
    assert errors(source(hubeau).read(wanted([H])))[0].startswith("Hub'Eau counts 10 rows and gives 6")


def test_wrong_options_are_told_all_at_once() -> None:
    options: dict[str, Any] = {
        "url": "ftp://x",
        "id": "{code}",
        "names": {"V7.H": "a", "V714401001.Q": ""},
        "size": 30_000,
        "timeout_s": 0,
        "tries": "3",
        "ca": "/nowhere.pem",
        "record": 7,
        "hosts": "mirror.example",
    }
    with pytest.raises(ConfigError) as found:
        HubeauSource(**options)
    told = "\n".join(found.value.faults)
    for words in (
        "url",
        "id: '{code}'",
        "'V7.H'",
        "names.V714401001.Q",
        "at most 20000",
        "timeout_s",
        "tries",
        "nowhere",
        "record",
        "hosts",
    ):
        assert words in told, words
    assert all(fault.startswith("source hubeau: ") for fault in found.value.faults)


def test_a_redirect_to_elsewhere_is_not_followed(hubeau: Hubeau) -> None:
    hubeau.server.says[PATH] = [text(302, Location="http://169.254.169.254/latest")]
    with pytest.raises(FeedError, match="'169.254.169.254' is not listed"):
        source(hubeau).read(wanted([H]))
