"""States of runs: cold and warm, whole or not at all, never at the cost of what was there."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from hydria_fews.states import State, put_in, read_state, take_out
from hydria_plugin import FeedError

STATE = """<?xml version="1.0" encoding="UTF-8"?>
<State xmlns="http://www.wldelft.nl/fews/PI" version="1.2">
 <stateId>warm</stateId><timeZone>1.0</timeZone><dateTime date="2026-01-02" time="12:00:00"/>
 <stateLoc type="file"><readLocation>in\\\\hydria.db</readLocation>
 <writeLocation>out/hydria.db</writeLocation></stateLoc>
</State>"""


def described(folder: Path, text: str = STATE) -> State:
    (folder / "state.xml").write_text(text)
    return read_state(folder / "state.xml", folder)


def store(path: Path, word: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as made:
        made.execute("PRAGMA journal_mode=WAL")
        made.execute("CREATE TABLE t (word)")
        made.execute("INSERT INTO t VALUES (?)", (word,))
        made.commit()
    return path


def word_in(path: Path) -> str:
    with closing(sqlite3.connect(path)) as held:
        return str(held.execute("SELECT word FROM t").fetchone()[0])


def test_a_description(tmp_path: Path) -> None:
    state = described(tmp_path)
    assert state.read == tmp_path / "in" / "hydria.db" and state.write == tmp_path / "out" / "hydria.db"
    assert state.name == "warm" and state.at == np.datetime64("2026-01-02T11:00", "s")


def test_one_without_locations_is_a_cold_start_that_leaves_nothing(tmp_path: Path) -> None:
    state = described(tmp_path, "<State><stateId>cold</stateId></State>")
    assert (state.read, state.write, state.at) == (None, None, None)
    assert "cold start" in put_in(state, tmp_path / "hydria.db")
    assert "no state is left" in take_out(state, store(tmp_path / "hydria.db", "x"))


def test_a_warm_state_goes_round(tmp_path: Path) -> None:
    state, work = described(tmp_path), tmp_path / "work" / "hydria.db"
    store(tmp_path / "in" / "hydria.db", "earlier")
    assert "warm start" in put_in(state, work) and word_in(work) == "earlier"
    with closing(sqlite3.connect(work)) as held:  # still open, with a log beside it: the state is whole even so
        held.execute("UPDATE t SET word = 'now'")
        held.commit()
        assert str(state.write) in take_out(state, work)
    assert word_in(tmp_path / "out" / "hydria.db") == "now" and word_in(tmp_path / "in" / "hydria.db") == "earlier"
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["hydria.db"]


def test_what_was_there_is_set_aside(tmp_path: Path) -> None:
    work = store(tmp_path / "hydria.db", "precious")
    assert "cold start" in put_in(described(tmp_path), work)
    assert not work.exists() and word_in(tmp_path / "hydria.db.before") == "precious"


def test_folders_hold_the_store_by_its_name(tmp_path: Path) -> None:
    store(tmp_path / "in" / "hydria.db", "earlier")
    (tmp_path / "out").mkdir()
    text = STATE.replace("in\\\\hydria.db", "in").replace("out/hydria.db", "out").replace('"file"', '"directory"')
    state, work = described(tmp_path, text), tmp_path / "hydria.db"
    put_in(state, work)
    take_out(state, work)
    assert word_in(work) == word_in(tmp_path / "out" / "hydria.db") == "earlier"


def test_what_is_no_state_is_refused_and_the_store_stays(tmp_path: Path) -> None:
    work = store(tmp_path / "hydria.db", "precious")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "hydria.db").write_text("<html>")
    with pytest.raises(FeedError, match="is no state of hydria"):
        put_in(described(tmp_path), work)
    assert word_in(work) == "precious"


def test_a_state_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file where a folder should be")
    with pytest.raises(FeedError, match="cannot be written"):
        take_out(described(tmp_path), store(tmp_path / "hydria.db", "x"))


def test_several_states_are_refused(tmp_path: Path) -> None:
    piece = STATE[STATE.index("<stateLoc") : STATE.index("</State>")]
    with pytest.raises(FeedError, match="names 2 states"):
        described(tmp_path, STATE.replace("</State>", f"{piece}</State>"))


def test_a_drive_of_windows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="drive of Windows"):
        described(tmp_path, STATE.replace("in\\\\hydria.db", "D:\\in\\hydria.db"))
