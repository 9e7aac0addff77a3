"""check, plugins, sample: what they print, for people and for machines, and how they end."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from hydria_plugin.cli import app
from hydria_plugin.plugins import load_plugins
from tests.site_files import FILES, write_site


def hydria(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def machine(*words: str | Path) -> tuple[int, Any]:
    done = hydria(*words, "--json")
    return done.exit_code, json.loads(done.stdout)


def test_a_good_configuration_can_start_with_warnings(tmp_path: Path) -> None:
    done = hydria("check", write_site(tmp_path, days=3))
    assert done.exit_code == 0, done.output
    assert "warning: river: ridge has no model yet: run `hydria train" in done.stdout
    assert "warning: river: stale feed" in done.stdout
    assert done.stdout.rstrip().endswith("can start")
    assert done.stderr == ""


def test_sums_that_begin_between_steps_are_a_warning(tmp_path: Path) -> None:
    toml = FILES["hydria.toml"].replace('delay = "3min"', 'delay = "3min"\nrain_label = "start"')
    config = write_site(tmp_path, {"hydria.toml": toml}, days=1)
    newest = np.datetime64("now", "h") - np.timedelta64(30, "m")
    rows = [f"{newest - np.timedelta64(60 * n, 'm')}Z,1.5,3,0.5" for n in range(12)]
    (tmp_path / "feeds" / "river.csv").write_text("\n".join(["time_utc,r1,q_up,h_down", *rows]) + "\n")
    assert "warning: river: sums of r1: they begin between the steps" in hydria("check", config).stdout


@pytest.mark.parametrize(("ladder", "silent"), [('"ridge"', True), ('"blend"', False), ('"block-network"', False)])
def test_knox_with_nothing_to_read_is_a_warning(tmp_path: Path, ladder: str, silent: bool) -> None:
    text = FILES["hydria.toml"].replace('delay = "3min"', 'delay = "3min"\nexplainers = ["knox"]')
    config = write_site(tmp_path, {"hydria.toml": text.replace('["ridge", ', f"[{ladder}, ")}, days=3)
    done = hydria("check", config)
    assert done.exit_code == 0, done.output
    assert ("explainer knox has nothing to read" in done.stdout) == silent


@pytest.mark.parametrize("name", ["persistence", "block-network", "boosting", "knox"])
def test_a_sample_says_whole_sentences(name: str) -> None:
    told = hydria("sample", name).stdout.partition("\n[")[0].splitlines()
    assert len(told) >= 2 and told[-1].endswith("."), told


def test_check_for_machines(tmp_path: Path) -> None:
    code, found = machine("check", write_site(tmp_path, days=3))
    assert code == 0
    assert found["exit"] == 0
    assert found["faults"] == [] == found["failures"]
    assert any("no model" in line for line in found["warnings"])
    river = found["pipelines"]["river"]
    assert (river["stations"], river["step_s"], river["past"], river["horizon"]) == (2, 3600, 24, 6)
    assert river["thresholds"] == ["yellow", "red"]


def test_check_leaves_nothing_behind(tmp_path: Path) -> None:
    config = write_site(tmp_path, days=3)
    before = sorted(p.name for p in tmp_path.iterdir())
    hydria("check", config)
    assert sorted(p.name for p in tmp_path.iterdir()) == before


def test_check_of_a_wrong_one_for_machines(tmp_path: Path) -> None:
    text = FILES["hydria.toml"].replace('"ridge", "p', '"rigde", "p').replace('"24h"', '"24"')
    code, found = machine("check", write_site(tmp_path, {"hydria.toml": text}, days=1))
    assert code == 2 == found["exit"]
    assert len(found["faults"]) == 2


def test_other_commands_refuse_a_wrong_configuration_in_the_same_words(tmp_path: Path) -> None:
    config = write_site(tmp_path, {"hydria.toml": FILES["hydria.toml"].replace('"24h"', '"24"')}, days=1)
    told = hydria("check", config).stderr.splitlines()
    for command in (["train"], ["once"], ["models", "list"], ["backtest", "--from", "2021-03-02", "--to", "2021-03-03"],
                    ["verify", "--from", "2021-03-02", "--to", "2021-03-03"], ["serve"]):  # fmt: skip
        done = hydria(*command, config)
        assert done.exit_code == 2, command
        assert done.stderr.splitlines() == told, command
        code, found = machine(*command, config)
        assert (code, found["faults"]) == (2, told), command


def test_a_probe_that_fails_is_exit_1(tmp_path: Path) -> None:
    """A store that cannot be reached is no fault of the configuration."""
    text = FILES["hydria.toml"].replace("sqlite:///hydria.db", "postgresql+psycopg://nobody@127.0.0.1:1/none")
    done = hydria("check", write_site(tmp_path, {"hydria.toml": text}, days=1))
    assert done.exit_code == 1, done.output
    assert "failed: platform.store" in done.stderr


def test_the_password_of_the_store_is_never_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYDRIA_STORE", "postgresql+psycopg://admin:canary@127.0.0.1:1/none")
    text = FILES["hydria.toml"].replace("sqlite:///hydria.db", "${HYDRIA_STORE}")
    done = hydria("check", write_site(tmp_path, {"hydria.toml": text}, days=1))
    assert done.exit_code == 1
    assert "canary" not in done.output


def test_secrets_are_not_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYDRIA_STORE", "mysql://admin:canary-secret@db/hydria")
    text = FILES["hydria.toml"].replace("sqlite:///hydria.db", "${HYDRIA_STORE}")
    done = hydria("check", write_site(tmp_path, {"hydria.toml": text}, days=1))
    assert done.exit_code == 2
    assert "${HYDRIA_STORE}" in done.stderr
    assert "canary" not in done.output


def test_a_model_that_was_damaged_is_a_warning(tmp_path: Path) -> None:
    config = write_site(tmp_path, days=1)
    version = tmp_path / "models" / "river" / "ridge" / "20210101T000000Z-00000000"
    version.mkdir(parents=True)
    (version.parent / "active").write_text("rubbish")
    done = hydria("check", config)
    assert done.exit_code == 0
    assert "ridge has no sound model" in done.stdout


def test_plugins_lists_what_is_there() -> None:
    code, rows = machine("plugins")
    assert code == 0
    assert {tuple(row) for row in rows} == {("name", "role", "package", "version", "state")}
    assert {(row["name"], row["role"]) for row in rows} >= {("persistence", "forecaster"), ("sqlite", "store")}
    head, *lines = hydria("plugins").stdout.splitlines()
    assert head.split() == ["name", "role", "package", "version", "state"]
    assert len(lines) == len(rows)


@pytest.mark.parametrize("name", sorted({name for _, name in load_plugins().offers}))
def test_every_sample_is_toml_and_takes_only_options_there_are(name: str) -> None:
    code, found = machine("sample", name)
    assert code == 0
    assert found["sample"].strip()
    uncommented = "\n".join(
        line.removeprefix("# ") if line.startswith("# ") and " = " in line else line
        for line in found["sample"].splitlines()
    )
    for text in (found["sample"], uncommented):
        try:
            tomllib.loads(text)
        except tomllib.TOMLDecodeError:
            assert text is uncommented  # a shipped sample may hold remarks with an equals sign


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("blend", "# of = []  # not set"),
        ("block-network", "# power = 0.0  # not set"),
        ("boosting", "# regional = false  # not set"),
        ("input-error", "# scenarios = 0  # not set"),
        ("quality", "# limits = {}  # not set"),
    ],
)
def test_an_option_that_is_not_set_is_shown_as_what_it_takes(name: str, line: str) -> None:
    assert line in hydria("sample", name).stdout.splitlines()


def test_sample_of_nothing() -> None:
    done = hydria("sample", "persistance")
    assert done.exit_code == 2
    assert "did you mean 'persistence'?" in done.stderr and "allowed: attribution, blend" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert machine("sample", "persistance") == (2, {"exit": 2, "faults": done.stderr.splitlines()})


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("check",), "config"),
        (("chekc", "hydria.toml"), "chekc"),
        (("once", "hydria.toml", "--frob"), "--frob"),
        (("backtest", "hydria.toml", "--from", "2021-03-02"), "--to"),
        (("models", "activate", "hydria.toml"), "forecaster"),
        (("train", "hydria.toml", "--seed", "x"), "'--seed'"),
        (("train", "hydria.toml", "--from", "yesterday"), "'yesterday' is not a time; allowed: an ISO 8601 time"),
        (("once", "hydria.toml", "--at", "soon"), "--at: 'soon' is not a time"),
    ],
)
def test_a_command_typed_wrongly_speaks_json_too(words: tuple[str, ...], told: str, tmp_path: Path) -> None:
    write_site(tmp_path, days=1)
    code, found = machine(*(str(tmp_path / word) if word.endswith("toml") else word for word in words))
    assert code == 2 == found["exit"]
    (fault,) = found["faults"]
    assert told in fault and "\n" not in fault


def test_a_model_that_is_not_there_is_a_wrong_argument(tmp_path: Path) -> None:
    """Wrong names are exit 2 with the allowed words; nothing to go back to is a failure, exit 1."""
    config = write_site(tmp_path, days=1)
    code, found = machine("models", "rollback", config, "ridge")
    assert code == 2 and "none yet, run `hydria train` first" in found["faults"][0]
    version = tmp_path / "models" / "river" / "ridge" / "20210101T000000Z-00000000"
    version.mkdir(parents=True)
    for words in (("activate", config, "rigde", version.name), ("rollback", config, "rigde")):
        code, found = machine("models", *words)
        assert code == 2 and "did you mean 'ridge'?" in found["faults"][0] and "allowed: ridge" in found["faults"][0]
    code, found = machine("models", "activate", config, "ridge", "2021")
    assert code == 2 and found["faults"][0].endswith(f"allowed: {version.name}")
    code, found = machine("models", "rollback", config, "ridge")
    assert code == 1 and "no earlier reigning version" in found["errors"][0]
