"""Each test finds its fault, and leaves what looks like it but is water."""

from __future__ import annotations

import numpy as np
import pytest
from rivers_made import CUT, PAST, SERIES, calm, columns, failed, flags, flood, seen, spoilt, trained

from hydria_plugin import Flag
from hydria_plugin.correctors.quality.context import Pace
from hydria_plugin.correctors.quality.corrector import Quality
from hydria_plugin.correctors.quality.rivers import stands_by_nature

TARGET = SERIES.index("target")


def test_a_clean_record_is_left_alone() -> None:
    for at in range(CUT + 100, CUT + 1200, 47):
        after = seen(columns(), at)
        assert not (after.observed.flags == Flag.FAIL).any() and not (after.past.flags == Flag.FAIL).any()


def test_missing_stays_missing() -> None:
    after = seen(spoilt("target", calm(), [np.nan] * 3), calm() + 2)
    assert flags(after, "target")[0][-3:] == [Flag.MISSING] * 3 and flags(after, "target")[1][-3:] == [""] * 3


@pytest.mark.parametrize(("series", "value", "method"), [
    ("r1", -0.5, "range"), ("r1", 2000.0, "range"), ("side", -990.0, "range"), ("target", -3.0, "range"),
    ("target", 99.0, "range"), ("up", 0.0, "drop-to-zero"), ("side", 0.0, "drop-to-zero"),
])  # fmt: skip
def test_gross_range(series: str, value: float, method: str) -> None:
    assert failed(seen(spoilt(series, calm(), value), calm()), series) == method


def test_what_fails_becomes_a_gap_and_is_kept_as_received() -> None:
    after = seen(spoilt("target", calm(), 99.0), calm())
    assert np.isnan(after.observed.values[0, 0, -1]) and after.observed.raw[0, 0, -1] == 99.0
    assert not after.observed.trusted[0, 0, -1]


@pytest.mark.parametrize("sign", [1, -1])
def test_a_spike_is_found_when_it_comes_back(sign: int) -> None:
    at = calm()
    x = spoilt("target", at, columns()[at, TARGET] + sign * 0.25)
    assert failed(seen(x, at + 1), "target", back=1) in ("spike", "rate")
    assert failed(seen(x, at + 1), "target") == "", "what comes back is believed"


def test_a_spike_of_two_steps() -> None:
    at = calm()
    after = seen(spoilt("target", at, columns()[at : at + 2, TARGET] + 0.5), at + 2)
    assert failed(after, "target", back=1) == failed(after, "target", back=2) == "spike"


def test_a_rise_beyond_the_record_is_doubted_at_once_and_used() -> None:
    at = calm()
    after = seen(spoilt("target", at, columns()[at, TARGET] + 0.7), at)
    flag, method = flags(after, "target")
    assert (flag[-1], method[-1]) == (Flag.SUSPECT, "rate") and np.isfinite(after.observed.values[0, 0, -1])


def test_a_fall_below_all_of_the_record_fails_at_once() -> None:
    at = flood()
    after = seen(spoilt("target", at, 0.45), at)
    assert failed(after, "target") == "rate"


def test_a_new_datum_is_found_at_its_third_value_and_taken_when_it_has_settled() -> None:
    at = calm(quiet=45)
    x = columns().copy()
    x[at:, TARGET] += 0.5
    assert [failed(seen(x, at + 2), "target", back) for back in (0, 1, 2)] == ["shift"] * 3
    assert failed(seen(x, at + 8), "target") == "shift"
    settled = trained_settle() + 2
    assert failed(seen(x, at + settled), "target") == "", "taken for the new datum"


def trained_settle() -> int:
    from hydria_plugin.correctors.quality.context import Pace

    return Pace(PAST, 1.0).settle


def test_a_flash_flood_of_metres_in_an_hour_is_never_failed() -> None:
    """Ten times what the record ever did, after rain: not a value of it fails, at any of its steps."""
    at = calm()
    rise = np.array([0.9, 2.4, 4.0, 4.6, 4.4, 3.9, 3.3, 2.7, 2.2, 1.8])
    x = spoilt("target", at, columns()[at : at + 10, TARGET] + rise)
    x[at - 2 : at + 1, 1:3] = 20.0
    for step in range(at, at + 12):
        after = seen(x, step)
        assert not (np.asarray(after.observed.flags) == Flag.FAIL).any(), f"at step {step - at} of the flood"


def test_a_flash_flood_without_any_rain_gauge_wet_is_not_failed_either() -> None:
    at = calm()
    rise = np.array([0.9, 2.4, 4.0, 4.6, 4.4, 3.9, 3.3, 2.7, 2.2, 1.8])
    x = spoilt("target", at, columns()[at : at + 10, TARGET] + rise)
    x[at - PAST - 1 : at + 12, 1:3] = np.nan
    for step in range(at, at + 12):
        assert not (np.asarray(seen(x, step).observed.flags) == Flag.FAIL).any(), f"at step {step - at} of the flood"


def test_drop_to_zero_in_a_flood_and_for_as_long_as_it_lasts() -> None:
    at = flood()
    for n in (1, 3, 12):
        after = seen(spoilt("target", at, [0.0] * n), at + n - 1)
        assert [failed(after, "target", back) for back in range(n)] == ["drop-to-zero"] * n


@pytest.mark.parametrize("period", [2, 4, 6])
def test_oscillation_within_one_period(period: int) -> None:
    at = calm()
    wave = 0.4 * np.sin(2 * np.pi * (np.arange(12) + (0.5 if period == 2 else 1.0)) / period)
    x = spoilt("target", at, columns()[at : at + 12, TARGET] + wave)
    found = [failed(seen(x, at + period), "target", back) for back in range(period + 1)]
    assert any(found), "no value of the first period failed"


def test_a_slow_drift_in_dry_weather() -> None:
    at = calm(quiet=45)
    x = columns().copy()
    x[at : at + 24, TARGET] += np.linspace(0.02, 0.48, 24)
    assert any(failed(seen(x, at + k), "target") == "shift" for k in range(24))


def test_a_gauge_that_stands_still_while_others_rise() -> None:
    at = flood() - 2
    x = columns().copy()
    x[at : at + 24, TARGET] = x[at, TARGET]
    found = [k for k in range(24) if failed(seen(x, at + k), "target") == "flat"]
    assert found and found[0] <= 12


def test_one_that_stands_still_and_goes_on_by_itself_is_a_gate_and_only_doubted_the_next_time() -> None:
    went_on = np.array([[False], [True], [False], [False], [True], [True]])
    stood = np.zeros((PAST, 1), dtype=bool)
    stood[20 : 20 + len(went_on)] = went_on
    again = stands_by_nature(stood, Pace(PAST, 1.0))
    assert np.flatnonzero(again).tolist() == list(range(22, PAST)), "from where it first went on"
    long = np.concatenate([stood, np.zeros((PAST, 1), dtype=bool)])
    assert not stands_by_nature(long, Pace(PAST, 1.0))[-1, 0], "what a window no longer shows is forgotten"


def test_a_wave_of_two_steps_that_leaves_water_behind_is_no_spike() -> None:
    at = calm()
    for left, verdict in ((0.0, Flag.FAIL), (0.06, Flag.SUSPECT)):
        x = spoilt("target", at, columns()[at : at + 3, TARGET] + [0.6, 0.5, left])
        flag, method = flags(seen(x, at + 2), "target")
        assert (flag[-3:-1], method[-3:-1]) == ([verdict] * 2, ["spike"] * 2)


def test_a_bed_that_sinks_is_no_fault_of_the_gauge() -> None:
    """Slowly below all of its record, by a third of its range."""
    level, at = columns()[:CUT, TARGET], calm(dry=90)
    x = columns().copy()
    x[at - 80 :, TARGET] -= np.minimum(np.arange(len(x) - at + 80) * 0.004, 0.3 * (level.max() - level.min()))
    assert x[at, TARGET] < level.min() and failed(seen(x, at), "target") != "range"


def test_a_gauge_may_stand_still_when_nothing_moves() -> None:
    at = calm()
    x = columns().copy()
    x[at : at + 24, TARGET] = x[at, TARGET]
    assert not any(failed(seen(x, at + k), "target") for k in range(24))


def storm() -> int:
    """The first step of a long storm of the test part on both rain gauges."""
    rain = columns()[CUT + 300 :, 1:3].min(axis=1)
    return CUT + 300 + int(np.argmax(np.convolve(rain, np.ones(8), "valid")))


def test_a_dry_gauge_among_wet_neighbours() -> None:
    at = storm()
    x = columns().copy()
    x[at - 40 : at + 30, 2:3] = 0.0
    x[at : at + 30, 1] = 6.0
    assert any(failed(seen(x, at + k), "r2") == "dry-gauge" for k in range(30))
    assert not any(failed(seen(columns(), at + k), "r2") for k in range(30))


def test_rain_on_one_gauge_alone_is_doubted_and_absurdly_much_fails() -> None:
    at = calm()
    most = float(columns()[:CUT, 1].max())
    assert failed(seen(spoilt("r1", at, 3.5 * most), at), "r1") == "wet-gauge"
    local = seen(spoilt("r1", at, 1.2 * most), at)
    assert flags(local, "r1")[0][-1] in (Flag.SUSPECT, Flag.GOOD), "a local storm is no fault"


def test_a_stuck_bucket() -> None:
    at = calm()
    x = spoilt("r1", at, [1.4] * 20)
    assert any(failed(seen(x, at + k), "r1") == "stuck" for k in range(6, 20))


def test_a_dump_after_silence() -> None:
    at = storm() + 12
    x = columns().copy()
    total = float(x[at - 12 : at + 1, 1].sum())
    x[at - 12 : at, 1], x[at, 1] = np.nan, total
    x[at - 1 : at + 1, 2] = 0.0
    assert total > 5 and failed(seen(x, at), "r1") == "dump"


def test_untrained_it_knows_physics_only() -> None:
    at = calm()
    new = Quality()
    assert failed(seen(spoilt("r1", at, -1.0), at, new), "r1") == "range"
    assert failed(seen(spoilt("r1", at, 900.0), at, new), "r1") == "range"
    assert failed(seen(spoilt("target", at, 55.0), at, new), "target") == ""
    assert trained().names == tuple(sorted(SERIES))
