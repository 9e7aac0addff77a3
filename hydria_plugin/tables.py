"""Long tables in and out: the place where pandas ends.

``grid`` turns what a source gave (rows of series, time, value) into compact columns on the pipeline's time grid;
``forecast_table`` turns a forecast into the long table of the design's section 7.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from .steps import iso, microsecond, microseconds_in, number_of, stamps
from .tables_columns import NEVER, Rows, columns
from .values import SUMMED, Bools, Flag, Forecast, Ints, Layout, Observations, Problem, Wanted

if TYPE_CHECKING:
    import pandas as pd

RAIN_LABELS = ("end", "start")
EARLY = np.timedelta64(5, "m") // np.timedelta64(1, "us")  # a gauge's clock may be ahead by so much
LARGEST = 1e30  # beyond it a number is a fault code of somebody's logger, and squares of it overflow


@dataclass(frozen=True, slots=True)
class Gridding:
    """How the rows of each series fall on the grid: N series, made once per pipeline."""

    series: tuple[str, ...]
    step: np.timedelta64
    rain_label: str  # "end": a rain row's stamp ends its interval; "start": it begins it
    place: Mapping[str, int]  # series id -> index
    summed: Bools  # (N) True for what accumulates over a step
    simulated: Bools  # (N) True for series of the host's own models

    @classmethod
    def of(cls, series: Sequence[str], kinds: Sequence[str], step: np.timedelta64, rain_label: str = "end") -> Self:
        if rain_label not in RAIN_LABELS:
            raise ValueError(f"rain_label {rain_label!r} is not one of {', '.join(RAIN_LABELS)}")
        place = {name: i for i, name in enumerate(series)}
        summed, simulated = ([kind in some for kind in kinds] for some in (SUMMED, ("simulation",)))
        return cls(tuple(series), step, rain_label, place, np.asarray(summed, bool), np.asarray(simulated, bool))

    @classmethod
    def for_layout(cls, layout: Layout, rain_label: str = "end") -> Self:
        """All series of a pipeline, targets first; a series in several places keeps the kind of its first slot."""
        kinds: dict[str, str] = {}
        for kind, column in zip(layout.kinds, layout.series.T, strict=True):
            for name in column.tolist():
                kinds.setdefault(name, kind)
        for name, quantity in zip(layout.targets, layout.quantities, strict=True):
            kinds.setdefault(name, quantity)
        series = layout.all_series()
        return cls.of(series, [kinds[name] for name in series], layout.step, rain_label)

    @property
    def step_us(self) -> int:
        return microseconds_in(self.step)


def grid(table: pd.DataFrame, gridding: Gridding, wanted: Wanted) -> tuple[Observations, tuple[Problem, ...]]:
    """The rows of ``table`` that were known, one per series, step, issue and member, sorted by step then series.

    Rain and potential evapotranspiration are summed over the step, other kinds take its last value. Of two rows
    with one stamp the later received counts, then the later row; an explicit NaN is a gap. Raises FeedError when
    the table lacks a column or its times have no zone. Problems: values that are no numbers of this world.
    """
    rows = known(placed(columns(table, gridding.place), gridding), gridding, wanted)
    rows, problems = plausible(rows, gridding)
    rows, early = in_time(rows, gridding)
    return condensed(rows, gridding, wanted), (*problems, *early)


# ---- on the grid, as known ---------------------------------------------------------------------------------------


def placed(rows: Rows, gridding: Gridding) -> Rows:
    """Each row's step and lead. A stamp within a step belongs to its end; an issue time to the step before it."""
    step = gridding.step_us
    number = -(-rows.stamp // step)
    if gridding.rain_label == "start":
        number = np.where(gridding.summed[rows.series], rows.stamp // step + 1, number)
    lead = np.where(rows.issue == NEVER, 0, number - rows.issue // step)
    return replace(rows, number=number, lead=lead)


def known(rows: Rows, gridding: Gridding, wanted: Wanted) -> Rows:
    """What the two clocks let through. A row that does not say when it was received was when it was stamped, a
    forecast when it was issued."""
    step = gridding.step_us
    issued = number_of(wanted.issued_at, gridding.step)
    told = np.where(rows.received != NEVER, rows.received, np.where(rows.issue == NEVER, rows.stamp, rows.issue))
    observed = rows.issue == NEVER
    forecast = ~observed & (rows.issue // step <= issued) & (rows.number <= number_of(wanted.end, gridding.step))
    # a host model's state at its issue time is its best knowledge of that step; rain "forecast" for the past is not
    forecast &= (rows.lead > 0) | ((rows.lead == 0) & gridding.simulated[rows.series])
    there = (forecast | (observed & (rows.number <= issued))) & (told <= microsecond(wanted.known_at))
    return rows if there.all() else rows.where(there)


def plausible(rows: Rows, gridding: Gridding) -> tuple[Rows, tuple[Problem, ...]]:
    """Infinities and fault codes dropped, with one Problem per series."""
    with np.errstate(invalid="ignore"):
        absurd = np.abs(rows.value) > LARGEST
    if not absurd.any():
        return rows, ()
    problems = []
    for i in np.unique(rows.series[absurd]):
        at = np.flatnonzero(absurd & (rows.series == i))
        when = np.datetime64(int(rows.stamp[at[0]]), "us").astype("datetime64[s]")
        text = f"series {gridding.series[i]!r}: {len(at)} values dropped, the first {rows.value[at[0]]} at {when}Z"
        problems.append(Problem("source", None, f"{text}; allowed: numbers between -1e30 and 1e30"))
    return rows.where(~absurd), tuple(problems)


def in_time(rows: Rows, gridding: Gridding) -> tuple[Rows, tuple[Problem, ...]]:
    """Observations stamped after they were received fail, with one Problem per series: they are older than they say,
    and would pose as the newest. A clock that jumps back is no fault of the values: of two rows with one stamp the
    later received counts, as ever."""
    early = (rows.issue == NEVER) & (rows.received != NEVER) & (rows.stamp > rows.received + EARLY)
    early &= np.isfinite(rows.value)
    if not early.any():
        return rows, ()
    problems = []
    for i in np.unique(rows.series[early]):
        at = np.flatnonzero(early & (rows.series == i))
        ahead = int((rows.stamp[at] - rows.received[at]).max()) // 60_000_000
        text = f"series {gridding.series[i]!r}: {len(at)} values stamped up to {ahead} min after they were received"
        problems.append(Problem("source", None, f"{text}, flagged as failed; allowed: at most 5 min"))
    return replace(rows, flag=np.where(early, np.uint8(Flag.FAIL), rows.flag)), tuple(problems)


# ---- one row per cell --------------------------------------------------------------------------------------------


def condensed(rows: Rows, gridding: Gridding, wanted: Wanted) -> Observations:
    """One row per series, step, lead and member, sorted."""
    rows, first = by_cell(rows, len(gridding.series))
    if not first.all():
        rows = aggregated(rows, np.cumsum(first) - 1, gridding)
    otherwise = np.where(rows.issue == NEVER, microsecond(wanted.known_at), rows.issue)
    return Observations(
        gridding.series,
        rows.series.astype(np.int32),
        stamps(rows.number, gridding.step),
        rows.value,
        np.where(np.isnan(rows.value), np.uint8(Flag.MISSING), rows.flag),
        rows.lead.astype(np.int32),
        rows.member,
        np.where(rows.received == NEVER, otherwise, rows.received).view("datetime64[us]"),
    )


def by_cell(rows: Rows, n: int) -> tuple[Rows, Bools]:
    """The rows sorted by step, series, lead and member, and where a new cell begins."""
    if not len(rows.value):
        return rows, np.ones(0, dtype=bool)
    key = (rows.number - rows.number.min()) * n + rows.series
    if not rows.lead.any():
        if (np.diff(key) > 0).all():
            return rows, np.ones(len(key), dtype=bool)
        order = np.argsort(key, kind="stable")
        return rows.where(order), changes(key[order])
    order = np.lexsort((rows.member, rows.lead, key))
    rows = rows.where(order)
    return rows, changes(key[order]) | changes(rows.lead) | changes(rows.member)


def changes(sorted_values: Ints) -> Bools:
    """True where a value differs from the one before it, and at the first."""
    return np.concatenate([[True], sorted_values[1:] != sorted_values[:-1]])


def aggregated(rows: Rows, cell: Ints, gridding: Gridding) -> Rows:
    """One row per cell: the sum for what accumulates, the last value for a state."""
    told = np.where(rows.received == NEVER, np.where(rows.issue == NEVER, rows.stamp, rows.issue), rows.received)
    order = np.lexsort((told, rows.stamp, cell))
    rows, cell = rows.where(order), cell[order]
    newest = np.append((changes(cell) | changes(rows.stamp))[1:], True)  # of rows with one stamp
    rows, cell = rows.where(newest), cell[newest]
    start = np.flatnonzero(changes(cell))
    stop = np.append(start[1:], len(cell))
    finite = np.isfinite(rows.value)
    last = np.maximum.reduceat(np.where(finite, np.arange(len(cell)), -1), start)
    pick = np.where(last < 0, stop - 1, last)
    summed = gridding.summed[rows.series[pick]]
    worst = np.maximum.reduceat(np.where(finite, rows.flag, 0), start)
    return replace(
        rows.where(pick),
        value=np.where(summed, sums(rows.value, finite, start, stop - start), rows.value[pick]),
        flag=np.where(summed, worst, rows.flag[pick]).astype(np.uint8),
        received=np.maximum.reduceat(rows.received, start),
    )


def sums(value: NDArray[np.float64], finite: Bools, start: Ints, n: Ints) -> NDArray[np.float64]:
    """The sum over each cell; with gaps, the sum of the rest scaled up, NaN if fewer than half are there."""
    there = np.add.reduceat(finite.astype(np.int64), start)
    total = np.add.reduceat(np.where(finite, value, 0.0), start)
    return np.where(2 * there >= n, total * (n / np.maximum(there, 1)), np.nan)


# ---- the table out -----------------------------------------------------------------------------------------------


def forecast_table(forecast: Forecast, layout: Layout, pipeline: str) -> pd.DataFrame:
    """The design's long table, S * H * Q rows: pipeline, station, issued_at, valid_at, lead (steps), quantile, value,
    unit. Times are ISO 8601, UTC; a station without forecast has empty values. Strings are categories: 1.7 million
    rows cost their numbers only."""
    import pandas as pd

    s, h, q = forecast.values.shape
    n = s * h * q

    def category(names: Sequence[str], codes: Ints) -> pd.Categorical:
        distinct = tuple(dict.fromkeys(names))
        code_of = {name: i for i, name in enumerate(distinct)}
        ids = np.asarray([code_of[name] for name in names], dtype=np.int32)
        return pd.Categorical.from_codes(ids[codes], categories=pd.Index(distinct, dtype=object))

    station = np.repeat(np.arange(s), h * q)
    lead = np.tile(np.repeat(np.arange(1, h + 1), q), s)
    one = np.zeros(n, dtype=np.int64)
    return pd.DataFrame(
        {
            "pipeline": category([pipeline], one),
            "station": category(forecast.stations, station),
            "issued_at": category([iso(forecast.issued_at)], one),
            "valid_at": category([iso(t) for t in forecast.valid_times()], lead - 1),
            "lead": lead.astype(np.int32),
            "quantile": np.tile(np.asarray(forecast.quantiles), s * h),
            "value": forecast.values.reshape(n),
            "unit": category(layout.units, station),
        },
        copy=False,
    )
