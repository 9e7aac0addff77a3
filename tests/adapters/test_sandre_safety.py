"""XML from outside: no document type, no entities, no bombs, no depth, nothing from the disk."""

from __future__ import annotations

import gzip
import time
from pathlib import Path

import pytest
from sandre_messages import asked, level, message, parsed, read, said

from hydria_plugin import FeedError
from hydria_sandre.importer import SandreImporter
from hydria_sandre.series_xml import LARGEST

T = "2010-02-26T11:10:00"
CANARY = "canary-7f3a"
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))


def evil(doctype: str, use: str) -> bytes:
    return (doctype + message(level(f"{T} 680")).replace("A123456701", use)).encode()


@pytest.mark.parametrize(
    "data",
    [
        evil("<!DOCTYPE hydrometrie>", "A123456701"),
        evil('<!DOCTYPE h [<!ENTITY x "A1">]>', "&x;"),
        evil(f'<!DOCTYPE h [<!ENTITY l0 "lol">{LAUGHS}]>', "&l11;"),
        evil('<!DOCTYPE h SYSTEM "http://127.0.0.1:9/x.dtd">', "A123456701"),
    ],
)
def test_a_document_type_is_refused(data: bytes, tmp_path: Path) -> None:
    begun = time.process_time()
    with pytest.raises(FeedError, match="has a document type|not well-formed"):
        parsed(data)
    (tmp_path / "m.xml").write_bytes(data)
    with pytest.raises(FeedError, match="has a document type|not well-formed"):
        SandreImporter(path="m.xml", folder=tmp_path).survey()
    assert time.process_time() - begun < 1


def test_files_of_the_disk_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(CANARY)
    data = evil(f'<!DOCTYPE h [<!ENTITY x SYSTEM "file://{tmp_path}/secret">]>', "&x;")
    with pytest.raises(FeedError) as told:
        parsed(data)
    assert CANARY not in str(told.value)


def test_depth_has_an_end() -> None:
    deep = "<a>" * 120 + level(f"{T} 680") + "</a>" * 120
    with pytest.raises(FeedError, match="is nested deeper than 64 elements"):
        parsed(message(deep).encode())


def test_gzip_bombs_have_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    from hydria_plugin.exchange import XmlLimits

    monkeypatch.setattr("hydria_sandre.series_xml.LARGEST", XmlLimits(size=1 << 20))
    bomb = gzip.compress(message("<x>" + " " * (1 << 22) + "</x>").encode())
    assert len(bomb) < 10_000
    with pytest.raises(FeedError, match="holds more than 1,048,576 bytes"):
        parsed(bomb)
    assert LARGEST.size == 1 << 32


def test_one_evil_file_among_good_ones(tmp_path: Path) -> None:
    drop = tmp_path / "drop"
    drop.mkdir()
    (drop / "a.xml").write_bytes(evil('<!DOCTYPE h [<!ENTITY x "A1">]>', "&x;"))
    (drop / "b.xml").write_text(message(level(f"{T} 680")))
    table = read(drop, "A123456701.H", wanted=asked(["A123456701.H"]))
    assert len(table) == 1 and "document type" in said(table)[0]
