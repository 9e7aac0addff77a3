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
