"""A bulletin of three stations, and scenes with numbers of one's own, for the tests of the pictures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hydria_plugin.alerts import AlertRules, Thresholds, crossings, with_reasons
from hydria_plugin.drawing.scene import EMPTY, Scene, Series
from hydria_plugin.testing import sample_layout
from hydria_plugin.testing.samples import sample_forecast, sample_history, window_of
from hydria_plugin.values import Bulletin, Summary

LAYOUT = replace(sample_layout(), names=("Anduze", "Alès", "Sauve"))
THRESHOLDS = Thresholds(("yellow", "orange", "red"), np.array([[0.5, 0.9, 40.0], [0.5, np.nan, 2.0], [np.nan] * 3]))


def bulletin() -> Bulletin:
    window = window_of(sample_history(LAYOUT, 700))
    f = sample_forecast(window)
    rules = AlertRules(probability=0.01)
    alerts = with_reasons(crossings(f, window, THRESHOLDS, rules), (), rules)
    return Bulletin("p", window.issued_at, window.known_at, 0, LAYOUT, Summary.of(window), f, f, alerts, window=window)


BULLETIN = bulletin()


def scene(
    station: str = "s1", b: Bulletin = BULLETIN, thresholds: Thresholds | None = THRESHOLDS, truth: Series = EMPTY
) -> Scene:
    return Scene.of(b, station, thresholds, EMPTY, truth)


def of_values(observed: list[float], values: list[float], limits: list[float]) -> Scene:
    """A scene with these numbers, all quantiles the same, and limits by rank."""
    s, q = scene(), len(BULLETIN.forecast.quantiles)
    names = tuple((f"t{i}", i, limit) for i, limit in enumerate(sorted(limits)))
    start = s.issued_at - s.step * np.arange(len(observed) - 1, -1, -1)
    return replace(
        s, observed=(start, np.array(observed)), values=np.repeat(np.array(values)[:, None], q, axis=1), limits=names
    )
