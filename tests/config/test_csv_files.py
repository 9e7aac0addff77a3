"""The CSV files beside the configuration: what is taken as it comes, and the sentence for what is not."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hydria_plugin.config.csv_files import CsvFile, Row, parse_csv, read_csv
from hydria_plugin.config.places import Faults

NEEDED = ("station", "unit")
WANTED = "allowed: a CSV file with the columns station, unit"
NO_ROW = "s.csv: holds no row; allowed: at least one row"


def parsed(text: str, may_be_empty: bool = False) -> tuple[CsvFile | None, list[str]]:
    faults = Faults()
    return parse_csv("s.csv", text, NEEDED, faults, may_be_empty), faults.lines


def missing(column: str, found: str, near: str = "") -> str:
    return f"s.csv:1: the column {column!r} is missing{near}; found: {found}; allowed: station, unit"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", [missing("station", "none"), missing("unit", "none")]),
        ("# nothing yet\n", [missing("station", "# nothing yet"), missing("unit", "# nothing yet")]),
        ("station,unit\n", [NO_ROW]),
        ("station,unit\n\n , \n# up,m\n", [NO_ROW]),
        ("station,Unit\nup,m\n", [missing("unit", "station, Unit", " (did you mean 'Unit'?)")]),
        ("station,unit,station\nup,m,up\n", ["s.csv:1: the column 'station' stands twice; allowed: each column once"]),
        ("# 2026\nstation,unit,unit\nup,m,m\n", ["s.csv:2: the column 'unit' stands twice; allowed: each column once"]),
        (
            "station,unit\nup,m,\n",
            ['s.csv:2: "up,m," has 3 cells; allowed: 2 cells, as the header', NO_ROW],
        ),
        (
            f'station,unit\nup,m\n"{"x" * 140_000}",m\n',
            [
                "s.csv:3: is not CSV (field larger than field limit (131072)); "
                "allowed: comma-separated values, one line each"
            ],
        ),
        ("# of 2026\n\nstation;units\nup;m\n", [
            "s.csv:3: the column 'unit' is missing (did you mean 'units'?); found: station, units; "
            "allowed: station, unit"
        ]),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_told_with_its_line(text: str, said: list[str]) -> None:
    assert parsed(text) == (None, said)


def test_a_row_of_other_length_is_told_and_the_others_are_taken() -> None:
    file, lines = parsed("station,unit\nup\ndown,m\n")
    assert lines == ['s.csv:2: "up" has 1 cells; allowed: 2 cells, as the header']
    assert file is not None and [(row.line, row.cells["station"]) for row in file.rows] == [(3, "down")]


@pytest.mark.parametrize(
    "text",
    [
        "station,unit\nup,m\n",
        "station;unit\nup;m\n",
        " station , unit \n  up ,\tm",
        "# who\n\nstation,unit\r\nup,m\r\n",
        "station,unit\rup,m\r",
        '"station","unit"\n"up","m"\n\n,\n#down,m\n',
        'station,unit\n"up\n",m\n',
    ],
)
def test_ways_of_writing_the_same(text: str) -> None:
    file, lines = parsed(text)
    assert file is not None and (file.columns, lines) == (NEEDED, [])
    assert [row.cells for row in file.rows] == [{"station": "up", "unit": "m"}]


def test_a_header_alone_will_do_where_that_is_allowed() -> None:
    assert parsed("station,unit\n", may_be_empty=True) == (CsvFile("s.csv", NEEDED, ()), [])
    assert parsed("station\n", may_be_empty=True)[0] is None


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0#"), max_size=6)


@given(st.lists(st.tuples(CELL.filter(str.strip), CELL), min_size=1, max_size=4), st.sampled_from([",", ";"]))
@example([("up\x85down\u2028", "m"), ("a\r\n;,b", '"')], ",")
@settings(max_examples=40)
def test_whatever_a_cell_holds_it_stands_on_one_line_and_in_its_row(rows: list[tuple[str, str]], sign: str) -> None:
    """Written by the csv module, quotes, signs and line ends included."""
    out = io.StringIO()
    csv.writer(out, delimiter=sign, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([NEEDED, *rows])
    file, lines = parsed(out.getvalue())
    assert lines == [] and file is not None and len(file.rows) == len(rows)
    for row, (station, unit) in zip(file.rows, rows, strict=True):
        assert row.cells["station"].split() == station.split() and row.cells["unit"].split() == unit.split()
        assert all(len(cell.splitlines()) <= 1 and cell == cell.strip() for cell in row.cells.values())
    assert all(row.decimal_comma is (sign == ";") for row in file.rows)
    assert [row.line for row in file.rows] == sorted({row.line for row in file.rows})


@pytest.mark.parametrize(
    ("cell", "comma", "value"),
    [
        ("1.5", False, 1.5), ("1,5", True, 1.5), ("1.5", True, 1.5), ("-2", False, -2.0), ("+3e2", False, 300.0),
        ("", False, None), ("1,5", False, "1,5"), ("1.5.2", True, "1.5.2"), ("4_0", False, "4_0"),
        ("nan", False, "nan"), ("inf", True, "inf"), ("1e400", False, "1e400"), ("0x1", False, "0x1"),
        ("1 000", False, "1 000"), ("high", False, "high"),
    ],
)  # fmt: skip
def test_a_number_is_one_or_is_quoted(cell: str, comma: bool, value: float | str | None) -> None:
    faults = Faults()
    found = Row("s.csv", 7, {"yellow": cell}, comma).number("yellow", faults)
    if isinstance(value, str):
        assert faults.lines == [f's.csv:7: yellow: "{value}" is not a number; allowed: a number, or an empty cell']
    else:
        assert not faults
    assert math.isnan(found) if not isinstance(value, float) else found == value


def test_words_that_must_be_there_or_be_one_of_some() -> None:
    faults, row = Faults(), Row("s.csv", 7, {"station": "", "unit": "M"})
    assert row.text("station", faults, "an id") == "" and row.text("unit", faults, "a unit") == "M"
    assert row.choice("unit", ("m", "cm"), faults) == "M" and math.isnan(row.number("absent", faults))
    assert faults.lines == [
        "s.csv:7: station: the cell is empty; allowed: an id",
        "s.csv:7: unit: \"M\" is not allowed (did you mean 'm'?); allowed: m, cm",
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, f'river.stations: "s.csv": there is no such file in {{}}; {WANTED}'),
        ("folder", f'river.stations: "s.csv" cannot be read (Is a directory); {WANTED}'),
        (b"station,unit\nAl\xe8s,m\n", "s.csv: is not UTF-8 text (byte 15); allowed: CSV saved as UTF-8"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read(tmp_path: Path, content: bytes | str | None, said: str) -> None:
    faults, path = Faults(), tmp_path / "s.csv"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content:
        path.mkdir()
    assert read_csv(path, "river.stations", NEEDED, faults, "s.csv") is None
    assert faults.lines == [said.format(tmp_path)]


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_bytes(b"\xef\xbb\xbfstation;unit\nAl\xc3\xa8s;m\n")
    file = read_csv(tmp_path / "s.csv", "river.stations", NEEDED, Faults(), "s.csv")
    assert file is not None and [r.cells for r in file.rows] == [{"station": "Alès", "unit": "m"}]
