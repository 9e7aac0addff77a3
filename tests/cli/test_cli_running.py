"""train, models, once, backtest, verify on a small simulated river, through the real commands."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from hydria_plugin.cli import app
from tests.site_files import FILES, write_site

pytestmark = pytest.mark.slow
COLUMNS = ["pipeline", "station", "issued_at", "valid_at", "lead", "quantile", "value", "unit"]
SPAN = ("--from", "2021-04-06", "--to", "2021-04-07")


def hydria(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def machine(*words: str | Path) -> tuple[int, Any]:
    done = hydria(*words, "--json")
    assert done.stdout, done.stderr
    return done.exit_code, json.loads(done.stdout)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A platform whose ridge was trained on its first five weeks."""
    config = write_site(tmp_path_factory.mktemp("trained"))
    code, found = machine("train", config, "--to", "2021-04-05")
    assert code == 0, found
    assert [o["forecaster"] for o in found["outcomes"]] == ["ridge", "persistence"]
    assert all(o["promoted"] and o["version"] and o["why"] for o in found["outcomes"])
    return config


def test_train_tells_how_far_it_is(trained: Path) -> None:
    done = hydria("train", trained, "--to", "2021-04-05")
    assert done.exit_code == 0
    assert "100%" in done.stderr
    assert "%" not in done.stdout.replace("% of", "")


def test_models_list_verify_activate_rollback(trained: Path) -> None:
    _, found = machine("models", "list", trained)
    ridge = [m for m in found["models"] if m["forecaster"] == "ridge"]
    assert sum(m["reigns"] for m in ridge) == 1
    assert machine("models", "verify", trained)[0] == 0
    newest = ridge[-1]["version"]
    code, chosen = machine("models", "activate", trained, "ridge", newest)
    assert (code, chosen["version"], chosen["pipeline"]) == (0, newest, "river")
    done = hydria("models", "activate", trained, "ridge", "20000101T000000Z-00000000")
    assert done.exit_code == 2
    assert newest in done.stderr


def test_a_damaged_model_is_found_and_costs_only_its_rung(tmp_path: Path) -> None:
    config = write_site(tmp_path)
    machine("train", config, "--to", "2021-04-05")
    version = next((tmp_path / "models/river/ridge").glob("2*Z-*"))
    weights = next(p for p in sorted(version.rglob("*")) if p.is_file() and p.name != "manifest.json")
    weights.write_bytes(weights.read_bytes()[:-9])
    code, found = machine("models", "verify", config)
    assert code == 1
    assert any(weights.name in fault for m in found["models"] for fault in m["faults"])
    code, found = machine("once", config, "--at", "2021-04-07T10:00")
    assert code == 0
    river = found["pipelines"][0]
    assert {s["made_by"] for s in river["stations"].values()} == {"persistence"}
    assert any(p["stage"] == "ridge" and "damaged" in p["error"] for p in river["problems"])


def test_once_then_replay(trained: Path) -> None:
    code, found = machine("once", trained, "--at", "2021-04-07T10:00")
    assert code == 0
    river = found["pipelines"][0]
    assert river["issued_at"] == "2021-04-07T10:00:00Z"
    assert {s["made_by"] for s in river["stations"].values()} == {"ridge"}
    assert all(len(s["median"]) == 6 for s in river["stations"].values())
    code, again = machine("once", trained, "--at", "2021-04-07T10:00", "--replay")
    assert code == 0
    assert again["pipelines"][0]["difference"] <= 1e-9
    text = hydria("once", trained, "--at", "2021-04-07T12:00+02:00").stdout
    assert "2021-04-07T10:00:00Z" in text  # the zone was heeded
    assert "m3/s now" in text


def test_a_replay_under_another_configuration_says_so(tmp_path: Path) -> None:
    config = write_site(tmp_path)
    machine("once", config, "--at", "2021-04-07T10:00")
    for key, changed in (('horizon = "6h"', 'horizon = "4h"'), ("[0.1, 0.5, 0.9]", "[0.25, 0.5, 0.75]")):
        config.write_text(FILES["hydria.toml"].replace(key, changed))
        code, found = machine("once", config, "--replay")
        assert code == 1
        assert found["pipelines"][0]["error"] == (
            "the replay of river 2021-04-07T10:00:00Z cannot be compared: the configuration has changed since, "
            "and with it stations, leads or quantiles; allowed: the configuration of then"
        )
    config.write_text(FILES["hydria.toml"].replace('delay = "3min"', 'delay = "2min"'))
    assert machine("once", config, "--replay")[0] == 0  # what changes no forecast is no matter


def test_a_value_that_is_not_there_yet_is_said_in_words(tmp_path: Path) -> None:
    config = write_site(tmp_path, days=37)
    told = hydria("once", config, "--at", "2021-04-07T00:00").stdout
    assert "  up: no value now, " in told
    assert "nan" not in told


def test_once_in_the_past_alerts_and_delivers_as_it_would_have(tmp_path: Path) -> None:
    """The clock stands at the step and its delay: the sink is given the bulletin, the flood raises its alert."""
    stations = FILES["stations.csv"].replace("40,80", "3.2,3.4")
    config = write_site(tmp_path, {"stations.csv": stations})
    _, found = machine("once", config, "--at", "2021-04-07T10:00")
    river = found["pipelines"][0]
    assert river["known_at"] == "2021-04-07T10:03:00Z"
    assert [(a["station"], a["threshold"], a["reason"]) for a in river["alerts"]] == [("up", "red", "FIRST")]
    assert [p.name for p in sorted((tmp_path / "out").rglob("*.csv"))], "the sink was given nothing"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [(("--at", "2999-01-01"), 2, "in the future"),
     (("--at", "2021-04-07T10:20"), 2, "a multiple of 1h"), (("--at", "noon"), 2, "ISO 8601"),
     (("--at", "2019-01-01", "--replay"), 1, "no bulletin of river"), (("--pipeline", "creek"), 2, "allowed: river")],
)  # fmt: skip
def test_once_refuses(trained: Path, words: tuple[str, ...], code: int, said: str) -> None:
    done = hydria("once", trained, *words)
    assert done.exit_code == code
    assert said in done.output
    assert "Traceback" not in done.output


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_backtest_writes_one_long_table(trained: Path, tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"forecasts.{ending}"
    code, found = machine("backtest", trained, *SPAN, "--every", "6h", "--out", out)
    assert code == 0
    table = pd.read_parquet(out) if ending == "parquet" else pd.read_csv(out)
    assert list(table.columns) == COLUMNS
    assert len(table) == 5 * 2 * 6 * 3  # issues, stations, leads, quantiles
    assert table["issued_at"].astype(str).iloc[0] == "2021-04-06T00:00:00Z"
    issued, valid = (pd.to_datetime(table[c].astype(str), utc=True) for c in ("issued_at", "valid_at"))
    assert ((valid - issued) == pd.to_timedelta(table["lead"].astype(int), unit="h")).all()
    assert set(table["unit"].astype(str)) == {"m3/s", "m"}
    river = found["pipelines"][0]
    assert river["issues"] == 5
    assert len(river["scores"]) == 2 * 6


def test_backtest_without_training_is_persistence(tmp_path: Path) -> None:
    text = FILES["hydria.toml"].replace('["ridge", "persistence"]', '["persistence"]')
    config = write_site(tmp_path, {"hydria.toml": text})
    code, found = machine("backtest", config, *SPAN, "--every", "3h")
    river = found["pipelines"][0]
    assert code == 0
    assert set(river["made_by"]) == {"persistence"}
    assert all(abs(line["pi"]) < 1e-9 for line in river["scores"] if line["pi"] is not None)
    assert river["problems"] == []


def test_perfect_rain_is_worth_something(trained: Path) -> None:
    """With the rain of the horizon known, the upper gauge is forecast better."""
    found = {f: machine("backtest", trained, "--from", "2021-04-05", "--to", "2021-04-08", "--future", f)[1]
             for f in ("none", "perfect")}  # fmt: skip

    def crps(future: str) -> float:
        lines = found[future]["pipelines"][0]["scores"]
        return float(np.mean([line["crps"] for line in lines if line["station"] == "up"]))

    assert crps("perfect") < 0.8 * crps("none")


@pytest.mark.parametrize(
    ("words", "said"),
    [(("--from", "2021-04-07", "--to", "2021-04-06"), "before --from"),
     ((*SPAN, "--every", "90min"), "whole number of steps of river; allowed: a multiple of 1h"),
     ((*SPAN, "--every", "often"), "not a duration"),
     ((*SPAN, "--future", "sure"), "none, perfect"), ((*SPAN, "--out", "x.xlsx"), ".csv, .parquet"),
     ((*SPAN, "--out", "/no/such/folder/x.csv"), "does not exist"), (("--from", "2021-04-07"), "--to")],
)  # fmt: skip
def test_backtest_refuses_before_the_long_work(trained: Path, words: tuple[str, ...], said: str) -> None:
    done = hydria("backtest", trained, *words)
    assert done.exit_code == 2
    assert said in done.output
    assert "Traceback" not in done.output


def test_verify_scores_what_was_issued(tmp_path: Path) -> None:
    config = write_site(tmp_path)
    machine("train", config, "--to", "2021-04-05")
    for hour in range(3):
        machine("once", config, "--at", f"2021-04-06T0{hour}:00")
    code, found = machine("verify", config, *SPAN)
    assert code == 0
    assert found["pipelines"][0]["issues"] == 3
    _, tested = machine("backtest", config, "--from", "2021-04-06T00:00", "--to", "2021-04-06T02:00")
    pick = [{(s["station"], s["lead"]): s["crps"] for s in f["pipelines"][0]["scores"]} for f in (found, tested)]
    assert pick[0].keys() == pick[1].keys()
    for key, crps in pick[0].items():  # the backtest says what the system would have said, and did say
        assert crps == pytest.approx(pick[1][key], rel=1e-3)
    assert hydria("verify", config, "--from", "2000-01-01", "--to", "2000-01-02").exit_code == 1


def test_verify_exports_and_draws(tmp_path: Path) -> None:
    config, out, folder = write_site(tmp_path), tmp_path / "scores.csv", tmp_path / "drawn"
    machine("train", config, "--to", "2021-04-05")
    for hour in range(3):
        machine("once", config, "--at", f"2021-04-06T0{hour}:00")
    code, found = machine("verify", config, *SPAN, "--out", out, "--diagrams", folder)
    assert code == 0
    facts = found["pipelines"][0]
    assert [Path(p).exists() for p in facts["drawn"]] == [True] * len(facts["drawn"])
    assert all(Path(p).read_text(encoding="utf-8").startswith("<svg") for p in facts["drawn"])
    table = pd.read_csv(out)
    line = facts["scores"][0]
    same = (table.station == line["station"]) & (table.lead == line["lead"]) & (table.score == "crps")
    assert table[same & (table.regime == "all")].value.tolist() == [pytest.approx(line["crps"])]
    drawn = facts["diagrams"][0]
    assert drawn["pairs"] == 6 and len(drawn["ranks"]) == len(drawn["levels"]) + 1
    assert {"share", "rank", "ticks"} <= set(table.score)
    assert hydria("verify", config, *SPAN, "--diagrams", out).exit_code == 2, "a file is no folder"


def test_verify_scores_the_challenger_in_the_shadow(tmp_path: Path) -> None:
    shadow = 'shadow = ["persistence", "ridge@20200101T000000Z-00000000"]\nforecasters ='
    config = write_site(tmp_path, {"hydria.toml": FILES["hydria.toml"].replace("forecasters =", shadow, 1)})
    machine("train", config, "--to", "2021-04-05")
    for hour in range(3):
        machine("once", config, "--at", f"2021-04-06T0{hour}:00")
    code, found = machine("verify", config, *SPAN)
    facts = found["pipelines"][0]
    assert code == 0 and facts["issues"] == 3, "the shadow's are not counted as issued"
    line = next(d for d in facts["shadows"] if d["shadow"] == "persistence" and d["lead"] == 1)
    score = next(d for d in facts["scores"] if (d["station"], d["lead"]) == (line["station"], 1))
    assert line["crps"] == pytest.approx(score["crps"], rel=1e-3) and line["pairs"] == 3
    gone = [d for d in facts["shadows"] if d["shadow"].startswith("ridge@")]
    assert gone and all((d["pairs"], d["failed"]) == (0, 3) for d in gone)
    assert "dans l'ombre (gain supérieur à 0" in hydria("verify", config, *SPAN).output


def test_truth_that_never_arrives_and_thresholds_never_reached_leave_scores_empty(tmp_path: Path) -> None:
    high = pd.read_csv(StringIO(FILES["stations.csv"])).assign(yellow=1e5, red=2e5)
    config = write_site(tmp_path, {"stations.csv": high.to_csv(index=False)})
    machine("train", config, "--to", "2021-04-05")
    for hour in range(3):
        machine("once", config, "--at", f"2021-04-06T0{hour}:00")
    record = pd.read_csv(tmp_path / "feeds" / "river.csv")
    record.loc[record.time_utc >= "2021-04-06", ["q_up", "h_down"]] = np.nan
    record.to_csv(tmp_path / "feeds" / "river.csv", index=False)
    code, found = machine("verify", config, *SPAN, "--diagrams", tmp_path / "drawn", "--out", tmp_path / "scores.csv")
    assert code == 0, found
    facts = found["pipelines"][0]
    assert facts["warnings"] == []
    assert {line["pairs"] for line in (*facts["scores"], *facts["regimes"], *facts["diagrams"])} == {0}
    assert {line["crps"] for line in facts["scores"]} == {None}
    assert hydria("verify", config, *SPAN).exit_code == 0


def test_a_record_that_ends_before_it_begins_is_the_commands_fault(trained: Path) -> None:
    done = hydria("train", trained, "--from", "2021-03-02", "--to", "2021-03-01")
    assert done.exit_code == 2
    assert done.stderr == "--to: '2021-03-01' is before --from '2021-03-02'; allowed: a later time\n"


def test_too_short_a_record_is_told_in_a_sentence(trained: Path) -> None:
    done = hydria("train", trained, "--to", "2021-03-01T05:00")
    assert done.exit_code == 1
    assert "too short" in done.stderr
    assert len(done.stderr.splitlines()) == 1
