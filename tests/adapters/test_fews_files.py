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
import pandas as pd
import pytest
from fews_platform import MODULES, NAMES, header_of, put_file, series_of
from whole_loop import BEGIN, STEP, registry_with, rows_between

from hydria_fews.drop import FewsDrop
from hydria_fews.files import FewsFiles
from hydria_fews.pi_bin import pi_bin
from hydria_fews.pi_reading import read_pi
from hydria_fews.pi_series import PiSeries
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
    source = FewsFiles(path=str(tmp_path))
    table = source.read(WANTED)
    flow = table[table["series"] == NAMES["q_up"]]
    np.testing.assert_allclose(flow["value"], whole[0].value, rtol=1e-6)
    (tmp_path / "a.bin").write_bytes(b"\0" * 12)
    again = source.read(WANTED)
    assert len(again) == len(table) and "not of one export" in errors(again)[0], "as it was, until the two fit together"
    with pytest.raises(FeedError, match="not of one export"):
        FewsFiles(path=str(tmp_path)).read(WANTED)


def test_a_file_that_is_half_overwritten_stands_as_it_was(tmp_path: Path) -> None:
    """And is read again when it is whole; one that is gone is gone."""
    place = tmp_path / "a.xml"
    put_file(place, series_of(rows_between(0, 15)))
    source = FewsFiles(path=str(place))
    before = source.read(WANTED)
    assert len(before) == 5 * 5
    put_file(place, series_of(rows_between(0, 21)))
    whole = place.read_bytes()
    for broken in (whole[: len(whole) // 2], b"", whole.replace(b"</TimeSeries>", b"</Time")):
        place.write_bytes(broken)
        for _ in range(2):
            table = source.read(WANTED)
            pd.testing.assert_frame_equal(table, before, check_flags=False)
            assert ["a.xml" in e and "what it held before is used" in e for e in errors(table)] == [True]
    place.write_bytes(whole)
    table = source.read(WANTED)
    assert len(table) == 5 * 11 and errors(table) == []
    place.unlink()
    with pytest.raises(FeedError, match="cannot be read"):
        source.read(WANTED)


def of(table: Any, name: str) -> Any:
    return table[table["series"] == NAMES[name]]


def test_late_corrected_and_out_of_order_values(tmp_path: Path) -> None:
    """Events in no order; a later file of the same hours: of two values of one moment the later file's stands."""
    flow = series_of(rows_between(10, 21))[0]
    shuffled = np.array([5, 1, 9, 0, 10])
    put_file(tmp_path / "1.xml", [PiSeries.of(flow.header, flow.time[shuffled], flow.value[shuffled])])
    source = FewsFiles(path=str(tmp_path))
    table = source.read(WANTED)
    assert table["value"].tolist() == flow.value[np.sort(shuffled)].tolist() and table["time"].is_monotonic_increasing
    put_file(tmp_path / "2.xml", [replace(flow, value=flow.value + 1.0)])
    table = source.read(WANTED)
    np.testing.assert_allclose(table["value"], flow.value + 1.0)
    check_source(source, WANTED)


def test_zones_and_units_of_files(tmp_path: Path) -> None:
    """The zone of the file before that of the option; the unit of the header to that of stations.csv."""
    level = series_of(rows_between(10, 21))[1]
    told = replace(level, value=level.value * 100, header=replace(level.header, units="cm"))
    layout = replace(sample_layout(1, 1), targets=(NAMES["h_down"],))
    put_file(tmp_path / "a.xml", [told], zone=-5.0)
    for text, zone in ((None, 3.0), ("", -5.0)):
        if text is not None:
            data = (tmp_path / "a.xml").read_bytes().replace(b"<timeZone>-5.0</timeZone>", b"")
            (tmp_path / "a.xml").write_bytes(data)
        table = FewsFiles(path=str(tmp_path), timezone=zone, layout=layout).read(WANTED)
        np.testing.assert_allclose(table["value"], level.value)
        assert (table["time"].dt.tz_localize(None).to_numpy() == level.time).all()
    wrong = replace(told, header=replace(told.header, units="degC"))
    put_file(tmp_path / "a.xml", [wrong])
    assert "'degC'" in errors(FewsFiles(path=str(tmp_path), layout=layout).read(WANTED))[0]


def test_a_folder_that_is_away_and_comes_back(tmp_path: Path) -> None:
    """As a network drive does; what was exported meanwhile is read then."""
    place, away = tmp_path / "export", tmp_path / "away"
    put_file(place / "1.xml", series_of(rows_between(10, 15)))
    source = FewsFiles(path="export", folder=tmp_path)
    assert len(source.read(WANTED)) == 5 * 5
    place.rename(away)
    for _ in range(2):
        with pytest.raises(FeedError, match="export"):
            source.read(WANTED)
    put_file(away / "2.xml", series_of(rows_between(15, 21)))
    away.rename(place)
    assert len(source.read(WANTED)) == 5 * 11


def test_stamps_of_a_clock_that_is_ahead_are_not_read(tmp_path: Path) -> None:
    put_file(tmp_path / "a.xml", series_of(rows_between(10, 24)))
    source = FewsFiles(path=str(tmp_path))
    assert (source.read(WANTED)["time"].dt.tz_localize(None).to_numpy() <= WANTED.issued_at).all()
    check_source(source, WANTED)


def test_the_promises_hold_with_forecasts_and_in_a_run(tmp_path: Path) -> None:
    issue, ahead = (WANTED.issued_at - STEP).astype("M8[ms]"), WANTED.issued_at + STEP * np.arange(-3, 7)
    members = [
        PiSeries.of(header_of("q_up", ensemble="GR", member=m, issued_at=issue), ahead, np.arange(10.0) + m)
        for m in (1, 2)
    ]
    put_file(tmp_path / "a.xml", series_of(rows_between(10, 24)) + members)
    table = FewsFiles(path=str(tmp_path)).read(WANTED)
    forecast = table[table["issued_at"].notna()]
    assert set(forecast["member"]) == {1, 2} and len(forecast) == 2 * 7
    check_source(FewsFiles(path=str(tmp_path)), WANTED)
    with exported(Export((tmp_path / "a.xml",), WANTED.issued_at)):
        source = FewsFiles()
    check_source(source, WANTED)
    assert of(source.read(WANTED), "r1")["issued_at"].notna().sum() == 3, "three hours beyond time0: known at time0"


def test_a_deterministic_forecast_beside_an_ensemble_has_a_name_of_its_own(tmp_path: Path) -> None:
    """Without an index a series is the same for all members; beside them it is another forecast."""
    issue, ahead = WANTED.issued_at.astype("M8[ms]"), WANTED.issued_at + STEP * np.arange(1, 5)
    alone = PiSeries.of(header_of("q_up", issued_at=issue), ahead, np.full(4, 9.0))
    some = [PiSeries.of(header_of("q_up", ensemble="E", member=m, issued_at=issue), ahead, [m] * 4) for m in (0, 1)]
    put_file(tmp_path / "a.xml", [*some, alone])
    names = ("Q_UP/Q.obs/", "Q_UP/Q.obs/E")
    table = FewsFiles(path=str(tmp_path), id="{location}/{parameter}/{ensemble}").read(replace(WANTED, series=names))
    assert table.groupby("series")["value"].unique().map(sorted).to_dict() == {names[0]: [9.0], names[1]: [0.0, 1.0]}


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
    told = (place / "sample_20260301T060000Z_reports.xml").read_bytes()
    sink.write_reports([Report("attribution", "s1", "E", "because")])
    assert (place / "sample_20260301T060000Z_reports.xml").read_bytes() == told
    content = read_pi(told, "x")
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
