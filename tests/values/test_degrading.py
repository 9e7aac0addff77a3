"""The ladder of a station's inputs: each rung told, kept and read back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin import Flag, Signal, Summary, Window
from hydria_plugin.correctors.gaps.corrector import Gaps
from hydria_plugin.stores.forms import pack_bulletin, unpack_bulletin
from hydria_plugin.testing import sample_bulletin, sample_layout, sample_window
from hydria_plugin.values import METHODS, RUNGS, rungs_of
from hydria_plugin.values.degrading import RECENT

WHOLE = sample_window(gaps=0.0)
RAIN = [0, 1]


def without(window: Window, *, level: bool = False, slots: tuple[int, ...] = (), steps: int = 24) -> Window:
    """The window with its newest ``steps`` of the target or some slots missing, at all stations."""
    target, past = np.array(window.observed.values), np.array(window.past.values)
    if level:
        target[:, :, -steps:] = np.nan
    past[:, :, -steps:, list(slots)] = np.nan
    return replace(window, observed=Signal.measured(target), past=Signal.measured(past))


def words(window: Window) -> list[str]:
    return [RUNGS[r] for r in rungs_of(window)]


@pytest.mark.parametrize(
    ("window", "word"),
    [
        (WHOLE, "all inputs"),
        (without(WHOLE, slots=(0,)), "some gauges lost"),
        (without(WHOLE, slots=(2,)), "some gauges lost"),
        (without(WHOLE, slots=(0, 1)), "all rain lost"),
        (without(WHOLE, level=True), "level lost"),
        (without(WHOLE, level=True, slots=(0, 1)), "level lost"),
        (without(WHOLE, level=True, slots=(0, 1, 2)), "everything lost"),
    ],
    ids=lambda p: p if isinstance(p, str) else "",
)
def test_each_rung_has_its_word(window: Window, word: str) -> None:
    assert words(window)[:2] == [word, word]


def test_a_slot_that_a_station_does_not_have_is_not_lost() -> None:
    layout = sample_layout()
    assert not layout.present[2, 1]
    assert words(WHOLE)[2] == "all inputs"
    assert words(without(WHOLE, slots=(0,)))[2] == "all rain lost"


def test_a_value_that_comes_late_is_no_loss() -> None:
    late = without(WHOLE, level=True, slots=(0, 1, 2), steps=RECENT - 1)
    assert set(words(late)) == {"all inputs"}
    assert "everything lost" in words(without(WHOLE, level=True, slots=(0, 1, 2), steps=RECENT))


def test_what_failed_or_was_filled_does_not_count_as_there() -> None:
    flags = np.array(WHOLE.observed.flags)
    flags[..., -RECENT:] = Flag.FAIL
    failed = replace(WHOLE, observed=replace(WHOLE.observed, flags=flags))
    assert words(failed)[0] == "level lost"
    filled = Gaps().correct_inputs(without(WHOLE, slots=(0,)))
    assert np.isfinite(filled.past.values[0, 0, -1, 0]) and words(filled)[0] == "some gauges lost"


def test_a_simulation_of_the_host_is_something() -> None:
    layout = replace(WHOLE.layout, kinds=("rain", "rain", "simulation"))
    alone = replace(without(WHOLE, level=True, slots=(0, 1)), layout=layout)
    assert words(alone)[0] == "level lost"
    assert words(replace(without(WHOLE, level=True, slots=(0, 1, 2)), layout=layout))[0] == "everything lost"
    assert words(replace(without(WHOLE, slots=(2,)), layout=layout))[0] == "all inputs"


@settings(max_examples=30, deadline=None)
@given(st.sets(st.integers(0, 3)), st.sets(st.integers(0, 3)))
def test_more_lost_is_never_a_better_rung(some: set[int], more: set[int]) -> None:
    def rung(lost: set[int]) -> int:
        return int(rungs_of(without(WHOLE, level=3 in lost, slots=tuple(lost - {3})))[0])

    assert rung(some) <= rung(some | more)


def test_the_summary_tells_what_was_measured_and_what_was_filled_and_how() -> None:
    window = Gaps().correct_inputs(without(WHOLE, level=True, slots=(0,), steps=2))
    kept = Summary.of(window)
    assert kept.filled is not None and kept.sigma is not None and kept.method is not None and kept.completed is not None
    assert np.isnan(kept.observed[:, -2:]).all() and np.isfinite(kept.observed[:, :-2]).all()
    assert np.isfinite(kept.completed[:, -2:]).all() and np.isnan(kept.completed[:, :-2]).all()
    assert METHODS[kept.method[0, 0]] == "last" and METHODS[kept.method[0, 1]] == "neighbours"
    assert (kept.sigma[0, :2] > 0).all() and kept.method[0, 2] == 0 and np.isnan(kept.filled[0, 2])
    assert kept.availability[0, 0] == pytest.approx(22 / 24)
    assert kept.word(0) == "all inputs"  # two steps late: not lost yet


def test_a_bulletin_read_back_tells_the_same() -> None:
    window = Gaps().correct_inputs(without(WHOLE, level=True, slots=(0, 1)))
    bulletin = replace(sample_bulletin(), summary=Summary.of(window))
    key = {n: getattr(bulletin, n) for n in ("pipeline", "issued_at", "known_at", "revision")}
    back = unpack_bulletin(pack_bulletin(bulletin), bulletin.layout, key).summary
    for name in (
        "observed",
        "availability",
        "estimated",
        "believed",
        "completed",
        "rungs",
        "filled",
        "sigma",
        "method",
    ):
        assert np.array_equal(getattr(back, name), getattr(bulletin.summary, name), equal_nan=True), name
    assert back.word(0) == "level lost"


def test_a_bulletin_kept_before_this_was_noted_says_nothing() -> None:
    summary = Summary.of(WHOLE)
    bulletin = replace(sample_bulletin(), summary=Summary(summary.observed, summary.availability))
    key = {n: getattr(bulletin, n) for n in ("pipeline", "issued_at", "known_at", "revision")}
    back = unpack_bulletin(pack_bulletin(bulletin), bulletin.layout, key)
    assert back.summary.rungs is None and back.summary.word(0) == ""
    assert not any("lost" in why for why in back.degraded)


def test_a_bulletin_whose_rain_or_level_is_lost_is_degraded_and_says_why() -> None:
    def why(window: Window) -> tuple[str, ...]:
        return replace(sample_bulletin(), summary=Summary.of(window), problems=()).degraded

    assert why(WHOLE) == ()
    assert why(without(WHOLE, slots=(2,))) == ()  # one of several gauges: told per station, no alarm
    assert "s1: all rain lost" in why(without(WHOLE, slots=(0, 1)))
    assert "s1: level lost" in why(without(WHOLE, level=True))
