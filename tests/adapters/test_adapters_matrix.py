"""The table of README.md beside this file: every test that it names is there, and every cell says something."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
ROWS = [
    [cell.strip() for cell in line.strip("|\n").split("|")]
    for line in (TESTS / "adapters" / "README.md").read_text().splitlines()
    if line.startswith("| ") and "---" not in line
]
FILES = {path.stem.removeprefix("test_"): path.read_text() for path in TESTS.rglob("test_*.py")}


def test_every_test_that_is_named_is_there() -> None:
    named = [cell for row in ROWS[1:] for cell in row[1:] if cell not in ("-", "as csv")]
    assert len(named) > 100
    lost = [
        cell for cell in named if f"def test_{cell.partition('.')[2]}(" not in FILES.get(cell.partition(".")[0], "")
    ]
    assert lost == []


def test_every_source_and_sink_has_its_row() -> None:
    parts = {row[0] for row in ROWS[1:]}
    assert all(len(row) == len(ROWS[0]) for row in ROWS) and len(parts) == len(ROWS) - 1
    for part in ("csv", "fews", "fews-rest", "sandre", "sensorthings", "mqtt", "sql"):
        assert {f"{part} source", f"{part} sink"} <= parts
    assert {"hubeau", "vigicrues", "cap", "webhook", "alertmanager", "mail", "csv over SFTP"} <= parts


def test_files_that_are_named_are_there() -> None:
    text = (TESTS / "adapters" / "README.md").read_text().partition("Whole loops")[2]
    named = re.findall(r"`(\w+_\w+)`", text)
    assert len(named) > 15 and [name for name in named if name not in FILES] == []
