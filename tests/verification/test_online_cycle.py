"""Learning inside the real cycle: a trained blend, run_cycle, a store; the tilt is committed, replayed and bounded."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hydria_plugin import History, Observations, Signal, Window
from hydria_plugin.alerts import AlertRules, Thresholds
from hydria_plugin.cycle import Pipeline, run_cycle
from hydria_plugin.forecasters.blend import Blend
from hydria_plugin.forecasters.tilt import BOUND
from hydria_plugin.learning.splits import split
from hydria_plugin.stores.memory import MemoryStore
from hydria_plugin.testing.samples import sample_history, sample_layout, window_of
from hydria_plugin.verification.kept import DIGEST, VALID
from hydria_plugin.verification.online import OnlineLearner
from tests.learning.toy_forecasters import Drift, Still

TRAINED = 1400


class Replaying:
    """A buffer over a record, in which some truths come late: (station, step) -> steps late."""

    def __init__(self, history: History, late: dict[tuple[int, int], int]) -> None:
        self.history, self.late, self.layout = history, late, history.layout

    def window(self, issued_at: np.datetime64, known_at: np.datetime64) -> Window:
        at = int(np.flatnonzero(self.history.times == issued_at)[0])
        values = np.array(self.history.target.values)
        for (station, step), delay in self.late.items():
            if at < step + delay:
                values[station, step] = np.nan
        return window_of(replace(self.history, target=Signal.measured(values)), at)

    def pending(self) -> Observations:
        none = np.empty(0)
        whole = np.empty(0, np.int32)
        return Observations(
            (), whole, none.astype("M8[s]"), none, whole.astype(np.uint8), whole, whole, none.astype("M8[us]")
        )

    def commit(self) -> None: ...

    def problems(self) -> tuple[object, ...]:
        return ()


@pytest.fixture(scope="module")
def history() -> History:
    return sample_history(sample_layout(stations=2, slots=1, past=12, horizon=4), steps=1500, gaps=0.0)


@pytest.fixture(scope="module")
def blend(history: History) -> Blend:
    early = history.between(0, TRAINED)
    return Blend(members={"drift": Drift(), "still": Still()}).fit(early, split(early))


def pipeline(history: History, blend: Blend, late: dict[tuple[int, int], int] | None = None) -> Pipeline:
    thresholds = Thresholds(("yellow",), np.full((2, 1), 99.0))
    rules = AlertRules(hold=np.timedelta64(3600, "s"), repeat=np.timedelta64("NaT"))
    return Pipeline(
        "p", history.layout, Replaying(history, late or {}), {"blend": blend}, MemoryStore(), thresholds, rules,
        learner=OnlineLearner({"blend": blend}),
    )  # fmt: skip


def run(pipe: Pipeline, history: History, steps: range) -> list:
    return [run_cycle(pipe, history.times[t], history.times[t].astype("M8[us]")) for t in steps]


def test_the_blend_learns_from_cycle_to_cycle(history: History, blend: Blend) -> None:
    bulletins = run(pipeline(history, blend), history, range(TRAINED, TRAINED + 40))
    assert not any(b.problems for b in bulletins)
    assert "tilt" not in bulletins[0].learned["blend"]
    tilts = [b.learned["blend"]["tilt"] for b in bulletins[1:]]
    assert all(np.isfinite(t).all() and np.abs(t).max() <= BOUND for t in tilts)
    assert not np.array_equal(tilts[0], tilts[-1])
    assert {VALID, DIGEST} < set(bulletins[-1].learned["blend"])


def test_a_forecast_is_replayed_from_the_state_it_was_made_with(history: History, blend: Blend) -> None:
    pipe = pipeline(history, blend)
    last = run(pipe, history, range(TRAINED, TRAINED + 30))[-1]
    held = pipe.store.bulletin("p", last.issued_at)
    assert held is not None
    window = replace(pipe.buffer.window(last.issued_at, last.known_at), learned=held.learned)
    np.testing.assert_array_equal(blend.forecast(window).values, held.raw.values)


def test_late_truth_ends_in_the_state_that_the_same_forecasts_and_truth_in_time_give(
    history: History, blend: Blend
) -> None:
    steps = range(TRAINED, TRAINED + 30)
    late = {(0, TRAINED + 8): 5, (1, TRAINED + 15): 3}
    pipe = pipeline(history, blend, late)
    learned = run(pipe, history, steps)[-1].learned["blend"]
    again = MemoryStore()
    school = OnlineLearner({"blend": blend})
    for t in steps:  # the forecasts as they were issued, each truth in time
        bulletin = pipe.store.bulletin("p", history.times[t])
        assert bulletin is not None
        states = school.update(window_of(history, t), again, "p")
        again.put(replace(bulletin, learned=states))
    np.testing.assert_allclose(learned["tilt"], states["blend"]["tilt"], rtol=0, atol=0)
