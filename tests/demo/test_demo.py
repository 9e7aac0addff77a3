"""The demonstration: a real platform, a feed that grows as said, verdicts that are right, a run to the end."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from hydria_plugin import ConfigError, Reason
from hydria_plugin.config import read_config
from hydria_plugin.demo import most_telling, run
from hydria_plugin.demo.account import REASONS, TEXT
from hydria_plugin.demo.findings import announced, crossed, runs, silences, warned
from hydria_plugin.demo.platform import LIVE, PIPELINE, THRESHOLDS, Case, Late, shown, stamp, write_platform
from hydria_plugin.demo.replaying import LiveFeed
from hydria_plugin.demo.simulated import simulated_case
from hydria_plugin.stores.sql import SqlStore
from hydria_plugin.testing.samples import sample_alert, sample_bulletin

THREE = THRESHOLDS["en"]
MINUTE = np.timedelta64(60, "s")


@pytest.fixture(scope="module")
def small() -> Case:
    """Five months, the last flood replayed: enough to learn something, quick to run."""
    return replace(simulated_case(seed=4, years=0.45, late_share=0.4), of=("ridge", "persistence"))


# ---- the platform -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "fr"])
def test_what_is_written_is_a_configuration_without_a_fault(small: Case, tmp_path: Path, language: str) -> None:
    settings = read_config(write_platform(tmp_path, small, language))
    p = settings.pipelines[PIPELINE]
    assert p.layout.stations == ("bridge", "mill")
    assert p.thresholds.names == THRESHOLDS[language]
    np.testing.assert_array_equal(p.thresholds.limits, [s.limits for s in small.sites])
    assert settings.platform.language == language
    assert p.layout.slots == ("rain.1", "rain.2", "rain.3", "rain.4", "level.upstream")
    assert p.layout.present.sum(axis=1).tolist() == [5, 2]


def test_the_archive_ends_where_the_flood_begins_and_is_labelled(small: Case, tmp_path: Path) -> None:
    write_platform(tmp_path, small, "en")
    lines = (tmp_path / "feeds" / "archive.csv").read_text().splitlines()
    assert lines[0].startswith("# SIMULATED")
    rows = list(csv.DictReader(lines[1:]))
    assert len(rows) == small.first
    assert rows[-1]["time_utc"] == stamp(small.times[small.first - 1])
    read = [float(r["level.bridge"] or "nan") for r in rows]
    np.testing.assert_allclose(read, small.series["level.bridge"][: small.first], atol=5e-4)


def test_the_flood_is_a_flood_that_training_has_not_seen(small: Case) -> None:
    level = small.truth["bridge"]
    peak = small.first + int(level[small.first : small.last + 1].argmax())
    assert small.first < peak < small.last
    assert level[peak] > small.sites[0].limits[0]
    assert small.truth_is_known


def test_numbers_as_a_telemetry_writes_them() -> None:
    assert [shown(v) for v in (1.0, 0.25, float("nan"), 12.3456)] == ["1", "0.25", "", "12.346"]


# ---- the feed that grows ----------------------------------------------------------------------------------------


def feed_of(case: Case, folder: Path) -> LiveFeed:
    (folder / LIVE).write_text("time_utc,series,value,received_at\n")
    return LiveFeed.of(case, folder / LIVE)


def rows_of(folder: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((folder / LIVE).read_text().splitlines()))


def test_values_arrive_when_they_should_and_never_before(small: Case, tmp_path: Path) -> None:
    feed, late = feed_of(small, tmp_path), small.late[0]
    arrives = {}
    for step in range(small.first, small.last + 6):
        now = small.times[small.first] + (step - small.first) * np.timedelta64(1, "h") + 3 * MINUTE
        feed.arrive(now)
        for row in rows_of(tmp_path):
            arrives.setdefault((row["time_utc"], row["series"]), now)
            assert np.datetime64(row["received_at"].rstrip("Z")) <= now
    for t in range(late.first, late.last + 1):
        key = (stamp(small.times[t]), late.series)
        if key in arrives:
            assert arrives[key] - small.times[t] >= late.minutes * MINUTE
    expected = sum(int(np.isfinite(v[small.first : small.last + 1]).sum()) for v in small.series.values())
    assert len(rows_of(tmp_path)) == expected == feed.written


def test_missing_values_never_arrive(small: Case, tmp_path: Path) -> None:
    dead = replace(small, series={**small.series, "level.mill": np.full(len(small.times), np.nan)})
    feed_of(dead, tmp_path).arrive(small.times[-1])
    assert "level.mill" not in {row["series"] for row in rows_of(tmp_path)}


# ---- verdicts ---------------------------------------------------------------------------------------------------


def case_with(river: list[float], small: Case) -> Case:
    times = small.times[: len(river)]
    truth = {"bridge": np.array(river), "mill": np.zeros(len(river))}
    return replace(
        small, times=times, truth=truth, series={"level.bridge": np.array(river)}, first=0, last=len(river) - 1, late=()
    )


def test_a_crossing_is_the_first_step_at_the_limit_from_below(small: Case) -> None:
    case = case_with([1.0, 2.0, 2.5, 3.0, 2.0, 4.0], small)
    assert crossed(case, "bridge", 2.5) == case.times[2]
    assert crossed(case, "bridge", 3.5) == case.times[5]
    assert np.isnat(crossed(case, "bridge", 9.0))
    assert np.isnat(crossed(case, "bridge", 0.5))  # above from the start: nothing could have been early


def test_announced_is_the_first_news_of_that_rank_or_a_higher_one() -> None:
    at = np.datetime64("2026-03-01T12:00:00", "s")

    def told(hours: int, rank: int, reason: Reason) -> Any:
        issued = at + np.timedelta64(hours, "h")
        alert = replace(sample_alert(issued, "s1"), rank=rank, threshold=THREE[rank], reason=reason)
        return replace(sample_bulletin(), issued_at=issued, alerts=(alert,))

    bulletins = [
        told(0, 0, Reason.FIRST),
        told(1, 0, Reason.NOTHING_NEW),
        told(2, 2, Reason.HIGHER),
        told(3, 0, Reason.LOWER),
    ]
    assert announced(bulletins, "s1", THREE) == at
    assert announced(bulletins, "s1", THREE[1:]) == announced(bulletins, "s1", THREE[2:]) == at + np.timedelta64(2, "h")
    assert np.isnat(announced(bulletins, "s2", THREE))
    assert most_telling(bulletins, "s1") is bulletins[2]
    assert most_telling(bulletins, "s9") is bulletins[2]  # the middle one


def test_only_thresholds_that_matter_are_judged(small: Case) -> None:
    found = warned(case_with([1.0, 2.6, 2.6, 1.0], small), [], THREE)
    assert [(w.station, w.rank) for w in found] == [("bridge", 0)]
    assert np.isnat(found[0].announced_at) and np.isnat(found[0].gained)


def test_silent_and_late_gauges_are_named(small: Case) -> None:
    case = case_with([1.0, np.nan, np.nan, 2.0], small)
    case = replace(case, late=(Late("rain.north", 1, 2, 30),))
    gap, late = silences(case)
    assert (gap.series, gap.first, gap.last, gap.late_minutes) == ("level.bridge", case.times[1], case.times[2], 0)
    assert (late.series, late.late_minutes) == ("rain.north", 30)
    assert runs(np.array([True, False, True, True])) == [(0, 0), (2, 3)]


def test_both_languages_say_the_same() -> None:
    assert TEXT["en"].keys() == TEXT["fr"].keys() and REASONS["en"].keys() == REASONS["fr"].keys()
    for key, english in TEXT["en"].items():
        assert re.findall(r"\{[^}]*\}", english) == re.findall(r"\{[^}]*\}", TEXT["fr"][key]), key


# ---- the whole --------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("language", "of", "known"),
    [("en", ("ridge", "persistence"), True), ("fr", ("boosting", "ridge", "persistence"), False)],
)
def test_it_runs_to_its_end(small: Case, tmp_path: Path, language: str, of: tuple[str, ...], known: bool) -> None:
    told: list[str] = []
    folder = tmp_path / "demo"
    case = replace(small, of=of, shares=small.shares if known else {})
    assert run(folder, language=language, case=case, echo=told.append) == 0
    announced = TEXT[language]["reading"].split("{}")[0]
    assert any(line.startswith(announced) for line in told) == known  # nothing is read where no truth is known
    assert {path.name for path in (folder / "models" / PIPELINE / "blend").rglob("boosting")} == set(of[:-2])
    text = "\n".join(told)
    assert TEXT[language]["question"] in text and f"hydria check {folder}/hydria.toml" in text
    picture = ElementTree.parse(folder / "hydrograph.svg").getroot()
    assert picture.get("lang") == language
    steps = small.last - small.first + 1
    with_store = SqlStore(url=f"sqlite:///{folder}/hydria.db", folder=folder)
    ledger = with_store.steps(PIPELINE, small.times[small.first], small.times[small.last])
    assert len(ledger) == steps and {s.state for s in ledger} <= {"issued", "degraded"}
    assert sum(s.revision for s in ledger) >= 1  # the value that came ten minutes late
    with_store.close()
    files = [f for f in (folder / "out" / PIPELINE).glob("*_r0.csv*") if "alerts" not in f.name]
    assert len(files) == steps
    assert len([line for line in told if re.match(r"\d+ \S+ \d\d:03|\d+ \S+ \d\d:00", line)]) >= steps


@pytest.mark.slow
def test_for_machines_it_prints_one_json_document(small: Case, tmp_path: Path) -> None:
    told: list[str] = []
    assert run(tmp_path / "demo", case=small, as_json=True, echo=told.append) == 0
    (document,) = told
    facts = json.loads(document)
    assert facts["exit"] == 0 and len(facts["steps"]) == small.last - small.first + 1
    assert {t["station"] for t in facts["thresholds"]} <= {"bridge", "mill"}
    assert Path(facts["picture"]).is_file()


# ---- what is refused --------------------------------------------------------------------------------------------


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("three years of work")
    with pytest.raises(ConfigError, match="is not empty"):
        run(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(
    ("options", "words"), [({"basin": "loire"}, "'loire' is not allowed"), ({"language": "de"}, "'de' is not allowed")]
)
def test_unknown_words_are_refused_with_the_known_ones(options: dict[str, str], words: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=words):
        run(tmp_path / "new", **options)
    assert not (tmp_path / "new").exists()


def test_the_command_exits_with_2_on_a_wrong_word(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hydria_plugin", "demo", str(tmp_path / "d"), "--basin", "loire"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "simulated" in done.stderr
