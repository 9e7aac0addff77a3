"""One writer per store: held until the last who took it lets go, from whatever threads."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin import StoreError
from hydria_plugin.host.single import SingleWriter


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
