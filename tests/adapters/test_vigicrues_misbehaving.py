"""Vigicrues away, half, late, and with another clock than ours."""

from __future__ import annotations

import numpy as np
import pytest
from hubeau_host import NOW, answered, errors, wanted
from test_vigicrues import (
    AHEAD,
    POINTS,
    PREVS,
    SEEN,
    H,
    Q,
    by_station,
    forecast,
    milliseconds,
    observed,
    server,
    source,
)
from web_server import Say, Server, text

from hydria_hubeau.vigicrues import VigicruesSource
from hydria_plugin import FeedError, Flag

__all__ = ["server"]  # the fixture


def dated(body: bytes, now: np.datetime64) -> Say:
    """With the host's own time."""
    return lambda handler: answered(handler, 200, body, now)


def seen(points: list[list[float]]) -> bytes:
    return observed("K490003010", "H", points)


def test_down_for_an_hour_and_back(server: Server) -> None:
    whole, made = server.says[SEEN], source(server, tries=1)
    server.says[SEEN] = [text(503)]
    for minutes in (0, 30):
        with pytest.raises(FeedError, match="HTTP 503"):
            made.read(wanted([H], issued_at=f"2026-11-26T04:{minutes:02d}"))
    server.says[SEEN] = whole
    assert len(made.read(wanted([H], issued_at="2026-11-26T05:00"))) == 6, "two months come with every answer"


def test_half_an_answer_is_asked_for_once_more_and_is_none(server: Server) -> None:
    half = text(200, seen(POINTS)[:90], Content_Length="400")
    server.says[SEEN] = [half, *server.says[SEEN]]
    assert len(source(server).read(wanted([H]))) == 6
    server.says[SEEN] = [text(200, seen(POINTS)[:90])]  # cut, and said to be whole
    with pytest.raises(FeedError, match="is not JSON"):
        source(server).read(wanted([H]))


def test_late_out_of_order_and_corrected_points(server: Server) -> None:
    made = source(server)
    late = milliseconds("2026-11-26T03:30:00Z")
    server.says[SEEN] = [
        text(200, seen(POINTS[:4])),
        text(200, seen([[late, 0.77], *POINTS[::-1], [POINTS[1][0], 0.9]])),
    ]
    assert len(made.read(wanted([H]))) == 4
    table = made.read(wanted([H])).sort_values("time")
    assert 0.77 in table["value"].tolist() and len(table) == 7
    assert table["value"].iloc[1] == 0.9, "of two for one time the later in the answer"


def test_clocks_that_differ_are_told(server: Server) -> None:
    for minutes, words in ((61, "61 min behind the host's"), (-61, "61 min ahead of")):
        server.says[SEEN] = [dated(seen(POINTS), NOW + np.timedelta64(minutes, "m"))]
        assert any(words in told for told in errors(source(server).read(wanted([H]))))


def test_a_point_stamped_ahead_is_kept_back(server: Server) -> None:
    """Seen at 06:00 with the stamp 06:40: not there before 06:40, and then known to have been received at 06:00."""
    server.says[SEEN] = [dated(seen([*POINTS, [milliseconds("2026-11-26T06:40:00Z"), 9.0]]), NOW)]
    now = [NOW]
    made = VigicruesSource(url=f"{server.address}/services", pause_s=0, clock=lambda: now[0])
    assert 9.0 not in made.read(wanted([H]))["value"].tolist()
    now[0] = NOW + np.timedelta64(1, "h")
    server.says[SEEN] = [dated(seen([*POINTS, [milliseconds("2026-11-26T06:40:00Z"), 9.0]]), now[0])]
    table = made.read(wanted([H], issued_at="2026-11-26T07:00"))
    ahead = table[table["value"] == 9.0]
    assert ahead["flag"].tolist() == [Flag.UNKNOWN] and str(ahead["received_at"].iloc[0]) == "2026-11-26 06:00:00+00:00"


def test_levels_and_discharges_keep_their_units_and_offsets_are_respected(server: Server) -> None:
    """Metres and cubic metres as they come; +02:00 is 22:00 UTC of the day before."""
    server.says[AHEAD] = [
        by_station({("K490003010", "H"): forecast([{**PREVS[0], "DtPrev": "2026-11-26T00:00:00+02:00"}])})
    ]
    table = source(server).read(wanted([H, Q, f"{H}.moy"], "2026-11-25T12:00"))
    assert table.loc[table["series"] == Q, "value"].iloc[0] == POINTS[0][1]
    assert str(table.loc[table["series"] == f"{H}.moy", "time"].iloc[0]) == "2026-11-25 22:00:00+00:00"
