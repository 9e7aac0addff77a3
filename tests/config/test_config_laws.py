"""Laws of the configuration: every fault at once, whatever the values; the order of tables, keys, rows says nothing."""

from __future__ import annotations

import csv
import io
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin.config import Examination, examine
from hydria_plugin.config.csv_files import parse_csv
from hydria_plugin.config.places import Faults
from hydria_plugin.plugins import Registry, load_plugins
from tests.site_files import FILES, write_site

TOML, STATIONS, INPUTS = (FILES[name] for name in ("hydria.toml", "stations.csv", "inputs.csv"))


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load_plugins()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("site")


def examined(folder: Path, registry: Registry, **files: str | bytes) -> Examination:
    changes = {"hydria.toml" if name == "toml" else f"{name}.csv": text for name, text in files.items()}
    return examine(write_site(folder, changes, days=1), {}, registry)


# ---- any value has its line --------------------------------------------------------------------------------------

NASTY = [
    ("probability = 0.5", "probability = nan", ("alerts.probability", "NaN")),
    ("probability = 0.5", "probability = -inf", ("alerts.probability", "-Infinity")),
    ("tolerance = 0.1", "tolerance = inf", ("alerts.tolerance:", "Infinity is not allowed", "a number from 0")),
    ("tolerance = 0.1", "tolerance = nan", ("alerts.tolerance:", "NaN is not allowed", "a number from 0")),
    ("tolerance = 0.1", "tolerance = -1", ("alerts.tolerance:", "-1 is not allowed", "a number from 0")),
    ("tolerance = 0.1", "tolerance = [1]", ("alerts.tolerance:", "[1]", "a number from 0")),
    ("[0.1, 0.5, 0.9]", "[0.1, 0.5, nan]", ("river.quantiles", "[0.1, 0.5, NaN]", "rising")),
    ("[0.1, 0.5, 0.9]", "[nan, 0.5, 0.9]", ("river.quantiles", "[NaN, 0.5, 0.9]", "rising")),
    ("[0.1, 0.5, 0.9]", "[0.0, 0.5]", ("river.quantiles", "[0.0, 0.5]", "between 0 and 1")),
    ("[0.1, 0.5, 0.9]", "[]", ("river.quantiles", "[]", "0.5 among them")),
    ('delay = "3min"', f"revisions = {'9' * 30}", ("river.revisions", "a whole number from 0 to 1000")),
    ('delay = "3min"', f"revisions = {'9' * 5000}", ("hydria.toml", "cannot be taken apart", "digits")),
    ('delay = "3min"', f"x = {'[' * 3000}{']' * 3000}", ("hydria.toml", "cannot be taken apart", "recursion")),
    ('"stations.csv"', '"sta\\u0000tions.csv"', ("river.stations", "NUL")),
    ("sqlite:///hydria.db", "sqlite:///\\u0000.db", ("platform.store", "NUL")),
    ('models = "models"', 'models = "mo\\u0000dels"', ("platform.models", "NUL")),
    ('path = "feeds"', 'path = "fe\\u0000eds"', ("river.source.path", "NUL")),
    ('path = "out"', 'path = "o\\u0000ut"', ("river.sinks[1].path", "NUL")),
    ('"stations.csv"', f'"{"s" * 400}.csv"', ("river.stations", "File name too long")),
    ("sqlite:///hydria.db", f"sqlite:///{'s' * 400}", ("platform.store", "File name too long")),
    ('models = "models"', f'models = "{"m" * 400}"', ("platform.models", "File name too long")),
    ('models = "models"', f'models = "{"m/" * 3000}"', ("platform.models", "File name too long")),
    ('["yellow", "red"]', '["lat"]', ("alerts.thresholds[1]", '"lat"', "yellow, red, rise")),
    ('tolerance = 0.1', 'tolerance = "name"', ("alerts.tolerance", '"name"', "yellow, red, rise")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "words"), NASTY, ids=[f"{n}: {new[:30]!r}" for n, (_, new, _) in enumerate(NASTY)]
)
def test_no_value_ends_the_check(folder: Path, registry: Registry, old: str, new: str, words: tuple[str, ...]) -> None:
    """One line that names place and value; none of them a second line, a traceback or, worst, none at all."""
    assert old in TOML
    found = examined(folder, registry, toml=TOML.replace(old, new))
    assert found.settings is None
    assert len(found.faults) == 1, found.faults
    assert all(word in found.faults[0] for word in words), found.faults


APART = [  # things that can be wrong at once: old, new, and words of the line
    ('language = "fr"', 'language = "de"', "platform.language"),
    ('timezone = "Europe/Paris"', 'timezone = "Europe/Gard"', "platform.timezone"),
    ('past = "24h"', 'past = "90min"', "river.past"),
    ('horizon = "6h"', 'horizon = "a day"', "river.horizon"),
    ('delay = "3min"', 'dealy = "3min"', "river.dealy"),
    ("[0.1, 0.5, 0.9]", "[0.1, 0.5, nan]", "river.quantiles"),
    ("folds = 4", "fold = 4", "ridge.fold"),
    ("probability = 0.5", "probability = 5", "alerts.probability"),
    ('hold = "2h"', "hold = 2", "alerts.hold"),
    ("tolerance = 0.1", "tolerance = nan", "alerts.tolerance"),
    ('["yellow", "red"]', '["yellow", "lat"]', "thresholds[2]"),
    ('use = "csv", path = "out"', 'use = "pigeon", path = "out"', "river.sinks[1]"),
    ('column = "rise"', 'column = "ascent"', "rates[1].column"),
]


@settings(max_examples=40)
@given(wrong=st.sets(st.integers(0, len(APART) - 1), min_size=1))
def test_whatever_is_wrong_together_is_told_together(folder: Path, registry: Registry, wrong: set[int]) -> None:
    text = TOML
    for i in wrong:
        assert APART[i][0] in text
        text = text.replace(APART[i][0], APART[i][1])
    faults = examined(folder, registry, toml=text).faults
    for i in wrong:
        assert sum(APART[i][2] in line for line in faults) == 1, (APART[i], faults)
    assert len(faults) == len(wrong), faults


@settings(max_examples=80)
@given(
    key=st.sampled_from(sorted({line.split(" = ")[0] for line in TOML.splitlines() if " = " in line})),
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["use", "path", "a"]), inner, max_size=3)
        ),
        max_leaves=5,
    ),
)
def test_any_value_of_any_key_is_taken_or_told(folder: Path, registry: Registry, key: str, value: Any) -> None:
    lines = [f"{key} = {in_toml(value)}" if line.startswith(f"{key} = ") else line for line in TOML.splitlines()]
    found = examined(folder, registry, toml="\n".join(lines))
    assert (found.settings is None) == bool(found.faults)
    for line in found.faults:
        assert "\n" not in line and "Traceback" not in line and len(line) < 2000


def in_toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k} = {in_toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(in_toml, value)) + "]"
    if isinstance(value, bool) or value is None:
        return str(bool(value)).lower()
    if isinstance(value, str):
        return '"' + "".join(c if c.isalnum() else f"\\U{ord(c):08X}" for c in value) + '"'
    return repr(value)


# ---- order says nothing ------------------------------------------------------------------------------------------


@settings(max_examples=25)
@given(data=st.data())
def test_the_order_of_tables_and_keys_says_nothing(folder: Path, registry: Registry, data: st.DataObject) -> None:
    sections = [section.splitlines() for section in TOML.strip().split("\n\n")]
    moved = data.draw(st.permutations(sections))
    text = "\n\n".join("\n".join([head, *data.draw(st.permutations(lines))]) for head, *lines in moved)
    assert tomllib.loads(text) == tomllib.loads(TOML)
    plain, turned = (examined(folder, registry, toml=t).settings for t in (TOML, text))
    assert plain is not None and turned is not None
    assert turned.platform == plain.platform
    one, other = (s.pipelines["river"] for s in (plain, turned))
    assert one.digest == other.digest and one.layout.slots == other.layout.slots
    assert repr(one.rules) == repr(other.rules) and one.sinks == other.sinks


@settings(max_examples=20)
@given(data=st.data())
def test_the_order_of_rows_and_columns_says_nothing_but_the_order(
    folder: Path, registry: Registry, data: st.DataObject
) -> None:
    rows = [line.split(",") for line in STATIONS.splitlines()]
    columns = data.draw(st.permutations(range(len(rows[0]))))
    order = data.draw(st.permutations(rows[1:]))
    text = "\n".join(",".join(row[c] for c in columns) for row in [rows[0], *order])
    plain, turned = (examined(folder, registry, stations=t).settings for t in (STATIONS, text))
    assert plain is not None and turned is not None
    one, other = plain.pipelines["river"], turned.pipelines["river"]
    at = [one.layout.stations.index(station) for station in other.layout.stations]
    for name in ("targets", "units", "names"):
        assert getattr(other.layout, name) == tuple(getattr(one.layout, name)[i] for i in at)
    assert np.array_equal(other.thresholds.limits, one.thresholds.limits[at], equal_nan=True)
    assert np.array_equal(other.layout.series, one.layout.series[at])


# ---- tables ------------------------------------------------------------------------------------------------------


@settings(max_examples=100)
@given(
    names=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=12), min_size=1, max_size=5),
    separator=st.sampled_from([",", ";"]),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_any_name_is_one_cell_on_one_line(names: list[str], separator: str, end: str) -> None:
    """U+2028, form feeds and the breaks of a spreadsheet's cells among them: no row is torn, no log line either."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator=end, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(["number", "name", "more"])
    writer.writerows([n, name, "x"] for n, name in enumerate(names))
    faults = Faults()
    file = parse_csv("t.csv", out.getvalue(), ("number", "name"), faults)
    assert file is not None and not faults.lines
    assert [row.cells["number"] for row in file.rows] == [str(n) for n in range(len(names))]
    for row, name in zip(file.rows, names, strict=True):
        assert len(row.cells["name"].splitlines()) <= 1
        assert "".join(row.cells["name"].split()) == "".join(name.split())


@settings(max_examples=100)
@given(st.text(max_size=300) | st.binary(max_size=300).map(lambda b: b.decode("latin-1")))
def test_any_text_is_a_table_or_told(text: str) -> None:
    faults = Faults()
    file = parse_csv("t.csv", text, ("station",), faults)
    assert (file is None) <= bool(faults.lines)
    assert all("\n" not in line for line in faults.lines)


@pytest.mark.parametrize(
    "head", ["# my stations\n", "\n\n", "  # a, remark; with separators\n\n", "\ufeff# saved by a spreadsheet\r\n"]
)
def test_remarks_and_blank_lines_may_stand_before_the_header(folder: Path, registry: Registry, head: str) -> None:
    assert examined(folder, registry, stations=head + STATIONS).faults == ()
    broken = examined(folder, registry, stations=head + STATIONS.replace("44.1", "441")).faults
    line = head.count("\n") + 2
    assert len(broken) == 1 and broken[0].startswith(f"stations.csv:{line}: lat"), broken
    (missing, *_) = examined(folder, registry, stations=head + STATIONS.replace("target", "aim")).faults
    assert missing.startswith(f"stations.csv:{line - 1}: the column 'target'"), missing


@pytest.mark.parametrize("cell", ["4_0", "0x28", "4 0", "40m", "inf", "1e999", "--40"])
def test_what_is_no_number_to_people_is_none(folder: Path, registry: Registry, cell: str) -> None:
    faults = examined(folder, registry, stations=STATIONS.replace("40,80", f"{cell},80")).faults
    assert len(faults) == 1 and f'"{cell}" is not a number' in faults[0], faults


def test_a_rise_over_more_than_a_window_shows_is_a_warning(folder: Path, registry: Registry) -> None:
    found = examined(folder, registry, toml=TOML.replace('over = "2h"', 'over = "30h"'))
    assert found.faults == ()
    assert [w for w in found.warnings if "'fast rise' over 1d6h is only seen within past = 1d" in w]
    assert not examined(folder, registry).warnings
