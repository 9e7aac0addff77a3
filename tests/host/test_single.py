"""One writer per store: held until the last who took it lets go, from whatever threads."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from postgresql_server import Server
from tcp_relay import Relay

from hydria_plugin import StoreError
from hydria_plugin.host.single import SingleWriter
from hydria_plugin.stores.sql import SqlStore

ALWAYS = np.datetime64("2020-01-01"), np.datetime64("2040-01-01")


def store(folder: Path) -> Any:
    return SimpleNamespace(lock_path=folder / "hydria.db.lock")


def is_free(folder: Path) -> bool:
    other = SingleWriter(store(folder))
    try:
        other.take()
    except StoreError:
        return False
    other.free()
    return True


@given(takes=st.lists(st.booleans(), max_size=20))
@settings(max_examples=20, deadline=None)
def test_it_is_held_while_anyone_holds_it(tmp_path_factory: pytest.TempPathFactory, takes: list[bool]) -> None:
    folder, held = tmp_path_factory.mktemp("store"), 0
    writer = SingleWriter(store(folder))
    for take in takes:
        if take or not held:
            writer.take()
            held += 1
        else:
            writer.free()
            held -= 1
        assert is_free(folder) == (held == 0)
    for _ in range(held):
        writer.free()


def test_one_who_lets_go_does_not_let_go_for_the_others(tmp_path: Path) -> None:
    """A call that ends while the host starts must not leave it without its lock."""
    writer = SingleWriter(store(tmp_path))
    writer.take()  # for long

    def briefly() -> None:
        for _ in range(50):
            writer.take()
            writer.free()

    threads = [threading.Thread(target=briefly) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not is_free(tmp_path)
    writer.free()
    assert is_free(tmp_path)


def test_a_refused_take_holds_nothing(tmp_path: Path) -> None:
    first, second = SingleWriter(store(tmp_path)), SingleWriter(store(tmp_path))
    first.take()
    with pytest.raises(StoreError, match="another hydria is running on this store"):
        second.take()
    first.free()
    second.take()
    second.free()
    assert is_free(tmp_path)


def test_a_lock_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be taken"):
        SingleWriter(store(tmp_path / "file")).take()


def test_a_store_without_a_file_needs_no_lock() -> None:
    writer = SingleWriter(SimpleNamespace())  # type: ignore[arg-type]
    writer.take()
    writer.free()


# ---- a server that two machines, two containers or two private /tmp reach, by whatever name


def machine(address: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[SqlStore, SingleWriter]:
    """The store and its writer on a machine whose folder for temporary files is its own."""
    folder.mkdir(exist_ok=True)
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    opened = SqlStore(address)
    return opened, SingleWriter(opened)


def counted(address: str, question: str) -> int:
    engine = sa.create_engine(address)
    with engine.connect() as connection:
        count = connection.scalar(sa.text(f"SELECT count(*) FROM {question}"))
    engine.dispose()
    return int(count or 0)


def holders(address: str) -> int:
    return counted(address, "pg_locks WHERE locktype = 'advisory' AND granted")


def named(address: str) -> int:
    """Sessions in this database that call themselves a writer's."""
    return counted(
        address, "pg_stat_activity WHERE application_name LIKE 'hydria on %' AND datname = current_database()"
    )


def test_the_server_itself_knows_who_writes(
    postgresql: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = postgresql.database()
    one, first = machine(address, tmp_path / "one", monkeypatch)
    other, second = machine(address.replace("127.0.0.1", "localhost"), tmp_path / "other", monkeypatch)
    first.take()
    first.take()
    told = f"another hydria is running on this store .the server's lock is held by hydria on .*, process {os.getpid()}"
    with pytest.raises(StoreError, match=told):
        second.take()
    assert one.issues("river", *ALWAYS) == other.issues("river", *ALWAYS) == ()  # reading needs no place
    first.free()
    assert holders(address) == 1
    first.free()
    assert holders(address) == 0
    until = time.monotonic() + 10
    while named(address):  # the session has ended as well: no one else goes on under its name
        assert time.monotonic() < until
        time.sleep(0.02)
    second.take()
    second.free()
    for opened in (one, other):
        opened.close()


def test_two_databases_and_two_schemas_of_one_server_have_a_writer_each(
    postgresql: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = postgresql.database()
    engine = sa.create_engine(address)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE SCHEMA aside"))
    engine.dispose()
    addresses = (address, f"{address}?options=-csearch_path%3Daside", postgresql.database())
    machines = [machine(a, tmp_path / str(n), monkeypatch) for n, a in enumerate(addresses)]
    for _, writer in machines:
        writer.take()
    for opened, writer in machines:
        writer.free()
        opened.close()


def test_a_server_that_was_started_anew_is_asked_again(
    postgresql: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The session that held the place is gone with the server: whoever comes first has it."""
    address = postgresql.database()
    one, first = machine(address, tmp_path / "one", monkeypatch)
    other, second = machine(address, tmp_path / "other", monkeypatch)
    first.take()
    postgresql.stop()
    first.take()  # what is wrong with the server is told by those who write to it
    with pytest.raises(StoreError, match="no server answers there"):
        second.take()
    postgresql.start()
    first.take()
    assert holders(address) == 1
    postgresql.stop()
    postgresql.start()
    second.take()
    with pytest.raises(StoreError, match="another hydria"):
        first.take()  # it holds its own file still, not the server
    second.free()
    first.take()
    assert holders(address) == 1
    for _ in range(4):
        first.free()
    assert holders(address) == 0
    for opened in (one, other):
        opened.close()


def test_a_server_that_falls_silent_does_not_hold_up_who_lets_go(
    postgresql: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``Host.stop`` leaves a cycle that hangs behind: the place is that cycle's until it ends."""
    address, relay = postgresql.database(), Relay(postgresql.port)
    opened, writer = machine(address.replace(f":{postgresql.port}/", f":{relay.port}/"), tmp_path / "one", monkeypatch)
    writer.take()
    relay.silence()
    cycle = threading.Thread(target=writer.take, daemon=True)
    cycle.start()
    cycle.join(0.5)
    assert cycle.is_alive(), "nothing hangs: the test tests nothing"
    begun = time.monotonic()
    writer.free()
    assert time.monotonic() - begun < 5
    assert holders(address) == 1
    relay.speak()
    cycle.join(10)
    writer.free()
    assert holders(address) == 0
    opened.close()
    relay.close()
