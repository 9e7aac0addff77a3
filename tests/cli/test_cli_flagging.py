"""hydria flag: set, listed, withdrawn; what is wrong with it said on one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hydria_plugin.cli import app
from tests.site_files import write_site

PERIOD = ("--from", "2021-04-07T09:00", "--to", "2021-04-07T10:00", "--reason", "float stuck")


def hydria(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write_site(tmp_path, days=2)


def test_set_list_withdraw(config: Path) -> None:
    done = hydria("flag", "set", config, "h_down", *PERIOD, "--author", "ana")
    assert done.exit_code == 0, done.output
    assert "1: h_down from 2021-04-07T09:00:00Z to 2021-04-07T10:00:00Z is bad: float stuck (ana)" in done.stdout
    open_end = hydria("flag", "set", config, "r1", "--from", "2021-04-07", "--reason", "clogged", "--as", "suspect")
    assert "until withdrawn is suspect" in open_end.stdout
    assert hydria("flag", "withdraw", config, 1, "--author", "béa").exit_code == 0
    listed = hydria("flag", "list", config)
    assert "clogged" in listed.stdout and "float stuck" not in listed.stdout
    every = json.loads(hydria("flag", "list", config, "--all", "--json").stdout)["flags"]
    assert [(f["id"], f["withdrawn_by"]) for f in every] == [("1", "béa"), ("2", "")]


def test_none_yet(config: Path) -> None:
    assert hydria("flag", "list", config).stdout.strip() == "no flags"


@pytest.mark.parametrize(("words", "said"), [
    (("set", "h_dwon", *PERIOD), "did you mean 'h_down'?"),
    (("set", "h_down", *PERIOD, "--as", "terrible"), "allowed: bad, suspect, good"),
    (("set", "h_down", "--from", "2021-04-07", "--to", "2021-04-06", "--reason", "x"), "is before --from"),
    (("set", "h_down", "--from", "2021-04-07", "--reason", " "), "says nothing"),
    (("set", "h_down", "--from", "yesterday", "--reason", "x"), "is not a time"),
    (("withdraw", "7"), "flag 7 is not in force"),
])  # fmt: skip
def test_what_is_wrong_is_said(config: Path, words: tuple[str, ...], said: str) -> None:
    done = hydria("flag", words[0], config, *words[1:])
    assert done.exit_code == 2 and said in done.output


def test_check_tells_rows_that_are_no_flags_and_flags_of_no_series(config: Path) -> None:
    assert hydria("flag", "set", config, "h_down", *PERIOD).exit_code == 0
    sound = hydria("check", config)
    assert "manual_flags.csv" not in sound.output
    flags = config.parent / "manual_flags.csv"
    gone = "3,h_dwon,2021-04-07,,bad,renamed,ana,2021-04-08T00:00:00Z,{},\n"
    flags.write_text(flags.read_text() + "2,h_down,yesterday,,bad,x,ana,today,,\n" + gone.format(""))
    told = hydria("check", config)
    assert "warning: manual_flags.csv:3: is no flag" in told.stdout
    assert "manual_flags.csv: flag 3: series 'h_dwon' is in no pipeline (did you mean 'h_down'?)" in told.stdout
    flags.write_text(flags.read_text().replace(gone.format(""), gone.format("2021-04-09T00:00:00Z")))
    assert "flag 3" not in hydria("check", config).stdout, "it is withdrawn"


def test_what_a_person_failed_is_no_truth_of_a_verification(tmp_path: Path) -> None:
    config = write_site(tmp_path)
    for hour in range(2):
        assert hydria("once", config, "--at", f"2021-04-06T0{hour}:00").exit_code == 0
    assert pairs_by_lead(config)["h_down"][:2] == [2, 2]
    hour_one = ("--from", "2021-04-06T01:00", "--to", "2021-04-06T01:00", "--reason", "float stuck")
    assert hydria("flag", "set", config, "h_down", *hour_one).exit_code == 0
    after = pairs_by_lead(config)
    assert after["h_down"][:2] == [1, 2] and after["q_up"][:2] == [2, 2]


def pairs_by_lead(config: Path) -> dict[str, list[int]]:
    """Of each station's target, by lead."""
    done = hydria("verify", config, "--from", "2021-04-06T00:00", "--to", "2021-04-06T01:00", "--json")
    assert done.exit_code == 0, done.output
    targets = {"up": "q_up", "down": "h_down"}
    found: dict[str, list[int]] = {target: [] for target in targets.values()}
    for line in json.loads(done.stdout)["pipelines"][0]["scores"]:
        found[targets[line["station"]]].append(line["pairs"])
    return found
