"""Scenarios asked for together are the same as asked for one by one."""

from __future__ import annotations

import numpy as np
import pytest

from hydria_plugin import Signal, Window
from hydria_plugin.forecasters import cases
from hydria_plugin.forecasters.cases import Cases, cases_of_scenarios, cases_of_window, forecast_window
from hydria_plugin.testing.samples import sample_history, sample_layout, window_of
from hydria_plugin.values import Floats

SCENARIOS = 5


def doubted() -> Window:
    """A window of two stations, of which one has an estimated value, in five scenarios."""
    history = sample_history(sample_layout(), 300, seed=3)
    window = window_of(history, 200)
    rng = np.random.default_rng(5)

    def many(signal: Signal, lost: bool) -> Signal:
        values = np.repeat(np.asarray(signal.values), SCENARIOS, axis=1)
        sigma = np.repeat(np.asarray(signal.sigma), SCENARIOS, axis=1).copy()
        values = values * np.where(np.arange(SCENARIOS) > 0, rng.uniform(0.8, 1.2, SCENARIOS), 1.0).reshape(
            1, SCENARIOS, *[1] * (values.ndim - 2)
        )
        if lost:
            sigma[0, :, -1] = 0.1
        rest = {
            name: np.repeat(np.asarray(getattr(signal, name)), SCENARIOS, axis=1) for name in ("flags", "method", "raw")
        }
        return Signal(values=values, sigma=sigma, **rest)

    return Window(
        **{
            name: getattr(window, name)
            for name in window.__dataclass_fields__
            if name not in ("observed", "past", "future")
        },
        observed=many(window.observed, True),
        past=many(window.past, False),
        future=many(window.future, False),
    )


def told(c: Cases) -> Floats:
    """Quantiles that depend on everything in a case, row by row."""
    mark = (
        np.nansum(c.target, axis=1) + np.nansum(c.inputs, axis=(1, 2)) + 7 * c.rows + np.nansum(c.totals, axis=(1, 2))
    )
    lead = np.arange(1, c.future.shape[1] + 1)
    return mark[:, None, None] + lead[None, :, None] * np.linspace(-1.0, 1.0, 7)[None, None]


def rows_of(window: Window) -> np.ndarray:
    return np.arange(len(window.stations))


def test_a_scenario_s_cases_lie_where_they_are_looked_for() -> None:
    window = doubted()
    together = cases_of_scenarios(window, slice(1, SCENARIOS), rows_of(window), 6)
    for r in range(1, SCENARIOS):
        alone, some = cases_of_window(window, r, rows_of(window), 6), np.arange(len(window.stations)) * (SCENARIOS - 1)
        for name in ("target", "inputs", "future", "totals", "rows", "base"):
            assert np.array_equal(getattr(together, name)[some + r - 1], getattr(alone, name), equal_nan=True), name


@pytest.mark.parametrize("at_once", [1, 3, 20_000])
def test_however_many_are_asked_at_once(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    window = doubted()
    sizes = []

    def counted(c: Cases) -> Floats:
        sizes.append(len(c))
        return told(c)

    whole = forecast_window(window, rows_of(window), 6, told)
    monkeypatch.setattr(cases, "AT_ONCE", at_once)
    assert np.array_equal(forecast_window(window, rows_of(window), 6, counted), whole)
    assert max(sizes[1:]) <= max(at_once, 1)


def test_only_the_doubted_station_is_mixed() -> None:
    window = doubted()
    whole = forecast_window(window, rows_of(window), 6, told)
    best = told(cases_of_window(window, 0, rows_of(window), 6))
    assert not np.allclose(whole[0], best[0])
    assert np.array_equal(whole[1:], best[1:])
