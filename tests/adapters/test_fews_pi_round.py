"""PI time series written and read back are equal, in XML and in JSON."""

from __future__ import annotations

import json

import numpy as np
import pytest
from fews_series import headers, pi_series, same_series
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_fews.pi_json import pi_json, read_pi_json
from hydria_fews.pi_reading import read_pi
from hydria_fews.pi_series import PiHeader, PiSeries
from hydria_fews.pi_writing import pi_xml
from hydria_plugin import FeedError

ZONES = st.sampled_from([0.0, 1.0, -5.0, 5.5, 5.75, -3.5, 14.0])


@settings(max_examples=60, deadline=None)
@given(st.lists(pi_series(), max_size=4), ZONES)
def test_xml(series: list[PiSeries], zone: float) -> None:
    found = read_pi(b"".join(pi_xml(series, zone=zone)), "made")
    assert found.faults == ()
    same_series(found.series, series)


@settings(max_examples=50, deadline=None)
@given(st.lists(pi_series(), max_size=4), ZONES)
def test_json(series: list[PiSeries], zone: float) -> None:
    found = read_pi_json(json.dumps(pi_json(series, zone=zone)).encode(), "made")
    assert found.faults == ()
    same_series(found.series, series)


@given(headers())
def test_every_number_of_json_is_a_text(header: PiHeader) -> None:
    made = pi_json([PiSeries.of(header, ["2020-01-01T00:00"], [1.5], [0])])

    def texts(node: object) -> bool:
        if isinstance(node, dict):
            return all(texts(v) for v in node.values())
        return all(texts(v) for v in node) if isinstance(node, list) else isinstance(node, str)

    assert texts(made)


def test_what_xml_cannot_hold_is_refused() -> None:
    series = PiSeries.of(PiHeader("a\x00b", "H"), [], [])
    with pytest.raises(FeedError, match=r"'a\\x00b' cannot be written: XML has no place for control characters"):
        b"".join(pi_xml([series]))


def test_a_long_series_is_written_in_blocks() -> None:
    time = np.datetime64("2020-01-01", "ms") + np.arange(120_001) * np.timedelta64(60_000, "ms")
    series = PiSeries.of(PiHeader("a", "H"), time, np.arange(120_001) / 7)
    pieces = list(pi_xml([series]))
    assert max(map(len, pieces)) < 5_000_000 and len(pieces) == 7  # head, header, three blocks, two ends
    same_series(read_pi(b"".join(pieces), "made").series, [series])
