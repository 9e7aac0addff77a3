"""Several sources in a pipeline: who takes what, and what of it does not add up."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from hydria_plugin.cli import app
from hydria_plugin.config import build_source, read_config
from hydria_plugin.config.reading import examine
from hydria_plugin.plugins import load_plugins
from hydria_plugin.sources import LayoutOfSome, Several
from tests.site_files import FILES, write_site

ONE = 'source = { use = "csv", path = "feeds", time = "time_utc" }'
RIVERS = '{ use = "csv", path = "feeds", time = "time_utc", takes = ["q_*", "h_*"] }'
RAIN = '{ use = "csv", path = "rain", time = "time_utc" }'


def site(folder: Path, source: str, days: int = 3) -> Path:
    """The two gauges, their rain in a folder of its own."""
    path = write_site(folder, {"hydria.toml": FILES["hydria.toml"].replace(ONE, source)}, days)
    (folder / "rain").mkdir()
    lines = [line.split(",") for line in (folder / "feeds" / "river.csv").read_text().splitlines()]
    (folder / "rain" / "rain.csv").write_text("".join(f"{time},{rain}\n" for time, rain, *_ in lines))
    (folder / "feeds" / "river.csv").write_text("".join(f"{time},{q},{h}\n" for time, _, q, h in lines))
    return path


def faults(folder: Path, source: str) -> tuple[str, ...]:
    return examine(site(folder, source), {}).faults


def test_each_series_has_one_source(tmp_path: Path) -> None:
    settings = read_config(site(tmp_path, f"source = [\n  {RIVERS},\n  {RAIN},\n]"))
    river = settings.pipelines["river"]
    assert {name: choice.series for name, choice in river.sources.items()} == {
        "csv": ("q_up", "h_down"),
        "csv.2": ("r1",),
    }
    assert "takes" not in river.sources["csv"].options, "it is the house's, not the plug-in's"
    source = build_source(settings, "river", load_plugins(), lambda: np.datetime64("2021-03-03", "us"))
    assert isinstance(source, Several)
    assert [(feed.name, feed.series) for feed in source.feeds] == [("csv", ("q_up", "h_down")), ("csv.2", ("r1",))]
    layouts = [feed.source._layout for feed in source.feeds]  # type: ignore[attr-defined]
    assert [type(layout) for layout in layouts] == [LayoutOfSome] * 2
    assert [layout.all_series() for layout in layouts] == [feed.series for feed in source.feeds]


def test_the_one_without_patterns_takes_the_rest_wherever_it_stands(tmp_path: Path) -> None:
    river = read_config(site(tmp_path, f"source = [{RAIN}, {RIVERS}]")).pipelines["river"]
    assert [choice.series for choice in river.sources.values()] == [("r1",), ("q_up", "h_down")]


def test_the_first_that_matches_takes_it(tmp_path: Path) -> None:
    more = RAIN.replace(" }", ', takes = ["r?", "*_up", "*"] }')
    (fault,) = faults(tmp_path, f"source = [{RIVERS}, {more}]")
    assert fault.split(": ", 1)[1] == (
        'pipelines.river.source[2].takes[2]: "*_up" takes nothing: q_up is taken by source[1]; '
        "allowed: patterns of series that no source before takes"
    )


def test_one_as_a_table_or_as_a_list_of_one_is_the_same(tmp_path: Path) -> None:
    forms = ONE, ONE.replace("{", "[{").replace("}", "}]")
    for n, form in enumerate(forms):
        text = FILES["hydria.toml"].replace(ONE, form)
        settings = read_config(write_site(tmp_path / str(n), {"hydria.toml": text}, 1))
        (choice,) = settings.pipelines["river"].sources.values()
        assert choice.series == ("q_up", "h_down", "r1")
        assert not isinstance(build_source(settings, "river", load_plugins(), lambda: np.datetime64(0, "us")), Several)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (f"[\n{RIVERS},\n{RAIN.replace(' }', ', takes = [')}\n'x*'] }}\n]",
         ["hydria.toml:14: pipelines.river.source: no source takes the series 'r1'; allowed: a pattern in `takes`",
          'hydria.toml:16: pipelines.river.source[2].takes[1]: "x*" matches no series of the stations and inputs; '
          "allowed: patterns of q_up, h_down, r1"]),
        (f"[\n{RIVERS},\n{RAIN},\n{RAIN}\n]",
         ["hydria.toml:17: pipelines.river.source[3]: source[2] and source[3] have no `takes`: only one can take"]),
        (f"[\n{RIVERS.replace('h_*', 'r?')},\n{RAIN.replace(' }', ', takes = [')}'r1'] }}\n]",
         ["hydria.toml:16: pipelines.river.source[2].takes[1]: \"r1\" takes nothing: r1 is taken by source[1]",
          "hydria.toml:14: pipelines.river.source: no source takes the series 'h_down'"]),
        (f"[\n{RIVERS.replace('h_*', '*')},\n{RAIN}\n]",
         ["hydria.toml:16: pipelines.river.source[2]: takes the rest, and nothing is left: every series is taken"]),
        (f"[{RIVERS.replace('q_*', 'q-up')}, {RAIN}]",
         ["""source[1].takes[1]: "q-up" matches no series of the stations and inputs (did you mean 'q_up'?)"""]),
        (f"[\n{RIVERS},\n{RAIN.replace('csv', 'cvs')}\n]",
         ["hydria.toml:16: pipelines.river.source[2]: \"cvs\" is no installed source (did you mean 'csv'?)"]),
        (f"[\n{RIVERS},\n{RAIN.replace('path', 'pfad')}\n]",
         ["hydria.toml:16: pipelines.river.source[2].pfad: source 'csv' takes no option 'pfad'",
          "hydria.toml:16: pipelines.river.source[2]: source 'csv' needs the option 'path'"]),
        (f"[{RIVERS}, {{ path = 'rain' }}]", ["source[2].use: is missing in {path = \"rain\"}; allowed: the name"]),
        (f"[{RIVERS}, 'csv']", ['source[2]: "csv" is not a table; allowed: a table']),
        (f"[\n{RIVERS.replace('[', '').replace(', ' + chr(34) + 'h_*' + chr(34) + ']', '')},\n{RAIN}\n]",
         ['hydria.toml:15: pipelines.river.source[1].takes: "q_*" is not a list; allowed: patterns of series']),
        (f"[{RIVERS}, {RAIN.replace(' }', ', takes = [] }')}]", ["source[2].takes: [] names none"]),
        (f"[{RIVERS}, {RAIN.replace(' }', ', takes = [7] }')}]", ["source[2].takes[1]: 7 is not text"]),
        ("[]", ["pipelines.river.source: [] names none; allowed: a table"]),
        ('"csv"', ['pipelines.river.source: "csv" is not a table; allowed: a table']),
        (RIVERS, ["pipelines.river.source.takes: source 'csv' takes no option 'takes'"]),
        (f"[\n{RIVERS},\n{RAIN.replace('csv', '${NO_SUCH}')}\n]",
         ['pipelines.river.source[2].use: "${NO_SUCH}" needs the environment variable \'NO_SUCH\', which is not set']),
    ],
)  # fmt: skip
def test_what_does_not_add_up_is_told_with_its_place(tmp_path: Path, source: str, expected: list[str]) -> None:
    found = faults(tmp_path, f"source = {source}")
    assert len(found) == len(expected), found
    for words in expected:
        assert any(words in line for line in found), (words, found)


def test_all_of_it_at_once(tmp_path: Path) -> None:
    many = [RIVERS.replace("q_*", "z*"), RAIN.replace("time_utc", "t").replace(" }", ', takes = ["y"] }'),
            '{ use = "nobody", takes = ["x"] }']  # fmt: skip
    config = site(tmp_path, f"source = [{', '.join(many)}]")
    config.write_text(config.read_text().replace('language = "fr"', 'language = "de"'))
    done = CliRunner().invoke(app, ["check", str(config), "--json"])
    found = json.loads(done.stdout)
    assert done.exit_code == 2
    places = ["source[1].takes[1]", "source[2].takes[1]", "source[3].takes[1]", "source: no source",
              'source[3]: "nobody"', "platform.language"]  # fmt: skip
    for place in places:
        assert sum(place in line for line in found["faults"]) == 1, (place, found["faults"])
    assert len(found["faults"]) == len(places), found["faults"]


def test_an_array_of_tables_is_a_list_and_its_lines_are_known(tmp_path: Path) -> None:
    """``[[pipelines.river.source]]`` twice, after the pipeline's own keys."""
    head, _, tail = FILES["hydria.toml"].partition(ONE + "\n")
    first, rest = tail.split("\n\n", 1)
    tables = "\n".join(
        f'[[pipelines.river.source]]\nuse = "csv"\npath = "{path}"\ntime = "time_utc"\n{more}\n'
        for path, more in (("feeds", 'takes = ["q_*", "h_*"]'), ("rain", 'takes = ["z1"]'))
    )
    config = site(tmp_path, ONE)
    text = f"{head}{first}\n\n{tables}\n{rest}"
    config.write_text(text)
    line = text.splitlines().index('takes = ["z1"]') + 1
    found = examine(config, {}).faults
    assert len(found) == 2 and any(f"hydria.toml:{line}: pipelines.river.source[2].takes[1]" in f for f in found), found
    config.write_text(text.replace('"z1"', '"r1"'))
    assert len(read_config(config).pipelines["river"].sources) == 2


def test_secrets_and_paths_are_as_in_sinks(tmp_path: Path) -> None:
    """A variable in a table of the list is put in; a secret written out is refused, and not shown."""
    config = site(tmp_path, f"source = [{RIVERS}, {RAIN.replace(chr(34) + 'rain', chr(34) + '${RAIN_FOLDER}')}]")
    settings = read_config(config, {"RAIN_FOLDER": "rain"})
    assert settings.pipelines["river"].sources["csv.2"].options["path"] == "rain"
    secret = RAIN.replace(" }", ', password = "open-sesame" }')
    (fault,) = faults(tmp_path / "other", f"source = [\n{RIVERS},\n{secret}\n]")
    assert "hydria.toml:16: pipelines.river.source[2].password: is a secret, and written out" in fault
    assert "open-sesame" not in fault


def test_a_change_of_who_takes_what_is_another_configuration(tmp_path: Path) -> None:
    digests = {
        read_config(site(tmp_path / str(n), f"source = [{RIVERS}, {rain}]")).pipelines["river"].digest
        for n, rain in enumerate((RAIN, RAIN.replace(" }", ', takes = ["r1"] }')))
    }
    assert len(digests) == 2


# ---- check ---------------------------------------------------------------------------------------------------------


def test_check_probes_each_and_tells_each_by_its_name(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["check", str(site(tmp_path, f"source = [\n  {RIVERS},\n  {RAIN},\n]"))])
    assert done.exit_code == 0, done.output
    for n, (folder, share) in enumerate({"feeds": "2 of 2", "rain": "1 of 1"}.items()):
        place = f"ok: hydria.toml:{15 + n}: pipelines.river.source[{n + 1}] (source csv)"
        assert f"{place}: {tmp_path}/{folder}: 1 file, {share} series" in done.stdout
    assert "warning: river: source csv: stale feed" in done.stdout
    assert "warning: river: source csv.2: stale feed" in done.stdout


def test_check_says_which_has_failed(tmp_path: Path) -> None:
    config = site(tmp_path, f"source = [{RIVERS}, {RAIN}]")
    (tmp_path / "rain" / "rain.csv").write_bytes(b"\x00\x01")
    done = CliRunner().invoke(app, ["check", str(config), "--json"])
    found = json.loads(done.stdout)
    assert done.exit_code == 1
    assert len(found["failures"]) == 1 and "pipelines.river.source[2] (source csv)" in found["failures"][0], found
    assert any("pipelines.river.source[1] (source csv)" in line and "2 of 2 series" in line for line in found["seen"])
    assert found["pipelines"]["river"]["sources"] == {"csv": 2, "csv.2": 1}


def test_check_tells_of_each_what_is_missing(tmp_path: Path) -> None:
    config = site(tmp_path, f"source = [\n{RIVERS.replace('feeds', 'no')},\n{RAIN.replace('rain', 'nowhere')}\n]")
    done = CliRunner().invoke(app, ["check", str(config), "--json"])
    found = json.loads(done.stdout)["faults"]
    assert done.exit_code == 2
    assert any("hydria.toml:15: pipelines.river.source[1]" in line and f"{tmp_path}/no" in line for line in found), (
        found
    )
    assert any("hydria.toml:16: pipelines.river.source[2]" in line and "nowhere" in line for line in found), found
