"""The faults that the data's READMEs list: found or missed."""

from __future__ import annotations

import numpy as np

from hydria_plugin import Flag

from .floods import MIXED, known_faults
from .gauges import Record

GABRIAC, DIED = "level_mm_V7115010", np.datetime64("2020-09-19T05:00")


def listed(record: Record) -> list[str]:
    """A line for each listed fault of a record."""
    corrected = record.corrector.correct_history(record.history)
    feeds, _ = record.corrector.for_layout(record.history.layout)
    flags = feeds.gathered(np.asarray(corrected.target.flags), np.asarray(corrected.inputs.flags))
    lines: list[str] = []
    where = record.name
    for i, name in enumerate(record.names):
        x, failed = record.x[:, i], flags[:, i] == Flag.FAIL
        known = known_faults(name, x) & ~np.isin(name, MIXED)
        if known.any():
            what = "code -990" if (x[known] == -990).any() else "drop-out to 0"
            lines.append(f"{where} {name}: {what}: {int((failed & known).sum())} of {int(known.sum())} values found")
        if name in MIXED:
            jumps = np.abs(np.diff(x)) > 10 * np.nanquantile(np.abs(np.diff(x)), 0.9)
            told = flags[1:, i] >= Flag.SUSPECT
            told = np.convolve(told & (flags[1:, i] != Flag.MISSING), np.ones(3), "same") > 0
            lines.append(
                f"{where} {name}: two sensors: of {int(jumps.sum())} jumps, {int((jumps & told).sum())} doubted"
            )
        if name == GABRIAC:
            after = record.history.times >= DIED
            silent = np.isnan(x[after]).mean()
            lines.append(f"{where} {name}: dies on 2020-09-19 at 05:00: {silent:.0%} missing from then on: gaps")
    return lines
