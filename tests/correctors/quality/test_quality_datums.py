"""Two sensors in one series: learned from jumps there and back, doubted live, never failed for it."""

from __future__ import annotations

import numpy as np
import pytest
from rivers_made import CUT, SERIES, calm, columns, first_part, flags, history, window

from hydria_plugin import Flag
from hydria_plugin.correctors.quality.corrector import Quality
from hydria_plugin.correctors.quality.datums import at_second_datum, last_jump, second_datum
from hydria_plugin.values import Floats

TARGET, OTHER, SIZE = SERIES.index("target"), 0.9, 0.9


def mixed(every: int = 300, lasts: int = 20) -> Floats:
    """The valley, its target read by another sensor for ``lasts`` of ``every`` steps."""
    x = columns().copy()
    x[np.arange(len(x)) % every >= every - lasts, TARGET] += OTHER
    return x


def learned(y: Floats) -> float:
    return float(second_datum(y[:CUT, None], np.array([0.001]))[0])


def test_the_less_frequent_level_is_learned() -> None:
    assert learned(mixed()[:, TARGET]) == pytest.approx(SIZE, rel=0.05)
    assert learned(mixed(300, 280)[:, TARGET]) == pytest.approx(-SIZE, rel=0.05), "the lower one where that is rarer"


def test_floods_gates_and_single_changes_of_datum_are_no_second_level() -> None:
    level, rng = columns()[:, TARGET], np.random.default_rng(1)
    assert np.isnan(learned(level))
    once = level + SIZE * (np.arange(len(level)) > 2000)
    assert np.isnan(learned(once)), "not there and back"
    gates = level + np.repeat(rng.uniform(0, 2, len(level) // 40 + 1), 40)[: len(level)]
    assert np.isnan(learned(gates)), "of all sizes"
    waves = level.copy()
    for at in range(200, CUT, 300):
        waves[at : at + 8] += [0.35, 0.7, 1.05, 1.4, 1.05, 0.7, 0.35, 0.0]
    assert np.isnan(learned(waves)), "a flood goes on moving"


def test_a_window_tells_the_level_by_the_last_jump_that_it_shows() -> None:
    jumps = np.array([0, 1.0, 0, 0, 0, -1.0, 0, 0, 0, 0])[:, None]
    assert last_jump(jumps, 5)[:, 0].tolist() == [0, 1, 1, 1, 1, -1, -1, -1, -1, 0]
    y = np.where(np.arange(30) >= 20, 2.0, 1.0)[:, None]
    found = at_second_datum(y, np.array([1.0]), np.array([0.01]), 30)[:, 0]
    assert np.flatnonzero(found).tolist() == list(range(20, 30))
    assert not at_second_datum(y, np.array([-1.0]), np.array([0.01]), 30)[:20].any()


def test_live_the_other_sensor_is_doubted_and_used(caplog: pytest.LogCaptureFixture) -> None:
    x = mixed()
    with caplog.at_level("INFO", logger="hydria.quality"):
        quality = Quality().fit(history(x), first_part(history(x)))
    assert [m.split(" at ")[0] for m in caplog.messages] == ["quality: target: a second datum"]
    assert quality.learned.second[quality.names.index("target")] == pytest.approx(SIZE, rel=0.05)
    at = next(t for t in range(calm(), len(x)) if t % 300 == 285)
    after = quality.correct_inputs(window(x, at))
    flag, method = flags(after, "target")
    assert set(flag[-6:]) == {Flag.SUSPECT} and set(method[-6:]) == {"shift"}
    assert np.isfinite(after.observed.values[0, 0, -6:]).all() and flag[-12] == Flag.GOOD
