"""The rest of the doubt inside the real cycle: learned as truth arrives, committed, replayed, and told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hydria_plugin import Bulletin, Forecast, History, State, Store, Window
from hydria_plugin.alerts import AlertRules, Thresholds
from hydria_plugin.correctors.conformal.corrector import Conformal
from hydria_plugin.correctors.input_error.corrector import InputError
from hydria_plugin.cycle import Pipeline, run_cycle
from hydria_plugin.decomposition import RESIDUAL
from hydria_plugin.decomposition_rest import NAME, Rest, rest_of
from hydria_plugin.stores.memory import MemoryStore
from hydria_plugin.stores.sql import SqlStore
from hydria_plugin.values import Floats, band_variance
from hydria_plugin.verification.online import OnlineLearner
from tests.test_cycle import HISTORY, LAYOUT
from tests.test_decomposition import Spreading, wet_step
from tests.verification.test_online_cycle import Replaying


class Wandering(Spreading):
    """The same, at stations whose last value is known."""

    def forecast(self, window: Window) -> Forecast:
        made = super().forecast(window)
        known = np.isfinite(window.observed.values[:, 0, -1])
        return replace(made, values=np.where(known[:, None, None], made.values, np.nan))


def pipeline(store: Store, late: dict[tuple[int, int], int] | None = None, history: History = HISTORY) -> Pipeline:
    conformal = Conformal()
    parts = {"conformal": conformal, NAME: Rest()}
    return Pipeline(
        "p", LAYOUT, Replaying(history, late or {}), {"wandering": Wandering()}, store,
        Thresholds((), np.empty((3, 0))), AlertRules(), input_correctors={"input-error": InputError()},
        forecast_correctors={"conformal": conformal}, learner=OnlineLearner(parts, tuple(parts)),
    )  # fmt: skip


def run(p: Pipeline, steps: range) -> list[Bulletin]:
    found = [run_cycle(p, HISTORY.times[t], HISTORY.times[t].astype("M8[us]")) for t in steps]
    assert not any(b.problems and b.problems[0].stage != "forecast" for b in found)
    return found


def told_by(bulletin: Bulletin) -> Floats:
    assert bulletin.forecast.variance is not None
    return bulletin.forecast.variance


@pytest.fixture(scope="module")
def steps() -> range:
    first = int(np.flatnonzero(HISTORY.times == wet_step())[0])
    return range(first, first + 30)


def test_the_cycle_learns_the_rest_and_tells_it(steps: range) -> None:
    first, *_, last = run(pipeline(MemoryStore()), steps)
    assert "sums" not in first.learned[NAME] and last.learned[NAME]["sums"].any()
    variance, there = told_by(last), last.forecast.there
    state = {k: a for k, a in last.learned[NAME].items() if not k.startswith("learner.")}
    beyond = band_variance(last.forecast.values, LAYOUT.quantiles) - variance[..., :RESIDUAL].sum(axis=2)
    wanted = rest_of(state, band_variance(last.raw.values, LAYOUT.quantiles), np.maximum(beyond, 0.0))
    np.testing.assert_allclose(variance[there][..., RESIDUAL], wanted[there], rtol=1e-9)


def test_the_cycle_learns_from_what_was_told_at_each_lead(steps: range) -> None:
    found = run(pipeline(MemoryStore()), steps)
    wanted = np.zeros((3, LAYOUT.horizon, 4))
    for t in range(1, len(found)):
        truth = HISTORY.target.values[:, steps[t]]
        for lead in range(1, min(t, LAYOUT.horizon) + 1):
            made, raw = found[t - lead].forecast, found[t - lead].raw
            scale = band_variance(raw.values, LAYOUT.quantiles)[:, lead - 1]
            told = told_by(found[t - lead])[:, lead - 1, :RESIDUAL].sum(axis=1)
            wanted[:, lead - 1] += np.stack([scale**0, scale, told, (truth - made.median[:, lead - 1]) ** 2], axis=1)
    learned = found[-1].learned[NAME]["sums"].sum(axis=2)
    np.testing.assert_allclose(learned, wanted, rtol=3e-3)  # but for what is forgotten


def test_no_truth_of_later_changes_what_is_told(steps: range) -> None:
    plain = told_by(run(pipeline(MemoryStore()), steps)[14])
    values = np.array(HISTORY.target.values)
    values[:, steps[15] :] += 40.0
    spoilt = pipeline(MemoryStore(), history=replace(HISTORY, target=replace(HISTORY.target, values=values)))
    told = run(spoilt, steps)
    np.testing.assert_array_equal(told_by(told[14]), plain)
    assert (told_by(told[-1])[..., RESIDUAL] > plain[..., RESIDUAL]).any()


def test_a_restart_changes_nothing(steps: range, tmp_path: Path) -> None:
    whole = run(pipeline(MemoryStore()), steps)[-1]
    store = SqlStore(url=f"sqlite:///{tmp_path / 'h.db'}")
    run(pipeline(store), steps[:17])
    store.close()
    again = SqlStore(url=f"sqlite:///{tmp_path / 'h.db'}")
    resumed = run(pipeline(again), steps[17:])[-1]
    again.close()
    np.testing.assert_allclose(told_by(resumed), told_by(whole), rtol=1e-9)
    np.testing.assert_allclose(resumed.learned[NAME]["sums"], whole.learned[NAME]["sums"], rtol=1e-9)


def test_late_truth_is_learned_as_if_it_had_come_in_time(steps: range) -> None:
    late = {(0, steps[8]): 5, (1, steps[15]): 3}
    p = pipeline(MemoryStore(), late)
    learned = run(p, steps)[-1].learned[NAME]
    again, school = MemoryStore(), OnlineLearner({NAME: Rest()}, (NAME,))
    states: Mapping[str, State] = {}
    whole = pipeline(MemoryStore()).buffer
    for t in steps:  # the forecasts as they were issued, each truth in time
        bulletin = p.store.bulletin("p", HISTORY.times[t])
        assert bulletin is not None
        states = school.update(whole.window(HISTORY.times[t], HISTORY.times[t]), again, "p")
        again.put(replace(bulletin, learned=states))
    np.testing.assert_allclose(learned["sums"], states[NAME]["sums"], rtol=1e-9)
