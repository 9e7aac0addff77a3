"""What makes stations alike: their scales, and what is known of each basin."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from hydria_plugin import History, Split
from hydria_plugin.values import Bools, Floats

from ..boosting_rows import floors, scales_of
from ..cases import FORESEEN
from ..fitting import masked_std, truth_ahead

SMALL = 1e-3  # of a unit: no lead moves less


@dataclass(frozen=True, slots=True, eq=False)
class Norms:
    """Per station: means, standard deviations and attributes, over the steps that may be learned from."""

    centre: Floats  # (S) of the target
    unit: Floats  # (S)
    floor: Floats  # (S) the lowest value that is believed
    move: Floats  # (S, H) root mean square of the change from now to each lead, in units
    slot_centre: Floats  # (S, V)
    slot_unit: Floats  # (S, V) one and the same for all rain gauges of a station
    total_unit: Floats  # (S, 2, A) of the running totals of rain and of evaporation
    basin: Floats  # (S, K + 4) attributes and what the record tells, standardised over the stations; 0 = not known

    def arrays(self) -> dict[str, Floats]:
        return {f.name: getattr(self, f.name) for f in fields(self)}


def norms_of(history: History, split: Split) -> Norms:
    layout = history.layout
    scales = scales_of(history, split)
    inside = split.fit | split.stop
    inputs = np.where(inside[:, :, None], history.inputs.values, np.nan)
    slot_centre, slot_unit = mean_of(inputs, axis=1), masked_std(inputs, axis=1)
    for kind in FORESEEN:
        same = [v for v, k in enumerate(layout.kinds) if k == kind]
        slot_centre[:, same] = slot_centre[:, same].mean(axis=1, keepdims=True) if same else 0.0
        slot_unit[:, same] = slot_unit[:, same].mean(axis=1, keepdims=True) if same else 1.0
    move = movement(history, inside, scales.unit)
    totals = totals_by_kind(history.totals, layout.kinds)  # (S, T, 2, A)
    total_unit = masked_std(np.where(inside[:, :, None, None], totals, np.nan), axis=1)
    attributes = np.asarray(layout.static, dtype=np.float64).reshape(len(layout.stations), -1)
    told = record_told(scales.centre, scales.unit, move, slot_centre, layout.kinds)
    basin = standardised(np.concatenate([attributes, told], axis=1))
    return Norms(
        scales.centre, scales.unit, floors(history, split, scales), move, slot_centre, slot_unit, total_unit, basin
    )


def mean_of(values: Floats, axis: int) -> Floats:
    """The mean of the finite values; 0 where there is none."""
    known = np.isfinite(values)
    return np.asarray(np.where(known, values, 0.0).sum(axis=axis) / np.maximum(known.sum(axis=axis), 1))


def movement(history: History, inside: Bools, unit: Floats) -> Floats:
    """(S, H) how far the target moves within each lead, in units; never less than SMALL."""
    moves = np.empty((len(unit), history.layout.horizon))
    for s, at in enumerate(np.flatnonzero(row) for row in inside):
        now = np.where(history.target.trusted[s], history.target.values[s], np.nan)[at]
        change = (truth_ahead(history, s, at) - now[:, None]) / unit[s]
        moves[s] = np.sqrt(mean_of(change**2, axis=0))
    return np.maximum(moves, SMALL)


def totals_by_kind(totals: Floats, kinds: tuple[str, ...]) -> Floats:
    """(..., 2, A) of (..., V, A): running totals of rain, mean over the gauges that have one, and of evaporation."""
    out = []
    for kind in ("rain", "pet"):
        same = totals[..., [v for v, k in enumerate(kinds) if k == kind], :]
        known = np.isfinite(same)
        count = known.sum(axis=-2)
        out.append(np.where(count > 0, np.where(known, same, 0.0).sum(axis=-2) / np.maximum(count, 1), np.nan))
    return np.stack(out, axis=-2)


def record_told(centre: Floats, unit: Floats, move: Floats, slot_centre: Floats, kinds: tuple[str, ...]) -> Floats:
    """(S, 4) what the record itself tells of a basin, attributes or none: how large the river, how steady, how fast,
    and how wet."""
    rain = slot_centre[:, [v for v, k in enumerate(kinds) if k == "rain"]]
    wet = rain.mean(axis=1) if rain.shape[1] else np.zeros(len(unit))
    return np.stack([np.log(unit), np.arcsinh(centre / unit), np.log(move[:, 0]), wet], axis=1)


def standardised(values: Floats) -> Floats:
    """(S, K) over the stations; what is not known becomes 0, the mean."""
    known = np.where(np.isfinite(values), values, np.nan)
    return np.nan_to_num((known - mean_of(known, axis=0)) / masked_std(known, axis=0))
