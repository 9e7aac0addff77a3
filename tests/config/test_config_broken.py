"""Forty and more broken configurations: one line per fault that names place, value and what is allowed."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hydria_plugin.cli import app
from tests.site_files import FILES, write_site


@dataclass(frozen=True)
class Broken:
    """One thing made wrong: ``old`` replaced by ``new`` in ``file``; each fault line must hold its words."""

    name: str
    old: str
    new: str
    faults: tuple[tuple[str, ...], ...]
    file: str = "hydria.toml"
    files: dict[str, str | bytes | None] = field(default_factory=dict)


def toml(name: str, old: str, new: str, *words: str) -> Broken:
    return Broken(name, old, new, (words,))


def csv(name: str, file: str, old: str, new: str, *words: str) -> Broken:
    return Broken(name, old, new, (words,), file)


BROKEN = [
    toml("unknown key", 'delay = "3min"', 'dealy = "3min"', "hydria.toml:16", "'dealy'", "did you mean 'delay'",
         "horizon"),
    toml("unknown key in platform", 'language = "fr"', 'lang = "fr"', "hydria.toml:5", "'lang'", "language",
         "timezone"),
    toml("unknown table", "[pipelines.river.alerts]", "[pipelines.river.alarms]", "river.alarms",
         "did you mean 'alerts'"),
    toml("unknown top table", "[platform]", "[platfrom]", "hydria.toml:1", "'platfrom'", "did you mean 'platform'"),
    toml("wrong type: number for text", 'step = "1h"', "step = 60", "hydria.toml:9", "river.step", "60",
         "is not text", "10min"),
    toml("wrong type: text for a list", 'forecasters = ["ridge", "persistence"]', 'forecasters = "ridge"',
         "hydria.toml:15", '"ridge" is not a list', "a list of plug-in names"),
    toml("wrong type: text for a number", "probability = 0.5", 'probability = "half"', "alerts.probability", '"half"',
         "between 0 and 1"),
    toml("wrong type: a number in a list of text", '["ridge", "persistence"]', '["ridge", 7]', "forecasters[2]", "7",
         "is not text"),
    toml("wrong type: table for text", 'stations = "stations.csv"', "stations = { file = 1 }", "river.stations",
         "{file = 1}"),
    toml("no duration", 'past = "24h"', 'past = "24 hours"', "river.past", '"24 hours"', "is not a duration",
         "5h30min"),
    toml("step of nothing", 'step = "1h"', 'step = "0h"', "river.step", '"0h"', "longer than nothing"),
    toml("horizon no whole number of steps", 'horizon = "6h"', 'horizon = "5h30min"', "hydria.toml:11", '"5h30min"',
         "not a whole number of steps of 1h", "5h or 6h"),
    toml("past no whole number of steps", 'past = "24h"', 'past = "30min"', "river.past", '"30min"',
         "whole number", "1h"),
    toml("missing key", 'step = "1h"\n', "", "hydria.toml:8", "pipelines.river", "'step' is missing", "10min"),
    toml("missing source", 'source = { use = "csv", path = "feeds", time = "time_utc" }\n', "", "pipelines.river",
         "'source' is missing"),
    toml("source without a name", 'source = { use = "csv", path', 'source = { path', "source.use", "is missing",
         "plug-in"),
    toml("missing stations file", 'stations = "stations.csv"', 'stations = "station.csv"', "river.stations",
         '"station.csv"',
         "no such file", "station, target, quantity, unit"),
    toml("missing inputs file", 'inputs = "inputs.csv"', 'inputs = "in.csv"', "river.inputs", '"in.csv"',
         "no such file"),
    toml("missing ratings file", 'inputs = "inputs.csv"', 'inputs = "inputs.csv"\nratings = "none.csv"',
         "river.ratings",
         '"none.csv"', "no such file", "stage"),
    toml("missing feeds folder", 'path = "feeds"', 'path = "feed"', "river.source", "feed"),
    toml("unknown forecaster", '"ridge", "persistence"', '"rigde", "persistence"', "forecasters[1]", '"rigde"',
         "did you mean 'ridge'", "boosting"),
    toml("forecaster nobody wrote", '"ridge", "persistence"', '"crystal-ball", "persistence"', "forecasters[1]",
         '"crystal-ball"', "persistence"),
    toml("unknown source", '{ use = "csv", path = "feeds"', '{ use = "cvs", path = "feeds"', "river.source", '"cvs"',
         "did you mean 'csv'"),
    toml("no time for a sink", 'path = "out" }', 'path = "out", timeout = "0s" }', "sinks[1].timeout", '"0s"', "long"),
    toml("unknown sink", '[{ use = "csv"', '[{ use = "pigeon"', "sinks[1]", '"pigeon"', "no installed sink", "csv"),
    toml("unknown corrector", 'delay = "3min"', 'correct_inputs = ["wand"]', "correct_inputs[1]", '"wand"',
         "allowed"),
    toml("unknown explainer", 'delay = "3min"', 'explainers = ["oracle"]', "explainers[1]", '"oracle"',
         "no installed explainer"),
    toml("unknown option", "folds = 4", "fold = 4", "hydria.toml:21", "'fold'", "did you mean 'folds'", "max_age"),
    toml("unknown option of the source", 'time = "time_utc"', 'tiem = "time_utc"', "river.source.tiem", "'tiem'",
         "did you mean 'time'"),
    toml("missing option", 'path = "feeds", ', "", "river.source", "'path'", "missing"),
    toml("refused option", 'path = "feeds", ', 'path = "feeds", timezone = "Mars/Base", ', "river.source",
         "Mars/Base"),
    toml("options of an unknown forecaster", "[pipelines.river.forecaster.ridge]",
         "[pipelines.river.forecaster.ridges]",
         "forecaster.ridges", '"ridges"', "did you mean 'ridge'"),
    toml("quantiles without the median", "[0.1, 0.5, 0.9]", "[0.1, 0.9]", "river.quantiles", "[0.1, 0.9]", "0.5"),
    toml("quantiles that fall", "[0.1, 0.5, 0.9]", "[0.9, 0.5, 0.1]", "river.quantiles", "[0.9, 0.5, 0.1]", "rising"),
    toml("probability of 1", "probability = 0.5", "probability = 1.5", "alerts.probability", "1.5",
         "between 0 and 1"),
    toml("threshold that is no column", '["yellow", "red"]', '["yellow", "purple"]', "thresholds[2]", '"purple"',
         "no column of stations.csv", "yellow, red, rise"),
    toml("thresholds in falling order", '["yellow", "red"]', '["red", "yellow"]', "stations.csv:2: yellow", "40",
         "not above red = 80"),
    toml("rate over half a step", 'over = "2h"', 'over = "90min"', "rates[1].over", '"90min"', "multiple of 1h"),
    toml("rate without a column", 'column = "rise"', 'column = "ascent"', "rates[1].column", '"ascent"', "rise"),
    toml("unknown language", 'language = "fr"', 'language = "de"', "hydria.toml:5", '"de"', "'en' or 'fr'"),
    toml("unknown zone", '"Europe/Paris"', '"Europe/Pariss"', "platform.timezone", '"Europe/Pariss"', "tz database"),
    toml("unknown store", "sqlite:///hydria.db", "mysql://host/db", "platform.store", '"mysql://host/db"',
         "postgresql"),
    toml("store in no folder", "sqlite:///hydria.db", "sqlite:///no/hydria.db", "platform.store", "does not exist",
         "SQLite"),
    toml("unreadable store", "sqlite:///hydria.db", "sqlite:///stations.csv", "platform.store", "is no SQLite file"),
    toml("store that is a folder", "sqlite:///hydria.db", "sqlite:///feeds", "platform.store", "is a folder"),
    toml("missing variable", '"sqlite:///hydria.db"', '"${HYDRIA_NO_SUCH_STORE}"', "platform.store",
         '"${HYDRIA_NO_SUCH_STORE}"', "not set"),
    toml("models that are a file", 'models = "models"', 'models = "stations.csv"', "platform.models", "is a file",
         "folder"),
    toml("not TOML", 'step = "1h"', "step = 1h", "hydria.toml:9", "step = 1h", "not TOML"),
    toml("key twice", 'step = "1h"', 'step = "1h"\nstep = "2h"', "hydria.toml:10", 'step = \\"2h\\"',
         "each key once"),
    toml("bad rain label", 'delay = "3min"', 'rain_label = "middle"', "river.rain_label", '"middle"',
         "'end' or 'start'"),
    toml("revisions below 0", 'delay = "3min"', "revisions = -1", "river.revisions", "-1", "0 to 1000"),
    toml("forecaster twice", '["ridge", "persistence"]', '["ridge", "ridge"]', "river.forecasters", "'ridge' twice"),
    toml("no forecaster", '["ridge", "persistence"]', "[]", "river.forecasters", "[]", "at least one"),
    toml("pipeline with a bad name", "pipelines.river", 'pipelines."the river"', "the river", "letters, digits"),
    csv("two stations of one name", "stations.csv", "down,Lower", "up,Lower", "stations.csv:3: station", '"up"',
         "line 2"),
    csv("unit of another quantity", "stations.csv", "level,m,", "level,m3/s,", "stations.csv:3: unit", '"m3/s"',
         "m, cm, mm"),
    csv("unknown unit", "stations.csv", "discharge,m3/s", "discharge,cfs", "stations.csv:2: unit", '"cfs"', "m3/s"),
    csv("unknown quantity", "stations.csv", "q_up,discharge", "q_up,flow", "stations.csv:2: quantity", '"flow"',
         "level"),
    csv("threshold that is no number", "stations.csv", "2,3.5", "2,high", "stations.csv:3: red", '"high"',
         "a number"),
    csv("latitude out of range", "stations.csv", "44.1,3.9", "441,3.9", "stations.csv:2: lat", '"441"', "-90 to 90"),
    csv("missing column", "stations.csv", "station,name,lat,lon,target", "station,name,lat,lon,targets",
         "stations.csv:1",
        "'target' is missing", "did you mean 'targets'", "unit"),
    csv("row too short", "stations.csv", ",,300", ",300", "stations.csv:3", "cells", "11"),
    csv("empty cell", "stations.csv", "q_up,discharge", ",discharge", "stations.csv:2: target", "empty"),
    csv("input of an unknown station", "inputs.csv", "down,rain.1", "dwon,rain.1", "inputs.csv:3: station", '"dwon"',
        "did you mean 'down'", "up, down"),
    csv("unknown kind", "inputs.csv", "r1,rain\ndown,d", "r1,snow\ndown,d", "inputs.csv:3: kind", '"snow"',
         "rain, level"),
    csv("slot twice", "inputs.csv", "down,discharge.upstream,q_up,discharge", "down,rain.1,r2,rain",
         "inputs.csv:4: slot",
        '"rain.1"', "once"),
    csv("slot with two kinds", "inputs.csv", "down,rain.1,r1,rain", "down,rain.1,r1,level", "inputs.csv:3: kind",
         '"level"'),
    csv("slot that is none", "inputs.csv", "down,rain.1", "down,rain 1!", "inputs.csv:3: slot", '"rain 1!"',
         "level.upstream"),
]  # fmt: skip


def run_check(config: Path) -> tuple[int, list[str]]:
    """Exit code and fault lines of ``hydria check``."""
    done = CliRunner().invoke(app, ["check", str(config)])
    assert "Traceback" not in done.output
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done.exit_code, done.stderr.splitlines()


@pytest.mark.parametrize("broken", BROKEN, ids=lambda b: b.name)
def test_a_line_that_names_place_value_and_what_is_allowed(broken: Broken, tmp_path: Path) -> None:
    assert broken.old in FILES[broken.file], "the test must break something"
    config = write_site(tmp_path, {broken.file: FILES[broken.file].replace(broken.old, broken.new)}, days=2)
    code, lines = run_check(config)
    assert code == 2, lines
    for words in broken.faults:
        hits = [line for line in lines if all(word in line for word in words)]
        assert hits, f"no line holds {words}:\n" + "\n".join(lines)


def test_there_are_forty() -> None:
    assert len(BROKEN) >= 40
    assert len({b.name for b in BROKEN}) == len(BROKEN)


FILES_GONE_WRONG: list[tuple[str, dict[str, str | bytes | None], tuple[str, ...]]] = [
    ("empty", {"hydria.toml": ""}, ("hydria.toml", "pipelines", "no pipeline")),
    ("no pipeline", {"hydria.toml": "[platform]\n"}, ("no pipeline", "[pipelines.NAME]")),
    ("binary", {"hydria.toml": bytes(range(256))}, ("hydria.toml", "UTF-8")),
    ("latin-1", {"hydria.toml": 'x = "é"'.encode("latin-1")}, ("hydria.toml", "UTF-8")),
    ("latin-1 stations", {"stations.csv": "station,é".encode("latin-1")}, ("stations.csv", "UTF-8")),
    ("empty stations", {"stations.csv": ""}, ("stations.csv:1", "missing")),
    ("only a header", {"stations.csv": "station,target,quantity,unit\n"}, ("stations.csv", "holds no row")),
    ("platform no table", {"hydria.toml": "platform = 3\n"}, ("hydria.toml:1", "platform", "3", "is not a table")),
    ("pipelines no table", {"hydria.toml": "pipelines = [1]\n"}, ("pipelines", "[1]", "is not a table")),
    ("pipeline no table", {"hydria.toml": "pipelines.a = 1\n"}, ("pipelines.a", "1", "is not a table")),
    ("options no table", {"hydria.toml": "[pipelines.a]\nforecaster.ridge = 1\n"}, ("forecaster.ridge",
     "is not a table")),
    ("deep rubbish", {"hydria.toml": "a.b.c.d = [[1, {e = 2}]]\n"}, ("hydria.toml:1", "unknown key 'a'")),
]  # fmt: skip


@pytest.mark.parametrize(("name", "changes", "words"), FILES_GONE_WRONG, ids=[f[0] for f in FILES_GONE_WRONG])
def test_files_gone_wrong(
    name: str, changes: dict[str, str | bytes | None], words: tuple[str, ...], tmp_path: Path
) -> None:
    code, lines = run_check(write_site(tmp_path, changes, days=1))
    assert code == 2, lines
    assert any(all(word in line for word in words) for line in lines), lines


@pytest.mark.parametrize("path", ["nothing.toml", ".", "hydria.toml/inside"])
def test_no_such_configuration(path: str, tmp_path: Path) -> None:
    write_site(tmp_path, days=1)
    code, lines = run_check(tmp_path / path)
    assert code == 2
    assert len(lines) == 1
    assert "TOML" in lines[0]


def test_all_at_once(tmp_path: Path) -> None:
    """One fault of every kind in one configuration: each has its line, and there are no others."""
    text = FILES["hydria.toml"]
    for old, new in {
        'language = "fr"': 'language = "de"',
        'horizon = "6h"': 'horizon = "90min"',
        '"ridge", "persistence"': '"rigde", "persistence"',
        "folds = 4": "fold = 4",
        'path = "feeds"': 'path = "nowhere"',
        "probability = 0.5": "probability = 2",
        'hold = "2h"': 'hodl = "2h"',
        "[0.1, 0.5, 0.9]": "[0.1]",
    }.items():
        assert old in text
        text = text.replace(old, new)
    stations = FILES["stations.csv"].replace("level,m,", "level,feet,").replace("40,80", "90,80")
    inputs = FILES["inputs.csv"].replace("down,rain.1", "dwon,rain.1")
    code, lines = run_check(
        write_site(tmp_path, {"hydria.toml": text, "stations.csv": stations, "inputs.csv": inputs}, days=1)
    )
    assert code == 2
    places = ["platform.language", "river.horizon", "forecasters[1]", "ridge", "source", "probability", "alerts.hodl",
              "quantiles", "stations.csv:3: unit", "stations.csv:2: red", "inputs.csv:3: station"]  # fmt: skip
    for place in places:
        assert sum(place in line for line in lines) >= 1, (place, lines)
    assert len(lines) == len(places), lines


def test_missing_tables_are_all_told_at_once(tmp_path: Path) -> None:
    """Without stations the others cannot be judged whole: that they are not there, or lack a column, is known."""
    text = FILES["hydria.toml"].replace('inputs = "inputs.csv"', 'inputs = "inputs.csv"\nratings = "curves.csv"')
    config = write_site(tmp_path, {"hydria.toml": text, "curves.csv": "station,stage\nup,1\n"}, days=1)
    for name in ("stations.csv", "inputs.csv"):
        (tmp_path / name).unlink()
    code, lines = run_check(config)
    assert code == 2
    for place in ("river.stations", "river.inputs", "curves.csv:1: the column 'discharge' is missing"):
        assert sum(place in line for line in lines) == 1, (place, lines)


def test_pipelines_are_all_checked(tmp_path: Path) -> None:
    second = FILES["hydria.toml"].partition("[pipelines.river]")[2].replace("river", "creek")
    second = "\n[pipelines.creek]" + second.replace('past = "24h"', 'past = "x"')
    text = FILES["hydria.toml"].replace('horizon = "6h"', 'horizon = "y"') + second
    _, lines = run_check(write_site(tmp_path, {"hydria.toml": text}, days=1))
    assert len(lines) == 2, lines
    assert "pipelines.river.horizon" in lines[0]
    assert "pipelines.creek.past" in lines[1]
