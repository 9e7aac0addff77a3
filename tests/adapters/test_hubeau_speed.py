"""The newest values of 10,000 stations, as they come: parsed, and through the source with its pages."""

from __future__ import annotations

import json
import time
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qsl, urlsplit

import pytest
from hubeau_host import Hubeau, errors, row, wanted
from test_hubeau_reading import source
from web_server import Server

from hydria_hubeau.names import Key
from hydria_hubeau.observations import Place, observations, page
from hydria_hubeau.telling import Tally
from hydria_plugin.exchange import Answer

STATIONS = [f"V{n:09d}" for n in range(10_000)]
SLACK = 3  # what a busy machine may need more


def rows() -> list[dict[str, object]]:
    return [row(code, "H", "2026-11-26T05:50:00Z", 1000.0 + n) for n, code in enumerate(STATIONS)]


@pytest.mark.alone
def test_parsed_within_a_second() -> None:
    body = json.dumps({"count": 10_000, "next": None, "data": rows()}).encode()
    places = {Key(code, "H"): (Place(f"{code}.H", 0.001, "m"),) for code in STATIONS}
    best = 1e9
    for _ in range(3):
        begun = time.perf_counter()
        found = observations(page(Answer(200, {}, body, "x").json(), "x").rows, places, Tally())
        best = min(best, time.perf_counter() - begun)
    assert len(found) == 10_000 and found.value[9_999] == 10.999
    print(f"10,000 stations' newest values parsed in {best:.3f} s ({len(body) / 1e6:.1f} MB)")
    assert best < 1.0


@pytest.mark.alone
def test_read_through_the_source_in_some_seconds(web_server: Server) -> None:
    """100 calls, with a server that is itself written in Python and shares the processor."""
    hubeau = Hubeau(web_server, rows())
    kept = {r["code_station"]: r for r in hubeau.rows}

    def say(handler: BaseHTTPRequestHandler) -> None:
        codes = dict(parse_qsl(urlsplit(handler.path).query))["code_entite"].split(",")
        hubeau.rows = [kept[code] for code in codes]
        hubeau.say(handler)

    web_server.says[next(iter(web_server.says))] = [say]
    made, asked = source(hubeau), wanted([f"{code}.H" for code in STATIONS])
    begun = time.perf_counter()
    table = made.read(asked)
    took = time.perf_counter() - begun
    assert len(table) == 10_000 and errors(table) == [] and len(hubeau.asked) == 100
    print(f"10,000 stations through the source, 100 calls: {took:.2f} s")
    assert took < 2.0 * SLACK
