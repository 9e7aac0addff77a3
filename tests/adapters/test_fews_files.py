"""Files of FEWS as a source and a sink, outside of runs and in one."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fews_platform import MODULES, NAMES, put_file, series_of
from whole_loop import BEGIN, STEP, registry_with, rows_between

from hydria_fews.drop import FewsDrop
from hydria_fews.files import FewsFiles
from hydria_fews.pi_bin import pi_bin
from hydria_fews.pi_reading import read_pi
from hydria_fews.running import Export, exported
from hydria_plugin import ConfigError, FeedError, Report, Wanted
from hydria_plugin.testing import check_sink, check_source, sample_bulletin, sample_layout

WANTED = Wanted(tuple(NAMES.values()), BEGIN + 10 * STEP, BEGIN + 20 * STEP, BEGIN + 20 * STEP, BEGIN + 26 * STEP, STEP)


def errors(table: Any) -> list[str]:
    return [p.error for p in table.attrs["problems"]]


def test_a_folder_is_read_and_read_again_when_it_changes(tmp_path: Path) -> None:
    put_file(tmp_path / "a.xml", series_of(rows_between(0, 15)))
    source = FewsFiles(path=str(tmp_path))
    assert len(source.read(WANTED)) == 5 * 5
    put_file(tmp_path / "b.xml", series_of(rows_between(15, 21)))
    check_source(source, WANTED)
    assert len(source.read(WANTED)) == 5 * 11
    put_file(tmp_path / "b.xml", series_of(rows_between(15, 18)))
    assert len(source.read(WANTED)) == 5 * 8


def test_a_broken_file_is_a_problem_and_nothing_but_broken_ones_an_error(tmp_path: Path) -> None:
    put_file(tmp_path / "a.xml", series_of(rows_between(0, 21)))
    (tmp_path / "b.xml").write_text("<TimeSeries><series>")
    table = FewsFiles(path=str(tmp_path)).read(WANTED)
    assert len(table) == 5 * 11 and ["b.xml" in error for error in errors(table)] == [True]
    with pytest.raises(FeedError, match=r"b\.xml"):
        FewsFiles(path=str(tmp_path / "b.xml")).read(WANTED)
    with pytest.raises(FeedError, match="cannot be read"):
        FewsFiles(path=str(tmp_path / "none.xml")).read(WANTED)
    with pytest.raises(FeedError, match="no path is configured"):
        FewsFiles().read(WANTED)


def test_values_in_a_binary_file_beside_it(tmp_path: Path) -> None:
    whole = series_of(rows_between(10, 21))
    plain = [replace(s, flag=np.full(len(s), -1, np.int16)) for s in whole]
    put_file(tmp_path / "a.xml", [replace(s, time=s.time[:0], value=s.value[:0], flag=s.flag[:0]) for s in plain])
    (tmp_path / "a.bin").write_bytes(b"".join(pi_bin(plain)))
    table = FewsFiles(path=str(tmp_path)).read(WANTED)
    flow = table[table["series"] == NAMES["q_up"]]
    np.testing.assert_allclose(flow["value"], whole[0].value, rtol=1e-6)
    (tmp_path / "a.bin").write_bytes(b"\0" * 12)
    with pytest.raises(FeedError, match="not of one export"):
        FewsFiles(path=str(tmp_path)).read(WANTED)


def test_in_a_run_only_what_was_exported_is_read(tmp_path: Path) -> None:
    put_file(tmp_path / "history" / "a.xml", series_of(rows_between(0, 15)))
    put_file(tmp_path / "input" / "b.xml", series_of(rows_between(18, 21)))
    with exported(Export((tmp_path / "input" / "b.xml",), WANTED.issued_at)):
        source = FewsFiles(path=str(tmp_path / "history"))
    assert len(source.read(WANTED)) == 5 * 3
    assert len(FewsFiles(path=str(tmp_path / "history")).read(WANTED)) == 5 * 5
    missing = tmp_path / "input" / "gone.xml"
    with exported(Export((tmp_path / "input" / "b.xml", missing), WANTED.issued_at)):
        table = FewsFiles(path="").read(WANTED)
    assert len(table) == 5 * 3 and ["gone.xml" in error for error in errors(table)] == [True]


def test_probe(tmp_path: Path) -> None:
    put_file(tmp_path / "a.xml", series_of(rows_between(0, 21)))
    now = BEGIN + 20 * STEP + np.timedelta64(5, "m")
    said = FewsFiles(path=str(tmp_path), clock=lambda: now).probe()
    assert "5 series" in said and "5 min ago" in said and "of 2026-08-20T20:00:00Z UTC" in said
    assert "not there: level@s1" in FewsFiles(path=str(tmp_path), layout=sample_layout()).probe()
    assert "can be written" in FewsDrop(path=str(tmp_path / "out")).probe()
    with pytest.raises(FeedError, match="cannot be written"):
        FewsDrop(path=str(tmp_path / "a.xml" / "out")).probe()


def test_the_sink_keeps_its_promises(tmp_path: Path) -> None:
    sink, place = FewsDrop(path="out", folder=tmp_path, timezone=1.0), tmp_path / "out"
    check_sink(sink, lambda: {p.name: p.read_bytes() for p in place.glob("*")} if place.is_dir() else {})
    assert [p.name for p in place.iterdir()] == ["sample_20260301T060000Z.xml"]
    bulletin = sample_bulletin(revision=1)
    sink.write(replace(bulletin, forecast=replace(bulletin.forecast, values=bulletin.forecast.values + 1)))
    sink.write_reports([Report("attribution", "s1", "E", "because")])
    assert {p.name for p in place.iterdir()} == {"sample_20260301T060000Z.xml", "sample_20260301T060000Z_reports.xml"}
    content = read_pi((place / "sample_20260301T060000Z_reports.xml").read_bytes(), "x")
    assert content.series[0].more["comment"][0] == "E because"


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file where a folder should be")
    with pytest.raises(FeedError, match="cannot be written"):
        FewsDrop(path="out", folder=tmp_path).write(sample_bulletin())


def test_wrong_options() -> None:
    with pytest.raises(ConfigError, match="timezone"):
        FewsFiles(path="a", timezone=99.0)
    with pytest.raises(ConfigError, match="'volume'"):
        FewsDrop(path="a", parameters={"volume": "V"})


def test_the_sample_and_the_readme_name_options_that_there_are() -> None:
    registry, package = registry_with(MODULES), resources.files("hydria_fews")
    text = (package / "sample.toml").read_text()
    service = text.replace("\nsource", "\n# source").replace("\nsinks", "\n# sinks")
    for name in ("source", "sinks"):
        service = service.replace(f'# {name} = {{ use = "fews-rest', f'{name} = {{ use = "fews-rest')
        service = service.replace(f'# {name} = [{{ use = "fews-rest', f'{name} = [{{ use = "fews-rest')
    assert service.count("\nsource") == service.count("\nsinks") == 1 and "fews-rest" in service.split("\nsource")[1]
    for shown in (text, service):
        table = tomllib.loads(shown)["pipelines"]["example"]
        for role, choice in (("source", table["source"]), ("sink", table["sinks"][0])):
            options = {name: value for name, value in choice.items() if name != "use"}
            assert registry.build(role, choice["use"], options)
    readme = (package / "README.md").read_text()
    for role, name in (("source", "fews"), ("sink", "fews"), ("source", "fews-rest"), ("sink", "fews-rest")):
        assert not [o for o in registry.options(role, name) if f"`{o}`" not in readme]
    assert not [o for o in registry.options("importer", "fews") if f"`{o}`" not in readme]


def test_being_offered_costs_nothing() -> None:
    code = "import hydria_fews, sys; print([m for m in ('lxml', 'httpx', 'pandas', 'torch') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": ":".join(sys.path)}, capture_output=True)
    assert done.stdout.strip() == b"[]", done.stderr
