"""Broken cells through a real database: SQLite keeps whatever is put into it, of any type in any column."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from mutations import check_survives
from sql_places import Place, asked

from hydria_sql.source import SqlSource

COLUMNS = ("series", "time", "value", "flag", "received_at", "issued_at", "member", "unit")
ROWS = b"\n".join(
    b"|".join([b"level", f"2026-03-01T{h:02d}:00:00Z".encode(), f"{h}.5".encode(), b"good", b"", b"", b"", b"mm"])
    for h in range(8)
)
LOCAL = ROWS.replace(b"T", b" ").replace(b"Z", b"").replace(b"good", b"1").replace(b"|mm", b"|m")
NUMBERS = b"\n".join(b"level|" + str(1772323200 + 3600 * h).encode() + b"|%d|2||||" % h for h in range(8))
AHEAD = b"level|2026-03-01T18:00:00+01:00|1|9|2026-03-01T05:00Z|2026-03-01T04:00Z|3|cm\n" * 3
WAYS: tuple[dict[str, Any], ...] = (
    {},
    {"timezone": "Europe/Paris", "missing": [-999], "order_by": ["received_at"]},
    {"time_form": "unix", "scale": {"level": 0.001}},
    {"flags": {"good": "suspect"}, "units": {"level": "cm"}},
)


def typed(cell: bytes) -> Any:
    """A number where it is one, bytes where it is no text, else a text."""
    if not cell:
        return None
    for kind in (int, float):
        try:
            value = kind(cell)
        except ValueError:
            continue
        return value if kind is float or abs(value) < 2**63 else str(value)
    try:
        return cell.decode()
    except UnicodeDecodeError:
        return cell


def rows_of(data: bytes) -> Iterator[dict[str, Any]]:
    for line in data.split(b"\n")[:50]:
        cells = [typed(cell) for cell in line.split(b"|")[: len(COLUMNS)]]
        yield dict(zip(COLUMNS, [*cells, *[None] * (len(COLUMNS) - len(cells))], strict=True))


def reading(folder: Path) -> Callable[[bytes], int]:
    """What was told of a table with these cells in it."""
    url = f"sqlite:///{folder / 'platform.db'}"
    (folder / "platform.db").touch()
    place = Place(url, sa.create_engine(url))
    place.run(f"CREATE TABLE obs ({', '.join(COLUMNS)})")
    sources = [SqlSource(database=url, table="obs", **way) for way in WAYS]
    put = f"INSERT INTO obs VALUES ({', '.join(f':{name}' for name in COLUMNS)})"
    wanted = asked("level")

    def read(data: bytes) -> int:
        place.run("DELETE FROM obs")
        place.run(put, list(rows_of(data)))
        told = 0
        for source in sources:
            table = source.read(wanted)
            assert set(table["series"]) <= {"level"} and not np.isinf(table["value"]).any()
            assert set(table["flag"]) <= {1, 2, 3, 4, 9} if "flag" in table else True
            assert all(len(p.error) < 1000 for p in table.attrs["problems"])
            told += len(table.attrs["problems"])
        return told

    return read


def test_what_is_broken_here_is_read_when_whole(tmp_path: Path) -> None:
    read = reading(tmp_path)
    assert read(ROWS) < read(b"level|2026-03-01T05:00:00Z|?|what|||x|furlong")


@pytest.mark.parametrize("count", [60, pytest.param(10_000, marks=pytest.mark.soak)])
def test_broken_cells(tmp_path: Path, count: int) -> None:
    read, told = reading(tmp_path), []
    check_survives(lambda data: told.append(read(data)), [ROWS, LOCAL, NUMBERS, AHEAD], count, seed=22)
    assert np.count_nonzero(told) > count // 3
