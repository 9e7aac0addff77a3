"""The binary form: values beside headers, with the length checked before anything is believed."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from fews_samples import XML, real
from fews_series import same_series
from hypothesis import given
from hypothesis import strategies as st

from hydria_fews.pi_bin import pi_bin, with_values, without_values
from hydria_fews.pi_reading import read_pi
from hydria_fews.pi_series import NO_TIME, PiHeader, PiSeries, TimeStep
from hydria_fews.pi_writing import pi_xml
from hydria_plugin import FeedError

START = np.datetime64("2026-03-01T00:00", "ms")
NAN = float("nan")


def header(count: int, missing: float = NAN, step: TimeStep = TimeStep("minute", 15), location: str = "a") -> PiHeader:  # noqa: B008
    length = step.length or np.timedelta64(1, "h")
    return PiHeader(location, "H", step=step, start=START, end=START + (count - 1) * length, missing=missing)


def values(header: PiHeader, given: list[float]) -> PiSeries:
    return PiSeries.of(header, header.start + np.arange(len(given)) * np.timedelta64(900_000, "ms"), given)


FLOATS = st.lists(st.floats(width=32, allow_infinity=False), min_size=1, max_size=20)


@given(st.lists(FLOATS, max_size=4), st.sampled_from([NAN, -999.0, -8888.0, -999.99]))
def test_written_and_read_back(many: list[list[float]], missing: float) -> None:
    series = [values(header(len(one), missing, location=f"s{k}"), one) for k, one in enumerate(many)]
    for one in series:
        one.value[one.value.astype(np.float32) == np.float32(missing)] = NAN
    beside = b"".join(pi_xml(without_values(one, "made") for one in series))
    same_series(with_values(read_pi(beside, "x.xml").series, b"".join(pi_bin(series)), "x.bin"), series)


def test_bytes_as_they_are_meant() -> None:
    """Little-endian float32, no header, series after series; missVal for what is missing, compared as float32."""
    two = [values(header(2, -999.99), [1.5, NAN]), values(header(1, location="b"), [NAN])]
    data = b"".join(pi_bin(two))
    assert data == struct.pack("<ff", 1.5, -999.99) + struct.pack("<f", NAN)
    found = with_values(two, data, "x.bin")
    assert found[0].value[0] == 1.5 and np.isnan(found[0].value[1]) and np.isnan(found[1].value[0])


@pytest.mark.parametrize("size", [0, 36, 38, 44, 4000])
def test_a_length_that_does_not_fit_is_refused(size: int) -> None:
    with pytest.raises(FeedError) as refused:
        with_values([PiSeries.of(header(10), [], [])], bytes(size), "x.bin")
    assert f"x.bin: holds {size:,} bytes = {size / 4:g} values" in str(refused.value)
    assert "speak of 10 (10): they are not of one export" in str(refused.value)


@pytest.mark.parametrize(
    "step",
    [
        TimeStep(),
        TimeStep("month"),
        TimeStep("times", times=("06:00",)),
        TimeStep("second", 0),
        TimeStep("second", 1, 0),
    ],
)
def test_only_steps_of_one_length(step: TimeStep) -> None:
    with pytest.raises(FeedError, match=r"series a, H has the time step '\w+': values without times need steps of one"):
        with_values([PiSeries.of(header(2, step=step), [], [])], bytes(8), "x.bin")


def test_headers_without_a_period() -> None:
    for one in (
        PiHeader("a", "H", step=TimeStep("hour"), start=START, end=NO_TIME),
        PiHeader("a", "H", step=TimeStep("hour"), start=START, end=START - np.timedelta64(1, "h")),
    ):
        with pytest.raises(FeedError, match="startDate and endDate are needed"):
            with_values([PiSeries.of(one, [], [])], bytes(8), "x.bin")


def test_a_header_that_speaks_of_centuries_of_seconds_takes_no_memory() -> None:
    endless = PiHeader("a", "H", step=TimeStep("second"), start=START, end=START + np.timedelta64(100 * 365, "D"))
    with pytest.raises(FeedError, match=r"speak of 3,153,600,001 values; at most 134,217,728 are read"):
        with_values([PiSeries.of(endless, [], [])], bytes(8), "x.bin")


def test_what_the_form_has_no_place_for() -> None:
    whole = values(header(3), [1.0, 2.0, 3.0])
    for series, why in (
        (PiSeries.of(whole.header, whole.time[[0, 2]], [1.0, 3.0]), "leaves out steps"),
        (PiSeries.of(whole.header, whole.time[[0, 2, 1]], [1.0, 3.0, 2.0]), "leaves out steps"),
        (PiSeries.of(whole.header, whole.time, whole.value, [0, 0, 3]), "has flags"),
        (PiSeries.of(whole.header, [], []), "has no values"),
        (PiSeries.of(header(3, step=TimeStep()), whole.time, whole.value), "nonequidistant"),
    ):
        with pytest.raises(FeedError, match=why):
            without_values(series, "x.xml")


def test_infinity_is_no_measurement() -> None:
    data = struct.pack("<fff", np.inf, -np.inf, 1.0)
    assert np.isnan(with_values([PiSeries.of(header(3), [], [])], data, "x.bin")[0].value).tolist() == [
        True,
        True,
        False,
    ]


def test_a_missval_beyond_float32_is_infinite_there() -> None:
    data = struct.pack("<fff", np.inf, 1.0, 3.4e38)
    found = with_values([PiSeries.of(header(3, 1.79e308), [], [])], data, "x.bin")[0].value
    assert np.isnan(found).tolist() == [True, False, False]


@real
def test_the_sample_is_refused_beside_the_newer_xml_and_read_beside_its_own() -> None:
    """10 values; the XML that now lies beside it says 12."""
    data = (XML / "rtctools_timeseries_import.bin").read_bytes()
    newer = read_pi((XML / "rtctools_deterministic.xml").read_bytes(), "x.xml").series
    with pytest.raises(FeedError, match=r"holds 40 bytes = 10 values, but .* speak of 12 \(12\)"):
        with_values(newer, data, "x.bin")
    own = read_pi((XML / "rtctools_export.xml").read_bytes(), "x.xml").series  # 23:00 to 08:00: 10 hours
    (found,) = with_values(own, data, "x.bin")
    assert len(found) == 10 and str(found.time[0]) == "2013-05-19T23:00:00.000"
    assert np.isfinite(found.value).any()
