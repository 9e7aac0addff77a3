"""Whatever is typed, wherever it is typed: an exit code and a sentence; never a traceback, never half of an answer."""

from __future__ import annotations

import getpass
import json
import os
import pwd
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from hydria_plugin.cli import app
from hydria_plugin.cli.cycles import short
from hydria_plugin.cli.drawing import draw, new_name
from hydria_plugin.cli.flagging import user
from hydria_plugin.cli.moments import moment
from hydria_plugin.cli.speaking import columns, in_json
from hydria_plugin.testing import sample_layout
from hydria_plugin.verification.diagrams import Diagram
from tests.site_files import write_site

ROOT = Path(__file__).resolve().parents[2]
DAY, NEXT = "2021-03-05", "2021-03-05T03:00"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A platform without models, a file beside it."""
    folder = tmp_path_factory.mktemp("words")
    (folder / "file").write_text("x")
    return write_site(folder / "site", days=8).parent.parent


WORDS = [  # T is the folder, C the configuration; the code, and a word of what is said
    ("check a\0b", 2, "cannot be taken apart"),
    ("check /", 2, "cannot be read"),
    (f"check {'x' * 300}", 2, "File name too long"),
    ("check T/file", 2, "is not TOML"),
    ("train C --seed -1", 2, "--seed"),
    ("train C --from 9999-12-31 --to 9999-12-31T23:59:59", 1, "too short"),
    ("train C --from 0001-01-01 --to 0001-01-02", 1, "too short"),
    ("train C --from yesterday", 2, "is not a time"),
    ("train C --from 2021-03-05T00:00+25:00", 2, "is not a time"),
    ("train C --pipeline x", 2, "allowed: river"),
    ("once C --at 9999-12-31T23:59:59", 2, "in the future"),
    ("once C --at 2021-03-05T00:30", 2, "is no step"),
    ("once C --replay", 1, "nothing to replay"),
    ("once C --replay --at 1700-01-01", 1, "no bulletin"),
    ("models rollback C ../x", 2, "no model of '../x'"),
    ("models activate C ridge ../..", 2, "none yet"),
    (f"backtest C --from {DAY} --to {DAY} --every 0h", 2, "--every"),
    (f"backtest C --from {DAY} --to {DAY} --every {'9' * 5000}h", 2, "--every"),
    (f"backtest C --from {DAY} --to {DAY} --every 1h --future maybe", 2, "none, perfect"),
    (f"backtest C --from {DAY} --to {DAY} --out T/no/x.csv", 2, "does not exist"),
    (f"backtest C --from {DAY} --to {DAY} --out T/dir.csv", 2, "is a folder"),
    (f"backtest C --from {DAY} --to {DAY} --out T/a\0b.csv", 2, "--out"),
    (f"backtest C --from {DAY} --to {DAY} --out T/{'o' * 300}.csv", 2, "--out"),
    ("backtest C --from 2021-03-05T00:10 --to 2021-03-05T00:20", 1, "no step"),
    (f"verify C --from {DAY} --to 2021-03-04", 2, "before --from"),
    (f"verify C --from {DAY} --to {NEXT}", 1, "no bulletin"),
    (f"verify C --from {DAY} --to {NEXT} --diagrams T/file", 2, "is a file"),
    (f"verify C --from {DAY} --to {NEXT} --diagrams T/a\0b", 2, "--diagrams"),
    (f"verify C --from {DAY} --to {NEXT} --diagrams T/{'o' * 300}", 2, "--diagrams"),
    ("knox C", 2, "no network that KnoX can read"),
    ("sample \0", 2, "no plug-in"),
    (f"flag set C r1 --from {DAY} --reason x --as ugly", 2, "bad, suspect, good"),
    ("flag withdraw C 99", 2, "not in force"),
    ("demo T/file", 2, "is a file"),
    ("demo T/file/in", 2, "allowed: a folder that is new or empty"),
    ("demo T/site", 2, "is not empty"),
    ("demo T/a\0b", 2, "null byte"),
    (f"demo T/{'d' * 300}", 2, "File name too long"),
    ("demo T/d --basin karst --rain T/site", 2, "Is a directory"),
    ("import nowhere", 2, "nowhere"),
    ("nonsense", 2, "nonsense"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "code", "said"), WORDS, ids=[f"{n}-{w[:28]}" for n, (w, _, _) in enumerate(WORDS)])
def test_wrong_words_are_told_in_a_sentence(site: Path, words: str, code: int, said: str) -> None:
    (site / "dir.csv").mkdir(exist_ok=True)
    config = str(site / "site" / "hydria.toml")
    typed = [
        config if w == "C" else w.replace("T/", f"{site}/", 1) if w.startswith("T/") else w for w in words.split(" ")
    ]
    done = CliRunner().invoke(app, typed)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    told = done.stdout + done.stderr
    assert done.exit_code == code, told
    assert said in " ".join(told.split()) and "Traceback" not in told and "unexpected" not in told, told


def test_a_demonstration_that_cannot_be_leaves_no_folder(tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["demo", str(tmp_path / "d"), "--basin", "x"]).exit_code == 2
    assert not (tmp_path / "d").exists()


@settings(max_examples=200)
@given(st.text(max_size=30) | st.datetimes().map(str) | st.dates().map(str))
def test_any_time_is_a_time_or_a_wrong_word(text: str) -> None:
    import typer

    try:
        found = moment(text, "--at")
    except typer.BadParameter as error:
        assert "--at" in error.message
    else:
        assert not np.isnat(found) and found.dtype == np.dtype("datetime64[s]")


# ---- terminals, pipes and disks ----------------------------------------------------------------------------------


def hydria(line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A line of the shell in which ``hydria`` is the program."""
    paths = os.pathsep.join([str(ROOT), str(ROOT / "adapters")])
    return subprocess.run(
        ["bash", "-c", "set -o pipefail; " + line.replace("hydria", f"{sys.executable} -m hydria_plugin")],
        capture_output=True, text=True, encoding="utf-8", errors="surrogateescape",
        env={**os.environ, "PYTHONPATH": paths, **environment},
    )  # fmt: skip


def test_a_reader_that_has_enough_is_no_fault() -> None:
    done = hydria("hydria plugins --json | true")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_an_answer_that_finds_no_room_has_failed() -> None:
    """A script that goes on with an empty file would take "no models" for the truth."""
    done = hydria("hydria plugins > /dev/full")
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["what was found cannot be written: No space left on device"]


@pytest.mark.parametrize("encoding", ["ascii", "iso-8859-1", "utf-8"])
def test_every_terminal_is_told_what_it_has_signs_for(encoding: str) -> None:
    done = hydria("hydria check 'débit☃.toml' --json; hydria sample '☃'", PYTHONIOENCODING=encoding)
    assert "Traceback" not in done.stderr and "unexpected" not in done.stderr
    (fault,) = json.loads(done.stdout.splitlines()[0])["faults"]
    assert "débit☃.toml: there is no such file" in fault  # the same for machines, whatever the terminal


def test_json_in_few_letters_says_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    facts = {"a": "Ardèche ☃", "b": [1.5, None]}
    for encoding in ("ascii", "utf-8", "no such code"):
        monkeypatch.setattr(sys, "stdout", type("Out", (), {"encoding": encoding})())
        text = in_json(facts)
        monkeypatch.undo()
        assert json.loads(text) == facts and text.isascii() == (encoding != "utf-8")


def test_a_user_without_a_name_may_flag_a_gauge(monkeypatch: pytest.MonkeyPatch) -> None:
    """In containers the number of the user is often drawn at random, and nobody gave it a name."""

    def nobody(number: int) -> None:
        raise KeyError(f"getpwuid(): uid not found: {number}")

    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", nobody)
    assert user() == f"user {os.getuid()}"
    monkeypatch.setenv("USER", "ana")
    assert user() == getpass.getuser() == "ana"


def interrupted(config: Path) -> tuple[int, str, str]:
    """A training that is told to stop once it has begun: exit code, stdout, stderr."""
    paths = os.pathsep.join([str(ROOT), str(ROOT / "adapters")])
    process = subprocess.Popen(
        [sys.executable, "-m", "hydria_plugin", "train", str(config), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": paths},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's "&" has its jobs ignore Ctrl-C
    )
    assert process.stderr is not None
    assert "training: river" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def test_ctrl_c_in_training_leaves_a_sound_shelf_and_training_goes_on(tmp_path: Path) -> None:
    for attempt in range(3):  # on a busy machine one may be done before it is told
        config = write_site(tmp_path / str(attempt), days=600)  # training goes on for seconds after its first line
        code, out, err = interrupted(config)
        if code != 0:
            break
    assert code == 130, err
    assert json.loads(out) == {"exit": 130, "errors": ["stopped by the keyboard"]} and "Traceback" not in err
    done = CliRunner().invoke(app, ["train", str(config), "--json"])
    assert done.exit_code == 0, done.output
    rows = json.loads(CliRunner().invoke(app, ["models", "verify", str(config), "--json"]).stdout)["models"]
    assert rows and not any(row["faults"] for row in rows)
    shelf = config.parent / "models"
    assert not list(shelf.rglob(".new-*")) and not list(shelf.rglob(".work"))


# ---- tables and files --------------------------------------------------------------------------------------------


@given(st.lists(st.lists(st.text("ab é☃", max_size=9), min_size=2, max_size=2), max_size=5))
def test_a_table_has_a_line_per_row_and_columns_under_their_head(rows: list[list[str]]) -> None:
    lines = columns(rows, ("first", "second")).split("\n")
    assert len(lines) == len(rows) + 1
    at = lines[0].index("second")
    assert all(line[at:] == row[1].rstrip() for line, row in zip(lines[1:], rows, strict=True) if len(line) > at)


@given(st.lists(st.text(max_size=400), max_size=12))
def test_files_of_stations_have_names_of_their_own(stems: list[str]) -> None:
    taken: list[str] = []
    for stem in stems:
        taken.append(new_name(stem, taken))
    assert len({name.casefold() for name in taken}) == len(stems)
    assert all(len(name.encode()) <= 255 and name.endswith(".svg") for name in taken)


def test_no_station_s_diagram_overwrites_another_s(tmp_path: Path) -> None:
    """`a/b`, `a b` and `A_B` are one name to a file system; `all` is the name of the pooled one; and a long one."""
    stations = ("", "a/b", "a b", "A_B", "all", "../up", "é" * 150)
    levels, gone = np.array([0.1, 0.5, 0.9]), np.full(3, np.nan)
    drawn = [Diagram(s, 1, levels, 0, gone, gone, gone, gone, np.full(4, np.nan), np.nan) for s in stations]
    written = draw(tmp_path / "out", "p", drawn, sample_layout(), "en")
    assert len({path.casefold() for path in written}) == len(stations)
    assert sorted(written) == sorted(str(p) for p in (tmp_path / "out").iterdir())
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize(
    ("value", "told"), [(12623.4, "12623"), (-12623.4, "-12623"), (832.04, "832"), (1.0118, "1.012"), (0.0, "0")]
)
def test_a_discharge_in_litres_is_told_without_powers_of_ten(value: float, told: str) -> None:
    assert short(value) == told
