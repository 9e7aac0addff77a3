"""Laws of the demonstration: what it writes can be read, what the telemetry brings is what the gauges read, once."""

from __future__ import annotations

import csv
import tomllib
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin import ConfigError
from hydria_plugin.config import read_config
from hydria_plugin.demo import check_asked, make_folder
from hydria_plugin.demo.findings import crossed, runs, silences
from hydria_plugin.demo.platform import LIVE, Case, Late, Site, stamp, write_platform
from hydria_plugin.demo.replaying import LiveFeed

HOUR = np.timedelta64(3600, "s")
STEPS, FIRST, LAST = 60, 30, 50
TIMES = np.datetime64("2021-09-01T00:00", "s") + HOUR * np.arange(STEPS)


def case_of(seed: int = 0, gaps: float = 0.1, late: tuple[Late, ...] = (), basin: str = "a basin") -> Case:
    rng = np.random.default_rng(seed)
    series = {"rain.a": rng.random(STEPS), "level.b": 1 + rng.random(STEPS)}
    truth = {"b": series["level.b"].copy()}
    for values in series.values():
        values[rng.random(STEPS) < gaps] = np.nan
    return Case(
        basin=basin, label=basin, sites=(Site("b", "Bridge", "level.b", "level", "m", (1.2, 1.5, 1.9)),),
        inputs=(("b", "rain.1", "rain.a", "rain"),), times=TIMES, step="1h", past="24h", horizon="6h", series=series,
        truth=truth, first_trained=0, first=FIRST, last=LAST, late=late,
    )  # fmt: skip


@settings(max_examples=25)
@given(
    name=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30),
    language=st.sampled_from(["en", "fr"]),
)
def test_any_name_of_a_basin_is_written_as_it_is(
    tmp_path_factory: pytest.TempPathFactory, name: str, language: str
) -> None:
    """L'Ardèche, "the" river, a backslash: TOML all the same."""
    folder = tmp_path_factory.mktemp("demo")
    config = write_platform(folder, case_of(basin=name), language)
    told = tomllib.loads(config.read_text(encoding="utf-8"))
    assert told["platform"]["name"] == name and told["platform"]["language"] == language
    with (folder / "feeds" / "archive.csv").open(encoding="utf-8") as file:
        head, *rows = file.read().split("\n")
    assert head.startswith("#") and len([row for row in rows if row]) == 1 + FIRST


@pytest.mark.parametrize("language", ["en", "fr"])
def test_what_is_written_is_a_configuration(tmp_path: Path, language: str) -> None:
    config = write_platform(tmp_path, case_of(basin="Basin of l'Ardèche"), language)
    settings = read_config(config, environ={})
    assert settings.platform.name == "Basin of l'Ardèche"
    assert settings.pipelines["demo"].thresholds.limits.tolist() == [[1.2, 1.5, 1.9]]


lates = st.builds(
    Late,
    st.sampled_from(["rain.a", "level.b"]),
    st.integers(FIRST, LAST),
    st.integers(FIRST, LAST),
    st.sampled_from([2, 59, 60, 130, 3000]),
)


@settings(max_examples=30)
@given(seed=st.integers(0, 99), late=st.lists(lates, max_size=3), looks=st.lists(st.integers(0, 3000), max_size=30))
def test_every_reading_arrives_once_and_never_before_its_time(
    tmp_path_factory: pytest.TempPathFactory, seed: int, late: list[Late], looks: list[int]
) -> None:
    case = case_of(seed, late=tuple(late))
    path = tmp_path_factory.mktemp("feed") / LIVE
    feed = LiveFeed.of(case, path)
    path.touch()
    seen = 0
    for minutes in sorted(looks):
        now = case.times[FIRST] + np.timedelta64(minutes, "m")
        feed.arrive(now)
        rows = list(csv.reader(path.read_text().splitlines()))
        assert all(np.datetime64(row[3].rstrip("Z")) <= now for row in rows) and len(rows) >= seen
        seen = len(rows)
    feed.arrive(case.times[LAST] + np.timedelta64(400, "D"))
    rows = list(csv.reader(path.read_text().splitlines()))
    expected = {
        (name, stamp(case.times[t]))
        for name, values in case.series.items()
        for t in range(FIRST, LAST + 1)
        if np.isfinite(values[t])
    }
    assert len(rows) == len(expected) and {(row[1], row[0]) for row in rows} == expected
    assert all(row[3] > row[0] for row in rows)  # a minute after its time at least


@given(st.lists(st.booleans(), max_size=60))
def test_runs_are_the_whole_of_what_is_missing(missing: list[bool]) -> None:
    found = runs(np.array(missing, dtype=bool))
    inside = {t for first, last in found for t in range(first, last + 1)}
    assert inside == {t for t, gone in enumerate(missing) if gone}
    assert all(b[0] - a[1] > 1 for a, b in pairwise(found))


@settings(max_examples=40)
@given(st.integers(0, 10_000))
def test_silences_are_the_gaps_of_the_flood(seed: int) -> None:
    case = case_of(seed, gaps=0.3)
    told = {(s.series, t) for s in silences(case) for t in case.times[(case.times >= s.first) & (case.times <= s.last)]}
    gone = {(name, case.times[t]) for name, v in case.series.items() for t in range(FIRST, LAST + 1) if np.isnan(v[t])}
    assert told == gone


def test_a_threshold_is_crossed_when_the_river_was_below_it() -> None:
    case = case_of(gaps=0.0)
    river = np.full(STEPS, 1.0)
    river[FIRST + 5 : FIRST + 8] = 2.0
    rose = replace(case, truth={"b": river})
    assert crossed(rose, "b", 1.5) == case.times[FIRST + 5]
    assert np.isnat(crossed(rose, "b", 2.5)) and np.isnat(crossed(rose, "b", 0.5))
    assert np.isnat(crossed(replace(case, truth={"b": np.full(STEPS, np.nan)}), "b", 1.5))


@pytest.mark.parametrize("place", ["file", "file/in", "full", "a\0b", "x" * 300])
def test_a_folder_that_cannot_be_used_is_refused_before_the_long_work(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "something").touch()
    with pytest.raises(ConfigError, match="DIR: .* allowed: a folder that is new or empty"):
        check_asked(tmp_path / place, "en")
        make_folder(tmp_path / place)


def test_a_new_folder_and_an_empty_one_will_do(tmp_path: Path) -> None:
    for place in (tmp_path / "new" / "er", tmp_path / "new" / "er"):
        check_asked(place, "fr")
        make_folder(place)
        assert place.is_dir()
