"""What `hydria check` says of a feed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hydria_plugin import Wanted
from hydria_plugin.cli.feeds_seen import SHOWN, ago, between_steps, newest_values, staleness
from hydria_plugin.exchange import feed_table, no_rows
from hydria_plugin.testing import sample_layout

NOON = np.datetime64("2026-03-01T12:00:00", "s")
H = np.timedelta64(3600, "s")


def wanted(series: tuple[str, ...]) -> Wanted:
    return Wanted(series, NOON - 24 * H, NOON, NOON, NOON + 6 * H, H)


def test_the_newest_value_of_each_station() -> None:
    layout = replace(sample_layout(slots=0), units=("cm", "m", "m"))
    times = [NOON - 3 * H, NOON - np.timedelta64(7, "m"), NOON - 30 * H, NOON - H, NOON]
    series = ["level@s1", "level@s1", "level@s2", "level@s2", "level@s3"]
    table = feed_table(series, times, [100, 123.4, 1, 2.5, np.nan])
    assert list(newest_values(table, layout, wanted(layout.targets))) == [
        "s1: 123.4 cm of 2026-03-01T11:53:00Z, 7 min ago",
        "s2: 2.5 m of 2026-03-01T11:00:00Z, 60 min ago",
        "2 of 3 series have values since 2026-02-28T12:00:00Z",
    ]
    assert list(staleness(table, wanted(layout.targets))) == ["no value since 2026-02-28T12:00:00Z of level@s3"]


def test_forecasts_are_no_newest_values() -> None:
    layout = sample_layout(slots=0)
    never = np.datetime64("NaT", "s")
    table = feed_table(["level@s1"] * 2, [NOON - 5 * H, NOON + H], [1, 9], issued_at=[never, NOON])
    assert next(iter(newest_values(table, layout, wanted(layout.targets)))).startswith("s1: 1 m of 2026-03-01T07:00")
    assert (
        next(iter(staleness(table, wanted(layout.targets))))
        == "stale feed: the newest value is of 2026-03-01T07:00:00Z"
    )


def test_many_stations_are_counted() -> None:
    layout = sample_layout(stations=25, slots=0)
    table = feed_table(layout.targets, [NOON] * 25, np.arange(25))
    lines = list(newest_values(table, layout, wanted(layout.targets)))
    assert len(lines) == SHOWN + 1 and lines[-1].endswith("(15 stations more)")


def test_nothing_at_all() -> None:
    layout = sample_layout(slots=0)
    assert next(iter(newest_values(no_rows(), layout, wanted(layout.targets)))).startswith("0 of 3 series")
    assert next(iter(staleness(no_rows(), wanted(layout.targets)))).startswith("stale feed: no value of 3 series")


@pytest.mark.parametrize(
    ("every", "offset", "label", "told"),
    [(60, 30, "start", True), (60, 0, "start", False), (10, 30, "start", False), (60, 30, "end", False)],
)  # fmt: skip
def test_sums_of_a_step_that_begin_between_steps_are_told(every: int, offset: int, label: str, told: bool) -> None:
    """Each would be taken for rain of the step it begins in, before it has ended."""
    layout, minute = sample_layout(), np.timedelta64(1, "m")
    rain = layout.series[0, layout.kinds.index("rain")]
    times = [NOON - offset * minute - n * every * minute for n in range(8)]
    times = [*times[::-1], times[0]]  # the newest was corrected
    table = feed_table([rain] * 9, times, np.ones(9))
    lines = list(between_steps(table, layout, wanted((*layout.targets, rain)), label))
    assert [line.partition(":")[0] for line in lines] == ([f"sums of {rain}"] if told else [])


@pytest.mark.parametrize(
    ("hours", "said"), [(0.1, "6 min"), (1.9, "114 min"), (3.5, "3 h 30 min"), (50, "2 d"), (-0.1, "-6 min")]
)
def test_spans(hours: float, said: str) -> None:
    assert ago(np.timedelta64(round(hours * 3600), "s")) == said
