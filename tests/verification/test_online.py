"""Learning while running: each truth once, in order of valid time; late truth gives what truth in time would have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin import Bulletin, Flag, Forecast, History, Layout, Signal, State, Store, Summary, Verified, Window
from hydria_plugin.stores.memory import MemoryStore
from hydria_plugin.stores.sql import SqlStore
from hydria_plugin.testing.samples import sample_history, sample_layout, window_of
from hydria_plugin.verification.kept import DIGEST, VALID, Kept
from hydria_plugin.verification.met import Met
from hydria_plugin.verification.online import OnlineLearner, last_known

HOUR = np.timedelta64(3600, "s")
PAST, HORIZON = 12, 3


def finite_mean(values: np.ndarray) -> np.ndarray:
    """Over the last axis; 0 where nothing is known."""
    known = np.isfinite(values)
    return np.where(known, values, 0.0).sum(axis=-1) / np.maximum(known.sum(axis=-1), 1)


class Diary:
    """Learns by writing down: every valid time met, and sums that depend on the order of what it met."""

    def forecast(self, window: Window) -> Forecast:
        last = np.nan_to_num(window.observed.values[:, 0, -1], nan=0.5)
        spread = np.linspace(-0.3, 0.3, len(window.quantiles))
        values = last[:, None, None] + np.ones((1, window.layout.horizon, 1)) * spread
        parts = np.stack([values[..., 3], values[..., 3] + 0.1], axis=1)
        return Forecast.of(window, values, "diary", parts=parts, part_names=("a", "b"))

    def learn(self, verified: Verified, state: State) -> State:
        met = np.append(state.get("met", np.empty(0, np.int64)), verified.valid_at.astype("M8[s]").astype(np.int64))
        centre = verified.forecast[:, :, 3]
        miss = finite_mean(verified.truth[:, None] - centre)
        assert verified.parts is not None and verified.base is not None
        part = finite_mean(verified.parts.reshape(len(miss), -1))
        before = state.get("decayed", np.zeros(len(miss)))
        return {"met": met, "decayed": 0.7 * before + miss + 0.01 * part}


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path):
    made = MemoryStore() if request.param == "memory" else SqlStore(f"sqlite:///{tmp_path / 'hydria.db'}")
    yield made
    made.close()


@pytest.fixture(scope="module")
def history() -> History:
    layout = sample_layout(stations=2, slots=1, past=PAST, horizon=HORIZON)
    return sample_history(layout, steps=80, gaps=0.0)


def cycle(store: Store, learner: OnlineLearner, window: Window, revision: int = 0) -> Bulletin:
    """What run_cycle does of it: learn, forecast, store."""
    states = learner.update(window, store, "p")
    forecast = Diary().forecast(window)
    bulletin = Bulletin(
        "p", window.issued_at, window.known_at.astype("M8[us]"), revision, window.layout, Summary.of(window),
        forecast, forecast, learned=states,
    )  # fmt: skip
    store.put(bulletin)
    return bulletin


def learner() -> OnlineLearner:
    return OnlineLearner({"diary": Diary(), "mute": object()})


def run(store: Store, record: History, steps: Sequence[int], seen: Callable[[int], History] | None = None) -> State:
    """The diary after cycles at ``steps``; ``seen(t)`` is the record as it was known at t."""
    school, last = learner(), {}
    for t in steps:
        last = cycle(store, school, window_of(record if seen is None else seen(t), t)).learned["diary"]
    return last


def without(record: History, station: int, *steps: int) -> History:
    values = np.array(record.target.values)
    values[station, list(steps)] = np.nan
    return replace(record, target=Signal.measured(values))


def hours(record: History, state: State) -> list[int]:
    first = record.times[0].astype("M8[s]").astype(np.int64)
    return [(int(m) - int(first)) // 3600 for m in state["met"]]


def test_every_truth_is_learned_once_in_order(store: Store, history: History) -> None:
    state = run(store, history, range(20, 40))
    assert hours(history, state) == list(range(21, 40))  # the first forecast is for step 21


def test_forecast_truth_and_base_are_those_of_each_lead(history: History) -> None:
    seen: list[Verified] = []

    class Witness(Diary):
        def learn(self, verified: Verified, state: State) -> State:
            seen.append(verified)
            return state

    store, school = MemoryStore(), OnlineLearner({"w": Witness()})
    for t in range(20, 26):
        cycle(store, school, window_of(history, t))
    v = seen[-1]
    assert v.valid_at == history.times[25]
    assert v.truth == pytest.approx(history.target.values[:, 25])
    for lead in range(1, HORIZON + 1):
        at_issue = history.target.values[:, 25 - lead]
        assert v.base is not None and v.base[:, lead - 1] == pytest.approx(at_issue, rel=1e-6)
        assert v.forecast[:, lead - 1, 3] == pytest.approx(at_issue, rel=1e-6)
        assert v.parts is not None and v.parts[:, 1, lead - 1] == pytest.approx(at_issue + 0.1, rel=1e-6)
    assert np.isnan(seen[0].forecast[:, 1:]).all()  # only the bulletin of one step before existed


def test_a_restart_changes_nothing(store: Store, history: History) -> None:
    steps = range(20, 40)
    whole = run(MemoryStore(), history, steps)
    for t in steps:
        state = cycle(store, learner(), window_of(history, t)).learned["diary"]  # a fresh learner each time
    assert np.array_equal(state["met"], whole["met"]) and state["decayed"] == pytest.approx(whole["decayed"], rel=1e-12)


def test_the_same_store_gives_the_same_state(store: Store, history: History) -> None:
    run(store, history, range(20, 35))
    window = window_of(history, 35)
    one, two = learner().update(window, store, "p"), learner().update(window, store, "p")
    assert all(np.array_equal(one["diary"][k], two["diary"][k]) for k in one["diary"])


def test_late_truth_is_learned_as_if_it_had_come_in_time(store: Store, history: History) -> None:
    late = without(history, 0, 27)
    both = without(late, 1, 27)
    state = run(store, history, range(20, 34), lambda t: history if t >= 31 else both)
    in_time = run(MemoryStore(), history, range(20, 34))
    # the diary's forecasts do not depend on what it learned, but those issued at 27 had no last value
    assert hours(history, state) == hours(history, in_time) == list(range(21, 34))


def test_a_feed_that_is_always_late_is_not_learned_anew_at_every_step(history: History) -> None:
    """The value of the step itself often comes with the next one."""
    counted: list[np.datetime64] = []

    class Counting(Diary):
        def learn(self, verified: Verified, state: State) -> State:
            counted.append(verified.valid_at)
            return super().learn(verified, state)

    def seen(now: int) -> History:
        values = np.array(history.target.values)
        values[:, now:] = np.nan
        return replace(history, target=Signal.measured(values))

    held, school = MemoryStore(), OnlineLearner({"diary": Counting()})
    for t in range(20, 60):
        state = cycle(held, school, window_of(seen(t), t)).learned["diary"]
    assert hours(history, state) == list(range(21, 59))
    assert len(counted) <= 2 * 40  # each once for the state, once for the ground


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_late_and_corrected_truth_equal_truth_in_time(data: st.DataObject, history: History) -> None:
    """Whatever comes late or is corrected within the window: the last state is that of truth in time, given the same
    forecasts."""
    steps = range(20, 40)
    odd = {
        t: (data.draw(st.sampled_from(["gap", "wrong"])), data.draw(st.integers(t + 1, min(38, t + PAST - 1))))
        for t in data.draw(st.lists(st.integers(21, 37), max_size=8, unique=True))
    }

    def seen(now: int) -> History:
        values = np.array(history.target.values)
        for t, (kind, mended) in odd.items():
            if now < mended:
                values[0, t] = np.nan if kind == "gap" else values[0, t] + 3.0
        return replace(history, target=Signal.measured(values))

    disturbed, plain = MemoryStore(), MemoryStore()
    got, school = run(disturbed, history, steps, seen), learner()
    for t in steps:  # the same forecasts, met by truth in time
        window = window_of(history, t)
        states = school.update(window, plain, "p")
        held = disturbed.bulletin("p", window.issued_at)
        assert held is not None
        plain.put(replace(held, learned=states))
    assert np.array_equal(got["met"], states["diary"]["met"])
    assert got["decayed"] == pytest.approx(states["diary"]["decayed"], rel=1e-12)


def test_a_revised_forecast_is_the_one_that_counts(store: Store, history: History) -> None:
    school = learner()
    for t in range(20, 26):
        cycle(store, school, window_of(history, t))
    revised = without(history, 0, 24)  # other inputs, another forecast
    cycle(store, school, window_of(revised, 24), revision=1)
    after = school.update(window_of(history, 26), store, "p")["diary"]
    again = learner().update(window_of(history, 26), store, "p")["diary"]
    assert np.array_equal(after["decayed"], again["decayed"])
    assert hours(history, after) == list(range(21, 27))


def test_forecasts_of_other_stations_are_not_met(history: History) -> None:
    """The same number of stations in another order is another configuration."""
    seen: list[Verified] = []

    class Witness(Diary):
        def learn(self, verified: Verified, state: State) -> State:
            seen.append(verified)
            return state

    store = MemoryStore()
    for t in range(20, 24):
        cycle(store, OnlineLearner({}), window_of(history, t))
    OnlineLearner({"w": Witness()}).update(window_of(history.only([1, 0]), 24), store, "p")
    assert seen and all(np.isnan(v.forecast).all() for v in seen)


def test_failed_truth_teaches_nothing(history: History) -> None:
    flags = np.array(history.target.flags)
    flags[:, 25] = Flag.FAIL
    values = history.target.values
    bad = replace(
        history, target=Signal(values, np.zeros_like(values), flags, np.zeros(values.shape, np.uint16), values)
    )
    state = run(MemoryStore(), bad, range(20, 30))
    assert hours(history, state) == [21, 22, 23, 24, 26, 27, 28, 29]


def test_steps_that_were_never_forecast_are_passed_over(history: History) -> None:
    state = run(MemoryStore(), history, [20, 21, 22, 28, 29])
    assert hours(history, state) == [21, 22, 23, 24, 25, 29]  # 26 to 28 lie beyond every horizon


def test_a_step_caught_up_later_is_learned_then(history: History) -> None:
    store, school = MemoryStore(), learner()
    for t in (20, 21, 23, 24):
        cycle(store, school, window_of(history, t))
    cycle(store, school, window_of(history, 22))  # newest first: 22 is made after 24
    after = cycle(store, school, window_of(history, 25)).learned["diary"]
    straight = run(MemoryStore(), history, range(20, 26))
    assert hours(history, after) == hours(history, straight)
    assert after["decayed"] == pytest.approx(straight["decayed"], rel=1e-9)


def test_nothing_to_learn_is_nothing(history: History) -> None:
    school = OnlineLearner({"mute": object()})
    assert school.update(window_of(history, 30), MemoryStore(), "p") == {}
    first = learner().update(window_of(history, 30), MemoryStore(), "p")["diary"]
    assert set(first) == {VALID, DIGEST} and len(first[VALID]) == 1  # the oldest step, by now before the window


def test_the_corrector_meets_what_was_issued(history: History) -> None:
    seen: dict[str, list[float]] = {"f": [], "c": []}

    class Witness(Diary):
        def __init__(self, key: str) -> None:
            self.key = key

        def learn(self, verified: Verified, state: State) -> State:
            seen[self.key].append(float(verified.forecast[0, 0, 3]))
            return state

    store = MemoryStore()
    school = OnlineLearner({"f": Witness("f"), "c": Witness("c")}, correctors=("c",))
    for t in (20, 21):
        window = window_of(history, t)
        raw = Diary().forecast(window)
        final = replace(raw, values=raw.values + 1.0)
        states = school.update(window, store, "p")
        known = window.known_at.astype("M8[us]")
        store.put(
            Bulletin("p", window.issued_at, known, 0, window.layout, Summary.of(window), raw, final, learned=states)
        )
    assert seen["c"][0] == pytest.approx(seen["f"][0] + 1.0, rel=1e-6)


@pytest.mark.parametrize(("bytes_held", "horizons"), [(10**9, 2), (10, 1)])
def test_memory_stays_bounded(
    history: History, monkeypatch: pytest.MonkeyPatch, bytes_held: int, horizons: int
) -> None:
    monkeypatch.setattr("hydria_plugin.verification.online.MOST_HELD", bytes_held)
    store, school = MemoryStore(), learner()
    for t in range(15, 75):
        last = cycle(store, school, window_of(history, t)).learned["diary"]
    assert len(school.held) == horizons * HORIZON
    assert hours(history, last) == list(range(16, 75))


def test_each_bulletin_is_read_twice_at_most(history: History) -> None:
    """Once when its forecasts first meet truth, once when they leave the window."""
    reads: list[np.datetime64] = []

    class Watched(MemoryStore):
        def bulletin(self, pipeline: str, issued_at: np.datetime64, revision: int | None = None) -> Bulletin | None:
            reads.append(issued_at)
            return super().bulletin(pipeline, issued_at, revision)

    run(Watched(), history, range(15, 75))
    assert max(reads.count(at) for at in reads) == 2


def kept(valid: np.ndarray, digests: Sequence[int]) -> Kept:
    first = valid[0] if len(valid) else np.datetime64(0, "s")
    return Kept({"at": np.array(1)}, {"at": np.array(0)}, first, valid, np.array(digests, dtype=np.uint64))


def met(valid: np.ndarray, digests: Sequence[int]) -> Met:
    k = len(valid)
    return Met(
        valid, np.zeros((1, k)), np.zeros((1, k)), np.zeros((k, 1), np.int64), np.array(digests, dtype=np.uint64)
    )


def test_what_agrees_is_resumed_where_it_ended(history: History) -> None:
    times = history.times[:6].astype("M8[s]")
    state, start = kept(times[:4], [1, 2, 3, 4]).resume(met(times[1:6], [2, 3, 4, 5, 6]))
    assert state["at"] == 1 and start == 3


def test_what_disagrees_is_learned_anew_from_before_the_window(history: History) -> None:
    times = history.times[:6].astype("M8[s]")
    state, start = kept(times[:4], [1, 2, 3, 4]).resume(met(times[1:6], [2, 9, 4, 5, 6]))
    assert state["at"] == 0 and start == 0


def test_a_longer_past_does_not_teach_twice(history: History) -> None:
    """After a change of ``past`` the window may begin before the ground."""
    times = history.times[:6].astype("M8[s]")
    state, start = kept(times[2:4], [3, 4]).resume(met(times, [1, 2, 3, 9, 5, 6]))
    assert state["at"] == 0 and start == 3


def test_nothing_in_common_is_no_disagreement(history: History) -> None:
    times = history.times[:6].astype("M8[s]")
    state, start = kept(times[:2], [1, 2]).resume(met(times[3:], [4, 5, 6]))
    assert state["at"] == 1 and start == 0


def test_a_state_comes_back_from_the_store_as_it_went(history: History) -> None:
    one = kept(history.times[:3].astype("M8[s]"), [1, 2, 3])
    two = Kept.of(one.stored())
    assert two.state == one.state and two.ground == one.ground and two.ground_at == one.ground_at
    assert np.array_equal(two.valid, one.valid) and np.array_equal(two.digests, one.digests)
    assert Kept.of(None).state == {} and Kept.of({"own": np.array(1)}).resume(met(one.valid, [1, 2, 3]))[1] == 0


def test_last_known_passes_over_gaps() -> None:
    assert last_known(np.array([[1.0, 2.0, np.nan], [1.0, 2.0, 3.0]])).tolist() == [2.0, 3.0]
    assert np.isnan(last_known(np.full((1, 3), np.nan))).all()


def big(stations: int, past: int, horizon: int) -> History:
    names = tuple(f"s{i}" for i in range(stations))
    layout = Layout(
        names, names, ("level",) * stations, ("m",) * stations, (), (), np.empty((stations, 0), dtype=str), HOUR, past,
        horizon, (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95),
    )  # fmt: skip
    steps = past + horizon + 10
    rng = np.random.default_rng(2)
    target = Signal.measured(rng.normal(size=(stations, steps)))
    none = Signal.measured(np.empty((stations, steps, 0)))
    return History(layout, history_times(steps), target, none, np.empty((stations, steps, 0, 0)))


def history_times(steps: int) -> np.ndarray:
    return np.datetime64("2026-03-01T00:00:00", "s") + HOUR * np.arange(steps)


@pytest.mark.alone
@pytest.mark.slow
def test_one_station_costs_little_in_a_backtest() -> None:
    """The budget is 2 ms; the bound here leaves room for a loaded machine."""
    record = big(1, 72, 24)
    store, school, spent = MemoryStore(), learner(), []
    for t in range(72, 106):
        window = window_of(record, t)
        start = perf_counter()
        school.update(window, store, "p")
        spent.append(perf_counter() - start)
        cycle(store, school, window)
    assert np.median(spent) < 0.010
