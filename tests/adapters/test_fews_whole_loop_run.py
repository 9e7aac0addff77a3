"""The whole loop of FEWS through files: history trains, the executable makes three runs, FEWS reads what they left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fews_platform import MODULES, NAMES, announce, diag, export, imported, installed, put_file, run_info, series_of
from whole_loop import BEGIN, CYCLES, DAYS, LIMITS, STEP, Hosted, flood_record, registry_with, rows_between, write_files

from hydria_fews.pi_reading import read_pi
from hydria_fews.pi_series import PiHeader, PiSeries
from hydria_fews.program import main
from hydria_plugin import Host
from hydria_plugin.config import open_store, read_config
from hydria_plugin.workshop.training import train_one

HISTORY = DAYS * 24
CONFIG = {"config": "..\\hydria.toml"}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site whose models learned from PI-XML files."""
    folder = tmp_path_factory.mktemp("fews")
    sinks = ['{ use = "fews", path = "out", parameters = { discharge = "Q.fc", level = "H.fc" } }']
    hosted = Hosted(lambda rows: None, '{ use = "fews", path = "history" }', sinks, MODULES, NAMES)
    path, registry = write_files(folder, hosted), registry_with(MODULES)
    put_file(folder / "history" / "all.xml", series_of(rows_between(0, HISTORY)))
    assert train_one(read_config(path, registry=registry), "loop", registry, (None, None), 0, lambda what, share: None)
    return folder


@pytest.fixture
def site(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh copy, and the adapter known whether it is installed or not."""
    import shutil

    shutil.copytree(trained, tmp_path / "site")
    monkeypatch.setattr("hydria_plugin.host.load_plugins", lambda plugins=(): registry_with(MODULES))
    (tmp_path / "site" / "run").mkdir()
    return tmp_path / "site"


def one_run(site: Path, n: int, rows_from: int = HISTORY - 100, more: str = "") -> int:
    """Run number ``n`` after the history, from what FEWS exported for it."""
    run = site / "run"
    export(run, rows_between(rows_from, HISTORY + n + 1))
    return main([str(run_info(run, BEGIN + (HISTORY + n) * STEP, CONFIG, more))])


def test_three_runs_are_found_back_in_fews(site: Path) -> None:
    levels: dict[str, list[float]] = {"up": [], "down": []}
    for n in range(CYCLES):
        assert one_run(site, n) == 0, diag(site / "run")
        assert min(level for level, _ in diag(site / "run")) >= 2
        found = imported(site / "run")
        for station, (location, parameter) in {"up": ("Q_UP", "Q.fc"), "down": ("H_DOWN", "H.fc")}.items():
            levels[station].append(float(found[location, "alert.level", (), None].value[0]))
            low, mid, high = (found[location, parameter, (q,), None] for q in ("q0.1", "q0.5", "q0.9"))
            assert (low.value <= mid.value).all() and (mid.value <= high.value).all() and len(mid) == 6
            issued_at = BEGIN + (HISTORY + n) * STEP
            assert mid.header.issued_at == issued_at and mid.time[0] == issued_at + STEP
            checked = found[location, parameter, ("checked",), None]
            assert np.isfinite(checked.value).all() and (checked.flag == 0).all() and checked.time[-1] == issued_at
    assert max(levels["up"]) == 1 and max(levels["down"]) == 1  # yellow was passed, red was not
    settings = read_config(site / "hydria.toml", registry=registry_with(MODULES))
    with Host(settings, registry_with(MODULES), open_store(settings, registry_with(MODULES))) as host:
        stored = host.store.bulletin("loop", BEGIN + (HISTORY + CYCLES - 1) * STEP)
    assert stored is not None and set(stored.forecast.made_by) == {"ridge"}
    places, quantiles = (("Q_UP", "Q.fc"), ("H_DOWN", "H.fc")), ("q0.1", "q0.5", "q0.9")
    told = np.stack([found[k, p, (q,), None].value for k, p in places for q in quantiles])
    np.testing.assert_allclose(told.reshape(2, 3, 6).transpose(0, 2, 1), stored.forecast.values, rtol=1e-12)


def test_an_alert_tells_its_story_and_is_explained(site: Path) -> None:
    assert one_run(site, 0) == 0
    alert = imported(site / "run")["Q_UP", "alert.level", (), None]
    assert "FIRST yellow (30" in str(alert.more["comment"][0]) and LIMITS["up"][0] == 30.0
    event = str(alert.more["comment"][0]).split()[0]
    report = imported(site / "run")["Q_UP", "report.attribution", (), None]
    assert report.value.tolist() == [1.0] and str(report.more["comment"][0]).startswith(f"{event} ")
    assert len(str(report.more["comment"][0])) > len(event) + 20, "the headline of the explanation"


def test_an_independent_reader_finds_the_same(site: Path) -> None:
    import fewsxml

    assert one_run(site, 0) == 0
    ours, theirs = imported(site / "run"), fewsxml.read(str(site / "run" / "output" / "forecast.xml")).series
    assert len(theirs) == len(ours)
    for one in theirs:
        h = one.header
        qualifiers = (h.qualifierId,) if isinstance(h.qualifierId, str) else tuple(h.qualifierId or ())
        mine = ours[h.locationId, h.parameterId, qualifiers, h.ensembleMemberIndex]
        np.testing.assert_allclose([float(e.value) for e in one.event], mine.value, rtol=1e-12)
        assert [int(e.flag) for e in one.event if e.flag is not None] == [f for f in mine.flag.tolist() if f >= 0]
        local = mine.header.issued_at + STEP  # the run info's zone is UTC+1
        assert f"{h.forecastDate.date}T{h.forecastDate.time}" == str(local.astype("M8[s]"))


def test_the_same_time0_again_gives_the_same_and_corrected_data_a_revision(site: Path) -> None:
    assert one_run(site, 0) == 0
    first = (site / "run" / "output" / "forecast.xml").read_bytes()
    (site / "run" / "output" / "forecast.xml").unlink()
    assert one_run(site, 0) == 0
    assert (site / "run" / "output" / "forecast.xml").read_bytes() == first
    rows = rows_between(HISTORY - 100, HISTORY + 1)
    rows.values[[i for i, s in enumerate(rows.series) if s == "q_up"][-1]] += 5.0
    export(site / "run", rows)
    assert main([str(site / "run" / "run_info.xml")]) == 0
    assert (site / "run" / "output" / "forecast.xml").read_bytes() != first
    revised = imported(site / "run")["Q_UP", "Q.fc", ("checked",), None]
    assert revised.value[-1] == pytest.approx(rows.of("q_up")[1][-1], rel=1e-6)


def test_a_time0_between_steps_is_issued_at_the_step_before(site: Path) -> None:
    run = site / "run"
    export(run, rows_between(HISTORY - 100, HISTORY + 1))
    time0 = BEGIN + HISTORY * STEP + np.timedelta64(25, "m")
    assert main([str(run_info(run, time0, CONFIG))]) == 0
    assert imported(run)["Q_UP", "Q.fc", ("q0.5",), None].header.issued_at == BEGIN + HISTORY * STEP
    assert any("is no step of loop" in text for level, text in diag(run) if level == 3)


def test_a_warm_state_travels_with_fews(site: Path) -> None:
    """Runs on another machine go on from the state: the alert that stands is told once."""
    (site / "run" / "state.xml").write_text(
        '<State xmlns="http://www.wldelft.nl/fews/PI" version="1.2"><stateId>warm</stateId><stateLoc type="file">'
        "<readLocation>in\\hydria.db</readLocation><writeLocation>out\\hydria.db</writeLocation></stateLoc></State>"
    )
    more, told = "<inputStateDescriptionFile>state.xml</inputStateDescriptionFile>", []
    for n in range(2):
        (site / "hydria.db").unlink(missing_ok=True)
        assert one_run(site, n, more=more) == 0, diag(site / "run")
        told.append(str(imported(site / "run")["Q_UP", "alert.level", (), None].more["comment"][0]))
        (site / "run" / "in").mkdir(exist_ok=True)
        (site / "run" / "out" / "hydria.db").replace(site / "run" / "in" / "hydria.db")
    assert "FIRST" in told[0] and "FIRST" not in told[1] and told[0].split()[0] == told[1].split()[0]


def test_parameters_choose_the_pipeline(site: Path) -> None:
    value = '<parameter id="pipeline"><stringValue>{}</stringValue></parameter>'
    text = f'<parameters><group id="g">{value}</group></parameters>'
    more = "<inputParameterFile>parameters.xml</inputParameterFile>"
    (site / "run" / "parameters.xml").write_text(text.format("loop"))
    assert one_run(site, 0, more=more) == 0
    (site / "run" / "parameters.xml").write_text(text.format("lake"))
    assert one_run(site, 0, more=more) == 1
    assert any(level == 1 and "no pipeline 'lake'" in text for level, text in diag(site / "run"))


def test_the_shares_of_knox_are_written_by_every_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a reading lies with the reigning model: in the news or not, and the same when the same time0 runs again."""
    monkeypatch.setattr("hydria_plugin.host.load_plugins", lambda plugins=(): registry_with(MODULES))
    network = "\n[pipelines.loop.forecaster.block-network]\ninitialisations = 4\nfolds = 2\nhidden = 2\n"
    hosted = Hosted(lambda rows: None, '{ use = "fews", path = "history" }', (), MODULES, NAMES, network)
    path = write_files(tmp_path, hosted)
    text = path.read_text().replace('["ridge", "persistence"]', '["block-network", "persistence"]')
    path.write_text(text.replace('["attribution"]', '["knox"]'))
    put_file(tmp_path / "history" / "all.xml", series_of(rows_between(0, HISTORY)))
    registry = registry_with(MODULES)
    assert train_one(read_config(path, registry=registry), "loop", registry, (None, None), 0, lambda what, share: None)
    (kept,) = (tmp_path / "models").rglob("knox.json")
    readings = json.loads(kept.read_text())["stations"]
    (tmp_path / "run").mkdir()
    written = []
    for n in (0, 1, 1):  # the flood is news at the first run, and stands at the next ones
        assert one_run(tmp_path, n) == 0, diag(tmp_path / "run")
        found = imported(tmp_path / "run")
        written.append((tmp_path / "run" / "output" / "forecast.xml").read_bytes())
        for station, location in (("up", "Q_UP"), ("down", "H_DOWN")):
            slots = readings[station]["slots"]
            assert slots, "nothing was read in the network"
            for slot in slots:
                for name in ("median", "q25", "q75"):
                    told = found[location, "knox.share", (slot["series"], name), None]
                    assert told.value.tolist() == [slot["share"][name]] and told.header.is_forecast
        assert (("Q_UP", "report.knox", (), None) in found) == (n == 0)
        whole = read_pi(written[-1], "forecast.xml").series
        assert len([s for s in whole if s.header.parameter == "knox.share"]) == 3 * sum(
            len(readings[station]["slots"]) for station in ("up", "down")
        ), "each once, whether a report tells it or not"
    assert written[1] == written[2]


def test_a_reading_that_fails_costs_no_forecast(site: Path) -> None:
    """A damaged knox.json beside the model."""
    path = site / "hydria.toml"
    path.write_text(path.read_text().replace('["attribution"]', '["knox"]'))
    assert one_run(site, 0) == 0, diag(site / "run")
    assert not [key for key in imported(site / "run") if key[1] == "knox.share"], "ridge has nothing to be read"
    for version in (site / "models" / "loop" / "ridge").iterdir():
        if version.is_dir():
            (version / "knox.json").write_text("{")
    assert one_run(site, 1) == 0, diag(site / "run")
    assert any(level == 2 and "shares of KnoX are left out" in text for level, text in diag(site / "run"))


def test_the_executable_in_a_process_of_its_own(trained: Path, tmp_path: Path) -> None:
    import shutil

    site = tmp_path / "site"
    shutil.copytree(trained, site)
    (site / "run").mkdir()
    export(site / "run", rows_between(HISTORY - 100, HISTORY + 1))
    path = run_info(site / "run", BEGIN + HISTORY * STEP, CONFIG)
    if not installed():
        announce(tmp_path / "dist")
    places = [str(tmp_path / "dist"), *sys.path]
    done = subprocess.run(
        [sys.executable, "-m", "hydria_fews.program", str(path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(places)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, ""), diag(site / "run")
    assert len(imported(site / "run")) >= 2 * (3 + 2)


def test_the_model_of_the_host_comes_in_as_host_forecast(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A simulation that FEWS exports beyond time0, in a series without forecastDate and in one with it."""
    monkeypatch.setattr("hydria_plugin.host.load_plugins", lambda plugins=(): registry_with(MODULES))
    hosted = Hosted(lambda rows: None, '{ use = "fews", path = "history" }', (), MODULES, NAMES)
    path = write_files(tmp_path, hosted)
    path.write_text(path.read_text().replace('"ridge", "persistence"', '"host-forecast"'))
    inputs = ["up,simulation.gr,UP/Q.sim,simulation", "down,simulation.gr,DOWN/H.sim,simulation"]
    (tmp_path / "inputs.csv").write_text("\n".join(["station,slot,series,kind", *inputs, ""]))

    def simulated(ahead: int = 0, **more: Any) -> list[PiSeries]:
        """As good as the truth up to time0, and something of its own beyond; a level in cm."""
        record, times = flood_record(), BEGIN + STEP * np.arange(HISTORY + ahead)
        flow, level = (np.append(record[name][:HISTORY], 60.0 + np.arange(ahead)) for name in ("q_up", "h_down"))
        level[:HISTORY] *= 100
        return [
            PiSeries.of(PiHeader("UP", "Q.sim", units="m3/s"), times, flow),
            PiSeries.of(PiHeader("DOWN", "H.sim", units="cm", **more), times, level),
        ]

    put_file(tmp_path / "history" / "all.xml", series_of(rows_between(0, HISTORY)) + simulated())
    registry = registry_with(MODULES)
    settings = read_config(path, registry=registry)
    assert train_one(settings, "loop", registry, (None, None), 0, lambda what, share: None)
    run, t0 = tmp_path / "run", BEGIN + HISTORY * STEP
    run.mkdir()
    export(run, rows_between(HISTORY - 100, HISTORY + 1))
    issued = simulated(7, issued_at=t0.astype("M8[ms]"))
    put_file(run / "input" / "simulation.xml", [simulated(7)[0], issued[1]])
    more = "<inputTimeSeriesFile>input/simulation.xml</inputTimeSeriesFile>"
    assert main([str(run_info(run, t0, CONFIG, more))]) == 0, diag(run)
    found, told = imported(run), 60.0 + np.arange(1, 7)
    np.testing.assert_allclose(found["Q_UP", "Q", ("q0.5",), None].value, told)
    np.testing.assert_allclose(found["H_DOWN", "H", ("q0.5",), None].value, told / 100)
