"""Plug-ins that learn side by side share what was verified, and learn what each would learn alone."""

from __future__ import annotations

import numpy as np

from hydria_plugin import Bulletin, Forecast, State, Summary, Verified
from hydria_plugin.stores.memory import MemoryStore
from hydria_plugin.testing.samples import sample_history, sample_layout, window_of
from hydria_plugin.verification.online import OnlineLearner

PAST, STEPS = 12, range(20, 50)
HISTORY = sample_history(sample_layout(stations=3, slots=1, past=PAST, horizon=4), steps=60, gaps=0.05)


class Summing:
    """Its state hangs on every truth and forecast it met, in their order."""

    def __init__(self) -> None:
        self.met: list[Verified] = []

    def learn(self, verified: Verified, state: State) -> State:
        self.met.append(verified)
        miss = np.nan_to_num(verified.truth[:, None] - verified.forecast[:, :, 3]).sum(axis=1)
        return {"sum": 0.9 * state.get("sum", np.zeros(len(miss))) + miss}


def lived(plugins: dict[str, Summing], corrected: bool = True) -> dict[str, list[np.ndarray]]:
    """The sums after every cycle; issued is a little above what the ladder said, or just that."""
    store, school = MemoryStore(), OnlineLearner(plugins, ("corrector", "other"))
    found: dict[str, list[np.ndarray]] = {name: [] for name in plugins}
    for t in STEPS:
        window = window_of(HISTORY, t)
        states = school.update(window, store, "p")
        last = np.nan_to_num(window.observed.values[:, 0, -1], nan=0.5)
        raw, final = (
            Forecast.of(window, (last + high)[:, None, None] + np.ones((1, 4, 1)) * np.linspace(-0.3, 0.3, 7), "some")
            for high in (0.0, 0.2)
        )
        known_at, summary = window.known_at.astype("M8[us]"), Summary.of(window)
        final = final if corrected else raw
        issued = Bulletin("p", window.issued_at, known_at, 0, window.layout, summary, raw, final, learned=states)
        store.put(issued)
        for name, state in states.items():
            found[name].append(state.get("sum", np.zeros(3)))
    return found


def test_side_by_side_they_learn_what_each_learns_alone() -> None:
    together = lived({name: Summing() for name in ("corrector", "other", "forecaster")})
    for name, sums in together.items():
        np.testing.assert_array_equal(sums, lived({name: Summing()})[name])
    assert not np.array_equal(together["corrector"][-1], together["forecaster"][-1])
    np.testing.assert_array_equal(together["corrector"], together["other"])


def test_what_was_verified_is_put_together_once_for_all_correctors() -> None:
    plugins = {name: Summing() for name in ("corrector", "other")}
    lived(plugins)
    newest = [p.met[-1] for p in plugins.values()]
    assert newest[0] is newest[1]
    assert len(plugins["other"].met) > len(STEPS)  # the window's oldest step is met as well


def test_where_nothing_was_corrected_it_is_put_together_once_for_all() -> None:
    plugins = {name: Summing() for name in ("corrector", "forecaster")}
    lived(plugins, corrected=False)
    one, other = (p.met[-1] for p in plugins.values())
    assert one is other and one.raw is not None and np.isfinite(one.forecast).any()
    np.testing.assert_array_equal(one.forecast, one.raw)
    lived(plugins)
    one, other = (p.met[-1] for p in plugins.values())
    assert one.raw is not None
    np.testing.assert_allclose(one.forecast, one.raw + 0.2, atol=1e-6)
    np.testing.assert_array_equal(other.forecast, one.raw)
