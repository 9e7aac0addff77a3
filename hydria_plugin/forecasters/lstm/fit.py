"""Fitting: cases of all stations at once, one member for each block of time left out, and how wide errors are."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from hydria_plugin import History, ModelError, Split
from hydria_plugin.learning.workbench import Workbench
from hydria_plugin.values import Bools, Floats

from ..boosting_rows import Rows, gather, scales_of
from ..fitting import fold_of_steps, gap_of, purged
from ..keeping import Fit, load_arrays, save_arrays
from .model import Recurrent
from .network import Network, names_of_arrays, spoken
from .norms import Norms, norms_of
from .sequences import read, sequences
from .training import Lessons, Recipe, train

logger = logging.getLogger("hydria.lstm")
FEWEST = 100  # errors from which a width is corrected
WIDEST = 3.0  # a width is corrected by this factor at most
Tell = Callable[[str, float], None]
Spent = Callable[[], float]  # minutes since the start


class Options(NamedTuple):
    """What an admin may set; see :class:`~hydria_plugin.forecasters.lstm.forecaster.Lstm`."""

    hidden: int
    folds: int
    epochs: int
    patience: int
    batch: int
    learning_rate: float
    max_rows: int
    max_minutes: float
    max_age: int
    num_threads: int
    seed: int

    def recipe(self, fold: int) -> Recipe:
        return Recipe(self.hidden, self.epochs, self.patience, self.batch, self.learning_rate, self.seed + fold)


def fit_recurrent(
    bench: Workbench, history: History, split: Split, options: Options, spent: Spent, tell: Tell
) -> Recurrent:
    """Finished members are kept on the ``bench``. Raises ModelError where there is nothing to learn from."""
    layout = history.layout
    norms = norms_of(history, split)
    rows = gather(
        history, split, np.arange(len(layout.stations)), scales_of(history, split), options.max_rows,
        options.max_age, options.seed,
    )  # fmt: skip
    rows = with_truth(rows)
    if not len(rows.cases):
        raise ModelError("lstm: no step of the record has both a value now and one to come: there is nothing to learn")
    lessons = lessons_of(rows, norms, options.max_age)
    fold = fold_of_steps(history, split, options.folds)
    gap = gap_of(history, fold, options.folds)
    members, held_out = [], []
    for k in range(options.folds):
        learn, judge = parts(purged(fold, k, gap)[rows.step], fold[rows.step] == k)
        members.append(
            one_member(bench, k, (lessons.take(learn), lessons.take(judge)), layout.quantiles, options, spent, tell)
        )
        held_out.append(judge)
    durations = tuple(int(d / np.timedelta64(1, "s")) for d in history.durations)
    stretch = stretches(members, lessons, held_out, layout.quantiles, options.max_age)
    return Recurrent(
        Fit.of(layout), durations, options.max_age, norms, tuple(members), stretch, times=history.times, fold_of=fold
    )


def with_truth(rows: Rows) -> Rows:
    """Those of which something came."""
    known: Bools = np.asarray(np.isfinite(rows.change).any(axis=1))
    return Rows(rows.cases.take(known), rows.change[known], rows.step[known], rows.weight[known])


def lessons_of(rows: Rows, norms: Norms, max_age: int) -> Lessons:
    station = rows.cases.rows
    base = (rows.cases.base - norms.centre[station]) / norms.unit[station]
    return Lessons(rows.cases.kinds, sequences(rows.cases, norms, max_age), rows.change + base[:, None], rows.weight)


def parts(may_learn: Bools, held_out: Bools) -> tuple[np.ndarray, np.ndarray]:
    """Indices to learn from and to stop by; where one is empty, the other serves for both."""
    learn, judge = np.flatnonzero(may_learn), np.flatnonzero(held_out)
    if not len(learn) or not len(judge):
        learn = judge = np.arange(len(may_learn))
    return learn, judge


def one_member(
    bench: Workbench,
    k: int,
    lessons: tuple[Lessons, Lessons],
    levels: tuple[float, ...],
    options: Options,
    spent: Spent,
    tell: Tell,
) -> Network:
    def hurry() -> bool:
        return spent() > options.max_minutes * (k + 1) / options.folds

    def told(share: float) -> None:
        tell(f"network {k + 1} of {options.folds}", (k + share) / options.folds)

    def make() -> Network:
        recipe = options.recipe(k)
        try:
            return train(*lessons, levels, options.max_age, recipe, hurry, told)
        except ModelError as fault:
            logger.warning("network diverged, trained again at a tenth of the rate fold=%d error=%s", k, fault)
            return train(*lessons, levels, options.max_age, recipe._replace(rate=recipe.rate / 10), hurry, told)

    return bench.piece(
        make,
        lambda network, folder: save_arrays(folder, network.arrays()),
        lambda folder: Network.of(load_arrays("lstm", folder, names_of_arrays())),
        "network", k,
    )  # fmt: skip


def stretches(
    members: list[Network], lessons: Lessons, held_out: list[np.ndarray], levels: tuple[float, ...], max_age: int
) -> Floats:
    """(2, H, Q) the factor by which each quantile's distance from the median must grow for as many errors to lie beyond
    it as it says, on cases that the member had not seen."""
    median = levels.index(0.5)
    ratios = [ratios_of(m, lessons.take(rows), median, max_age) for m, rows in zip(members, held_out, strict=True)]
    above, below = (np.concatenate(part, axis=1) for part in zip(*ratios, strict=True))
    stretch = np.ones((2, *above.shape[2:]))
    for form, lead, q in np.ndindex(stretch.shape):
        side, level = (above, levels[q]) if q > median else (below, 1 - levels[q])
        known = side[form, :, lead, q]
        known = known[np.isfinite(known)]
        if q != median and len(known) >= FEWEST:
            stretch[form, lead, q] = np.clip(np.quantile(known, level), 1 / WIDEST, WIDEST)
    return stretch


def ratios_of(member: Network, lessons: Lessons, median: int, max_age: int) -> tuple[Floats, Floats]:
    """(2, N, H, Q) twice: errors in units of each quantile's distance from the median, upwards and downwards; NaN where
    the truth, or in the form with rain the rain, is not known."""
    seen = read(lessons.cases, max_age)
    error = (lessons.truth - seen.base[:, None]) / lessons.cases.move
    q = np.stack([spoken(raw, median) for raw in member.raw(seen)])
    error = np.stack([error, np.where(lessons.cases.foreseen, error, np.nan)])[..., None] - q[..., median, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = error / np.abs(q - q[..., median, None])
    return ratio, -ratio
