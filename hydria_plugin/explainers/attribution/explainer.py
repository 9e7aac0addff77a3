"""The explainer: one report for each station of the window whose forecaster can say what its median is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hydria_plugin import Attributing, Attribution, Forecast, Forecaster, Layout, Report, Window
from hydria_plugin.drawing.words import Words
from hydria_plugin.values import Floats, Times

from .figure import figure
from .telling import Telling, telling_of
from .words import headline

KIND = "attribution"
CORRECTIONS = {"error-model": "error model", "conformal": "calibration"}  # corrector -> line


class AttributionExplainer:
    """Why this forecast now. ``words``: the platform's language and time zone, from the house."""

    name = "attribution"

    def __init__(self, *, words: Words | None = None) -> None:
        self.words = words or Words.of("en", "UTC")

    def explain(self, window: Window, forecast: Forecast, forecaster: Forecaster) -> Sequence[Report]:
        """Nothing for stations without a forecast, or of a forecaster that cannot say why."""
        if not isinstance(forecaster, Attributing):
            return []
        found = corrected(forecaster.attribute(window), forecast)
        p, h = window.layout.past, window.layout.horizon
        times = window.issued_at + window.step * np.arange(1 - p, h + 1)
        there = np.flatnonzero(forecast.there & np.isfinite(found.median).all(axis=1))
        return [self.report(found, window.layout, forecast, int(row), times) for row in there]

    def report(self, found: Attribution, layout: Layout, forecast: Forecast, row: int, times: Times) -> Report:
        telling = telling_of(found, layout, row, times)
        told = headline(telling, self.words)
        body = {"issued_at": iso(forecast.issued_at), "made_by": forecast.made_by[row], **body_of(telling, found, row)}
        return Report(KIND, telling.station, "", told, {**body, "svg": figure(telling, told, self.words)})


def corrected(found: Attribution, forecast: Forecast) -> Attribution:
    """The parts of the issued median: what the correctors changed is a line for each of them."""
    if forecast.corrections is not None:
        for c, name in enumerate(forecast.correction_names):
            found = found.adding(CORRECTIONS.get(name, name), forecast.corrections[:, c])
    off = np.nan_to_num(np.abs(forecast.median - found.median)).max(initial=0.0)
    return found if off <= 1e-9 else found.closed("calibration", forecast.median)


def body_of(telling: Telling, found: Attribution, row: int) -> Mapping[str, Any]:
    """JSON-able: the parts at the peak step by step, and at every lead in sums."""
    cause, share = telling.main()
    return {
        "unit": telling.unit,
        "base": telling.base,
        "peak": {"lead": telling.lead + 1, "at": iso(telling.times[telling.past + telling.lead]),
                 "median": telling.median, "change": telling.change},
        "main": {"what": cause.what, "name": cause.name, "share": share, "part": cause.part, "ahead": cause.ahead,
                 **span(cause.first, cause.last, telling.times)},
        "times": [iso(time) for time in telling.times],
        "slots": [slot_of(telling, v) for v, name in enumerate(telling.series) if name],
        "own": numbers(telling.own),
        "lines": telling.lines,
        "leads": leads_of(telling, found, row),
    }  # fmt: skip


def slot_of(telling: Telling, v: int) -> Mapping[str, Any]:
    """One slot at the peak: what its past and future steps and its running totals add."""
    parts = telling.inputs[:, v]
    return {
        "slot": telling.slots[v],
        "series": telling.series[v],
        "kind": telling.kinds[v],
        "part": float(parts.sum() + telling.before[v]),
        "steps": numbers(parts),
        "before": float(telling.before[v]),
    }


def leads_of(telling: Telling, found: Attribution, row: int) -> Mapping[str, Any]:
    """At every lead: the sums by slot, the rest, and the median they add up to."""
    by_slot = found.inputs[row].sum(axis=1) + found.before[row]  # (H, V)
    return {
        "base": numbers(found.base[row]),
        "own": numbers(found.own[row].sum(axis=1)),
        "slots": {slot: numbers(by_slot[:, v]) for v, slot in enumerate(telling.slots) if telling.series[v]},
        "lines": {name: numbers(line[row]) for name, line in found.lines.items()},
        "median": numbers(found.median[row]),
    }


def span(first: int, last: int, times: Times) -> Mapping[str, str]:
    """From the beginning of the first step to the end of the last; nothing where no steps are named."""
    if last < first:
        return {}
    return {"from": iso(times[first] - (times[1] - times[0])), "to": iso(times[last])}


def numbers(values: Floats) -> list[float]:
    return [float(value) for value in values]


def iso(time: np.datetime64) -> str:
    return f"{time.astype('datetime64[s]')}Z"
