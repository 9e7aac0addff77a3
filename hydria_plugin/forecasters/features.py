"""The columns of the boosting: designed sums, changes and states, at the issue time and for each lead.

All sums are differences-free running sums from the newest step backwards, so that a case has the same numbers
whether it is computed alone or among ten thousand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hydria_plugin.values import SUMMED, Floats, Times

from .cases import Cases, newest
from .spread import mean_rain

SPANS = (1, 2, 3, 4, 6, 9, 12, 18, 24, 36, 48, 72, 96, 144)  # steps
PER_GAUGE = (1, 3, 6, 12, 24)
CHANGES = (1, 2, 3, 6, 12, 24)
AHEAD = (1, 2, 3, 4, 6, 9, 12, 18, 24, 36, 48, 72)
FURTHER = (36, 48, 60)  # and the whole window, in the wide form
SINGLE = 6  # steps ahead that stand alone


@dataclass(frozen=True, slots=True, eq=False)
class Scales:
    """What makes stations alike: the usual level and movement of targets and of inputs that are states."""

    centre: Floats  # (S)
    unit: Floats  # (S)
    slot_centre: Floats  # (S, V) 0 for rain
    slot_unit: Floats  # (S, V) 1 for rain
    static: Floats  # (S, K)


def issue_features(cases: Cases, scales: Scales, wide: bool = False) -> Floats:
    """(N, F) what is known at the issue time; ``wide``: and what follows the clock (see :func:`wide_columns`)."""
    rows = np.maximum(cases.rows, 0)
    unit, centre = scales.unit[rows][:, None], scales.centre[rows][:, None]
    parts = [*target_columns(cases, centre, unit), *rain_columns(cases)]
    parts += state_columns(cases, scales.slot_centre[rows], scales.slot_unit[rows])
    parts.append(scales.static[rows])
    if wide:
        parts += wide_columns(cases, unit, scales.slot_unit[rows])
    return np.concatenate(parts, axis=1).astype(np.float32)


def target_columns(cases: Cases, centre: Floats, unit: Floats) -> list[Floats]:
    """Level, changes to now over rising spans, place within the range of recent and of all of the window."""
    base, target = cases.base[:, None], cases.target
    length = target.shape[1]
    changes = [base - target[:, -1 - k][:, None] for k in SPANS if k < length]
    ranges = []
    for span in (6, 24, length):
        known = np.isfinite(target[:, -span:])
        high = np.where(known, target[:, -span:], -np.inf).max(axis=1, keepdims=True)
        low = np.where(known, target[:, -span:], np.inf).min(axis=1, keepdims=True)
        ranges += [base - high, base - low]
    scaled = np.concatenate([base - centre, *changes, *ranges], axis=1) / unit
    return [np.asarray(np.where(np.isfinite(scaled), scaled, np.nan))]


def running(values: Floats) -> Floats:
    """(N, P) sums of the newest 1, 2, ... steps of (N, P); gaps count as the mean of what is known, and a sum of
    which less than half is known is NaN."""
    backwards = values[:, ::-1]
    known = np.isfinite(backwards)
    total = np.cumsum(np.where(known, backwards, 0.0), axis=1)
    count = np.cumsum(known, axis=1)
    length = np.arange(1, values.shape[1] + 1)
    return np.where(2 * count >= length, total * length / np.maximum(count, 1), np.nan)


def rain_columns(cases: Cases) -> list[Floats]:
    """Sums of the mean rain over rising spans, its peaks, its running totals, and what each gauge adds."""
    if not len(cases.rain):
        return []
    length = cases.inputs.shape[1]
    mean = mean_rain(cases.inputs, cases)
    parts = [running(mean)[:, [k - 1 for k in SPANS if k <= length]]]
    parts += [np.nan_to_num(mean[:, -span:]).max(axis=1, keepdims=True) for span in (6, 24) if span <= length]
    totals = cases.totals[:, cases.rain]
    parts.append(np.round(totals.sum(axis=1) / len(cases.rain), 6))
    if len(cases.rain) > 1:
        own = [running(cases.inputs[:, :, v])[:, [k - 1 for k in PER_GAUGE if k <= length]] for v in cases.rain]
        parts += own
    return parts


def state_columns(cases: Cases, centre: Floats, unit: Floats) -> list[Floats]:
    """Rivers upstream, temperature, simulations: where they are and how they moved; evaporation as sums."""
    parts: list[Floats] = []
    length = cases.inputs.shape[1]
    for v, kind in enumerate(cases.kinds):
        series = cases.inputs[:, :, v]
        if kind == "pet":
            parts.append(running(series)[:, [min(24, length) - 1]])
        elif kind != "rain":
            now = newest(series, 6)[:, None]
            changes = [now - series[:, -1 - k][:, None] for k in CHANGES if k < length]
            parts.append(np.concatenate([now - centre[:, [v]], *changes], axis=1) / unit[:, [v]])
    return parts


def wide_columns(cases: Cases, unit: Floats, slot_unit: Floats) -> list[Floats]:
    """What tides, hydropower, snow melt and growth go by: the time of day and of year, and changes of river and inputs
    over far steps and all of the window."""
    base, target, length = cases.base[:, None], cases.target, cases.target.shape[1]
    angles = 2 * np.pi * np.stack([part_of(cases.issued, cycle) for cycle in ("D", "Y")], axis=1)
    parts = [np.sin(angles), np.cos(angles)]
    parts += [(base - target[:, -1 - k][:, None]) / unit for k in further(SPANS, length)]
    for v in states_of(cases.kinds):
        series = cases.inputs[:, :, v]
        now = newest(series, 6)[:, None]
        parts += [(now - series[:, -1 - k][:, None]) / slot_unit[:, [v]] for k in further(CHANGES, length)]
    return parts


def part_of(times: Times, cycle: str) -> Floats:
    """How much of the day ("D") or year ("Y") in UTC is gone at each time, 0 to 1."""
    first = times.astype(f"datetime64[{cycle}]")
    gone, whole = times - first, (first + 1).astype(times.dtype) - first.astype(times.dtype)
    return np.asarray(gone / whole, dtype=np.float64)


def further(held: Sequence[int], length: int) -> list[int]:
    """Steps back, within a window of ``length``, that are not among those ``held`` already."""
    return sorted({k for k in (*FURTHER, length - 1) if max(CHANGES) < k < length} - set(held))


def states_of(kinds: Sequence[str]) -> list[int]:
    """Slots that have a level of their own, unlike sums of rain and evaporation."""
    return [v for v, kind in enumerate(kinds) if kind not in SUMMED]


def lead_features(cases: Cases, lead: int, scales: Scales, with_rain: bool) -> Floats:
    """(N, G) what is known of the horizon up to ``lead``: rain sums that end at the valid time, reaching back into
    the past where they are longer than the lead; simulations archived or given by the host, in both forms."""
    rows = np.maximum(cases.rows, 0)
    parts = simulation_columns(cases, lead, scales.unit[rows], scales.centre[rows])
    if with_rain and len(cases.rain):
        parts += coming_columns(cases, lead)
    elif not parts:
        parts = [np.zeros((len(cases), 0))]
    return np.concatenate(parts, axis=1).astype(np.float32)


def simulation_columns(cases: Cases, lead: int, unit: Floats, centre: Floats) -> list[Floats]:
    """The host model's value at the valid time: its own change until then, and how it stands to the target now."""
    parts: list[Floats] = []
    for v in (v for v, kind in enumerate(cases.kinds) if kind == "simulation"):
        then, now = cases.future[:, lead - 1, v], newest(cases.inputs[:, :, v], 6)
        parts.append(np.stack([(then - now) / unit, (then - cases.base) / unit], axis=1))
    return parts


def coming_columns(cases: Cases, lead: int) -> list[Floats]:
    mean = np.concatenate([mean_rain(cases.inputs, cases), mean_rain(cases.future[:, :lead], cases)], axis=1)
    length = mean.shape[1]
    spans = [k for k in AHEAD if k <= length and k != lead]
    coming = mean[:, -lead:]
    sums = running(mean)[:, [k - 1 for k in [lead, *spans]]]
    centroid = np.nan_to_num(coming) @ np.arange(lead, 0, -1.0) / np.maximum(np.nan_to_num(coming).sum(axis=1), 1e-3)
    parts = [sums, coming.max(axis=1, keepdims=True), centroid[:, None].round(4), coming[:, :SINGLE]]
    if len(cases.rain) > 1:
        parts += [running(cases.future[:, :lead, v])[:, [min(k, lead) - 1 for k in (3, lead)]] for v in cases.rain]
    return parts
