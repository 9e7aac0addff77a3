"""Starting: help and the list of plug-ins are quick and load nothing heavy; errors are lines, never tracebacks."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from hydria_plugin.cli import app
from hydria_plugin.cli.speaking import guarded, one_line
from hydria_plugin.errors import ConfigError, FeedError
from hydria_plugin.workshop import Progress

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("torch", "lightgbm", "pandas", "sqlalchemy", "scipy")
COMMANDS = ("demo", "check", "plugins", "sample", "train", "models", "once", "serve", "backtest", "verify")


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join([str(ROOT), str(ROOT / "adapters")])
    return subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": paths, **environment}
    )


@pytest.mark.parametrize("words", ["--help", "plugins", "models --help"])
def test_nothing_heavy_is_loaded(words: str) -> None:
    code = f"""
import sys
import time
from hydria_plugin.cli import app
try:
    app({words.split()!r})
except SystemExit as end:
    print(end.code, [m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)
"""
    done = run("-c", code)
    assert done.stderr.splitlines()[-1] == "0 []", done.stderr


def least_seconds(*words: str) -> float:
    """Of processor time, of four runs: what the machine does besides does not count."""
    spent = []
    for _ in range(4):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert run(*words, PYTHONDONTWRITEBYTECODE="").returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(spent)


@pytest.mark.alone
@pytest.mark.parametrize("words", ["--help", "plugins"])
def test_quick(words: str) -> None:
    """Under 0.7 s, warm, or twice what its libraries take to be imported where the machine is slower than that. Warm is
    with bytecode on disk, as an installation has it; some machines forbid it to be written."""
    libraries = least_seconds("-c", "import numpy, pluggy, pydantic, typer")
    assert least_seconds("-m", "hydria_plugin", words) < max(0.7, 2 * libraries), libraries


def test_every_command_has_help_and_json() -> None:
    listed = CliRunner().invoke(app, ["--help"]).stdout
    for command in COMMANDS:
        assert command in listed
        if command != "models":
            assert "--json" in CliRunner().invoke(app, [command, "--help"]).stdout, command
    for command in ("list", "verify", "activate", "rollback"):
        assert "--json" in CliRunner().invoke(app, ["models", command, "--help"]).stdout, command


def test_without_words_it_helps() -> None:
    done = run("-m", "hydria_plugin")
    assert "Commands" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_foreign_error_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def command() -> None:
        raise ZeroDivisionError("no\nluck")

    monkeypatch.delenv("HYDRIA_DEBUG", raising=False)
    with pytest.raises(typer.Exit) as ended:
        guarded(command)()
    assert ended.value.exit_code == 1
    told = capsys.readouterr().err.splitlines()
    assert told == ["unexpected ZeroDivisionError: no luck (HYDRIA_DEBUG=1 shows where)"]
    monkeypatch.setenv("HYDRIA_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        guarded(command)()


def test_exit_codes_of_errors(capsys: pytest.CaptureFixture[str]) -> None:
    for error, code in ((ConfigError(["a", "b"]), 2), (FeedError("gone"), 1), (KeyboardInterrupt(), 130)):

        def command(error: BaseException = error) -> None:
            raise error

        with pytest.raises(typer.Exit) as ended:
            guarded(command)()
        assert ended.value.exit_code == code
    assert capsys.readouterr().err.splitlines() == ["a", "b", "gone", "stopped by the keyboard"]


def test_a_cause_is_told_once() -> None:
    try:
        raise FeedError("host away") from OSError("no route")
    except FeedError as error:
        assert one_line(error) == "host away (no route)"
    try:
        raise FeedError("host away: no route") from OSError("no route")
    except FeedError as error:
        assert one_line(error) == "host away: no route"


def test_progress_is_told_on_stderr_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    now = [0.0]
    progress = Progress("training", lambda: now[0])
    for second in range(25):
        now[0] = float(second)
        progress("fold", second / 24)
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 4  # at 0, 10, 20 s, and the end
    assert err.splitlines()[-1] == "training: fold 100%, 24 s"


def test_a_closed_pipe_is_no_error() -> None:
    paths = os.pathsep.join([str(ROOT), str(ROOT / "adapters")])
    line = f"{sys.executable} -m hydria_plugin plugins | head -c 1"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line}"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": paths},
    )
    assert "Traceback" not in done.stderr


def test_sigterm_unwinds_a_command_and_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    let_go = []

    def command(as_json: bool = False) -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(5)
        finally:
            let_go.append(True)

    with pytest.raises(typer.Exit) as ended:
        guarded(command)(as_json=True)
    out, err = capsys.readouterr()
    assert ended.value.exit_code == 143
    assert let_go == [True]
    assert json.loads(out) == {"exit": 143, "errors": ["stopped by SIGTERM"]}
    assert err == "stopped by SIGTERM\n"
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_who_listens_to_sigterm_already_goes_on_listening() -> None:
    heard = []
    before = signal.signal(signal.SIGTERM, lambda *_: heard.append(True))
    try:
        with pytest.raises(typer.Exit) as ended:
            guarded(lambda: os.kill(os.getpid(), signal.SIGTERM))()
        assert (ended.value.exit_code, heard) == (0, [True])
    finally:
        signal.signal(signal.SIGTERM, before)
