"""Files that appear whole or not at all, under names that are safe."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydria_plugin.exchange import file_name, free_bytes, put_file

NAMES = ["a", "a/b", "a_b", "a\\b", "..", ".a", "é", "e", "x" * 200, "x" * 201, "é" * 300, "", " ", "con:1"]


@pytest.mark.parametrize("ascii", [True, False])
def test_names_that_differ_stay_different_and_within(ascii: bool) -> None:
    made = [file_name(name, ascii) for name in NAMES]
    assert len(set(made)) == len(NAMES)
    assert not any("/" in m or "\\" in m or m.startswith(".") or len(m.encode()) > 110 for m in made)


@given(st.lists(st.text(max_size=150), unique=True, max_size=8), st.booleans())
def test_whatever_the_names(names: list[str], ascii: bool) -> None:
    made = [file_name(name, ascii) for name in names]
    assert len(set(made)) == len(names) and all((m and m.isascii()) or not ascii for m in made)
    assert not any(set("/\0") & set(m) or m.startswith(".") for m in made)


def test_accents_stay_where_they_are_wanted() -> None:
    assert file_name("Cévennes", ascii=False) == "Cévennes"
    assert file_name("Cévennes").startswith("C_vennes-")


@pytest.mark.parametrize("content", [b"new", [b"n", b"ew"]], ids=["whole", "pieces"])
def test_a_file_that_cannot_be_finished_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | list[bytes]
) -> None:
    file = tmp_path / "a.xml"
    put_file(file, b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        put_file(file, content)
    assert file.read_bytes() == b"old" and list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("content", [b"new", [b"n", b"ew"]], ids=["whole", "pieces"])
def test_what_a_crash_left_is_overwritten(tmp_path: Path, content: bytes | list[bytes]) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / ".a.xml.tmp").write_bytes(b"half a document")
    put_file(tmp_path / "deep" / "a.xml", content)
    assert [(f.name, f.read_bytes()) for f in (tmp_path / "deep").iterdir()] == [("a.xml", b"new")]


def test_the_same_content_leaves_the_file_alone(tmp_path: Path) -> None:
    file = tmp_path / "a"
    put_file(file, b"same")
    os.utime(file, ns=(0, 0))
    put_file(file, b"same")
    assert file.stat().st_mtime_ns == 0
    put_file(file, b"other")
    assert file.stat().st_mtime_ns > 0 and file.read_bytes() == b"other"


def test_pieces_that_fail_leave_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "a"
    put_file(file, b"old")

    def pieces():  # type: ignore[no-untyped-def]
        yield b"n"
        raise OSError(5, "Input/output error")

    with pytest.raises(OSError, match="Input/output"):
        put_file(file, pieces())
    assert file.read_bytes() == b"old" and list(tmp_path.iterdir()) == [file]


def test_free_bytes_are_those_of_the_folder_that_is_there(tmp_path: Path) -> None:
    assert free_bytes(tmp_path / "not" / "yet") > 0 and list(tmp_path.iterdir()) == []
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        free_bytes(tmp_path / "file" / "below")
