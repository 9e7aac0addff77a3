"""The executable where things go wrong: exit 1, the reason in the diagnostics, never a traceback, no secret."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from fews_platform import MODULES, diag, run_info
from whole_loop import registry_with

from hydria_fews.diagnostics import DiagHandler
from hydria_fews.program import attempted, main
from hydria_plugin import ConfigError, FeedError

T0 = np.datetime64("2026-09-01T12:00:00", "s")


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hydria_plugin.host.load_plugins", lambda plugins=(): registry_with(MODULES))


def reasons(folder: Path) -> list[str]:
    """What FEWS takes for a failed run."""
    return [text for level, text in diag(folder) if level <= 1]


def test_without_a_configuration(tmp_path: Path) -> None:
    assert main([str(run_info(tmp_path, T0, {}))]) == 1
    assert ["'config' is missing" in text for text in reasons(tmp_path)] == [True]


def test_with_one_that_is_not_there(tmp_path: Path) -> None:
    assert main([str(run_info(tmp_path, T0, {"config": "none.toml"}))]) == 1
    assert any("none.toml" in text for text in reasons(tmp_path))


def test_every_fault_of_the_configuration_is_a_line(tmp_path: Path) -> None:
    (tmp_path / "hydria.toml").write_text('[platform]\nname = 3\nstore = "x"\n')
    assert main([str(run_info(tmp_path, T0, {"config": "hydria.toml"}))]) == 1
    assert len(reasons(tmp_path)) > 2


def test_a_run_info_that_is_none_is_diagnosed_beside_it(tmp_path: Path) -> None:
    (tmp_path / "run_info.xml").write_text("<Run")
    assert main([str(tmp_path / "run_info.xml")]) == 1
    assert "well-formed" in (tmp_path / "diag.xml").read_text()
    assert main([str(tmp_path / "run_info.xml"), "--diag", str(tmp_path / "elsewhere.xml")]) == 1
    assert "well-formed" in (tmp_path / "elsewhere.xml").read_text()


def test_diagnostics_that_cannot_be_written_fail_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "log").write_text("a file where a folder should be")
    assert main([str(run_info(tmp_path, T0, {}))]) == 1
    assert "log" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "level", "said"),
    [
        (FeedError("the source is gone"), 1, "the source is gone"),
        (ConfigError(["one", "two"]), 1, "two"),
        (KeyboardInterrupt(), 1, "interrupted"),
        (PermissionError(13, "Permission denied", "/x/y"), 1, "/x/y: Permission denied"),
        (ZeroDivisionError("division by zero"), 0, "ZeroDivisionError: division by zero"),
        (MemoryError(), 0, "MemoryError"),
    ],
)
def test_whatever_is_raised_is_a_reason(tmp_path: Path, error: BaseException, level: int, said: str) -> None:
    def work() -> None:
        raise error

    (tmp_path / "log").mkdir()
    assert attempted(DiagHandler(tmp_path / "log" / "diag.xml"), work) == 1
    worst = min(diag(tmp_path))
    assert worst[0] == level and said in [text for lev, text in diag(tmp_path) if lev == level][-1]
    assert "Traceback" not in (tmp_path / "log" / "diag.xml").read_text()


def test_a_store_that_is_no_file_is_no_state(tmp_path: Path) -> None:
    (tmp_path / "hydria.toml").write_text('[platform]\nname = "x"\nstore = "postgresql+psycopg://u:p@h/d"\n')
    (tmp_path / "state.xml").write_text("<State><stateId>cold</stateId></State>")
    more = "<inputStateDescriptionFile>state.xml</inputStateDescriptionFile>"
    assert main([str(run_info(tmp_path, T0, {"config": "hydria.toml"}, more))]) == 1
    (reason,) = reasons(tmp_path)
    assert "a store that is a file" in reason and "u:p" not in reason


def test_a_secret_is_in_neither_diagnostics_nor_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY", "sk-canary-5571")
    (tmp_path / "hydria.toml").write_text(
        '[platform]\nname = "x"\nstore = "sqlite:///${CANARY}/none/\\u0000"\n[pipelines.a]\nstep = "${CANARY}"\n'
        'source = { use = "fews-rest", url = "http://127.0.0.1:9/", user = "u", password = "${CANARY}", filter = 3 }\n'
    )
    path = run_info(tmp_path, T0, {"config": "hydria.toml"})
    done = subprocess.run(
        [sys.executable, "-m", "hydria_fews.program", str(path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "canary" not in done.stdout + done.stderr + (tmp_path / "log" / "diag.xml").read_text()
    assert reasons(tmp_path)


def test_help_names_what_it_takes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "run_info" in capsys.readouterr().out
