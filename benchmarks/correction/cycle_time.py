"""How long ``quality`` takes for 10,000 stations with four inputs each, on a made-up region in which it storms
everywhere, and on the same in dry weather."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from benchmarks.speed.feed import layout_for
from hydria_plugin import Layout, Signal, Split, Window
from hydria_plugin.correctors.quality.corrector import Quality
from hydria_plugin.correctors.quality.feeds import Feeds
from hydria_plugin.testing.samples import sample_history, window_of

STATIONS, FEW, SPOILT = 10_000, 19, 0.02


def seconds_per_cycle() -> list[str]:
    record = sample_history(layout_for(FEW + 1), 4000, seed=7)
    fit = np.ones(record.target.shape, dtype=bool)
    few = Quality().fit(record, Split(fit, ~fit, ~fit, np.zeros(fit.shape, np.int32)))
    layout = layout_for(STATIONS)
    corrector, lines = for_all(few, layout), []
    wet = record.inputs.values[0, :, 0] > 0
    calm = int(np.flatnonzero(np.convolve(wet, np.ones(90), "valid") == 0)[0]) + 89 if (~wet).any() else len(wet) - 1
    for name, at in (("storms everywhere", len(record) - 30), ("dry weather", calm)):
        window = spread(window_of(record, at), layout)
        corrector.correct_inputs(window)
        took = []
        for _ in range(3):
            began = time.process_time()
            corrector.correct_inputs(window)
            took.append(time.process_time() - began)
        lines.append(f"- {STATIONS} stations, {name}, {SPOILT:.0%} with a fault: {min(took):.2f} s of one core")
    return lines


def for_all(few: Quality, layout: Layout) -> Quality:
    """With the limits of a few stations for all."""
    feeds, place = Feeds.of(layout), {name: i for i, name in enumerate(few.names)}
    all_of = Quality()
    all_of.names = feeds.names
    all_of.learned = few.learned.take(np.asarray([place[donor(name)] for name in feeds.names]))
    return all_of


def donor(name: str) -> str:
    slot, station = name.rsplit("@s", 1)
    return f"{slot}@s{int(station) % FEW + 1}"


def spread(base: Window, layout: Layout) -> Window:
    """The windows of a few stations for all, some with a spike."""
    rows = np.asarray([int(name[1:]) % FEW for name in layout.stations])
    observed = np.array(base.observed.values[rows])
    observed[np.random.default_rng(1).random(len(rows)) < SPOILT, 0, -3] *= 5
    return replace(
        base, layout=layout, observed=Signal.measured(observed), past=base.past.each(lambda a: a[rows]),
        future=base.future.each(lambda a: a[rows]), antecedent=np.empty((len(rows), len(layout.slots), 0)),
    )  # fmt: skip
