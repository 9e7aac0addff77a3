"""Where a fault is: the line of every key, whatever way TOML is written."""

from __future__ import annotations

import tomllib
from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hydria_plugin.config.places import Faults, Lines, dotted, listed, meant, quoted

TEXT = '''\
# a comment with key = 1
title = "no [table] here = 2"
long = """
[not.a.table]
key = 3
"""
[a]
x = 1   # [b]
list = [
  { use = "csv", path = "p" },
  # a comment inside
  { use = "cap", path = "q" },
]
inline = { k = 1, deep = { l = 2 } }
b.c = 4

[a."d e"]
y = 5

[[rows]]
z = 6
'''


def test_lines_of_keys() -> None:
    lines = Lines(TEXT)
    assert tomllib.loads(TEXT)["a"]["b"]["c"] == 4  # the text is TOML
    expected = {
        ("title",): 2, ("long",): 3, ("a",): 7, ("a", "x"): 8, ("a", "list"): 9, ("a", "inline"): 14, ("a", "b",
         "c"): 15,
        ("a", "d e"): 17, ("a", "d e", "y"): 18, ("rows", 0, "z"): 21,
    }  # fmt: skip
    assert {key: lines.find(key) for key in expected} == expected


def test_inner_keys_are_found_in_the_value_of_the_outer() -> None:
    lines = Lines(TEXT)
    assert lines.find(("a", "inline", "deep", "l")) == 14
    assert lines.find(("a", "list", 0, "path")) == 10
    assert lines.find(("a", "x", "nothing")) == 8  # a key that is not there: the nearest that holds it
    assert lines.find(("nowhere",)) is None


@given(st.dictionaries(st.from_regex(r"[a-z]{1,5}", fullmatch=True), st.integers(0, 99), min_size=1, max_size=6))
def test_every_key_of_a_plain_table(table: dict[str, int]) -> None:
    text = "[t]\n" + "\n".join(f"{k} = {v}" for k, v in table.items())
    lines = Lines(text)
    assert [lines.find(("t", k)) for k in table] == list(range(2, 2 + len(table)))


@given(st.text(max_size=200))
def test_no_text_breaks_it(text: str) -> None:
    assert Lines(text).find(("a", 0, "b")) is None or text


def test_words() -> None:
    assert dotted(("pipelines", "p", "sinks", 1, "use")) == "pipelines.p.sinks[2].use"
    assert meant("horizn", ["horizon", "past"]) == " (did you mean 'horizon'?)"
    assert meant("xyz", ["horizon"]) == ""
    assert listed([str(n) for n in range(15)]).endswith("11 and 3 more")
    assert listed([]) == "none"


def test_quoted_values_stay_on_one_line() -> None:
    values: list[Any] = ["a\nb", {"k": [1, {"l": "m"}]}, date(2020, 1, 2), 1.5, True, "x" * 500]
    for value in values:
        assert "\n" not in quoted(value)
        assert len(quoted(value)) <= 80
    assert quoted({"use": "csv"}) == '{use = "csv"}'


def test_the_same_fault_is_told_once_and_on_one_line() -> None:
    faults = Faults()
    for _ in range(2):
        faults.add("here", "two\nlines", "one")
    assert faults.lines == ["here: two lines; allowed: one"]


def test_a_password_in_an_address_is_never_shown() -> None:
    faults = Faults()
    faults.add("here", 'database = "postgresql://u:c4n4ry/é%40x@h:5432/d" and sftp://u:c4n4ry@h, http://h:80/a@b')
    (line,) = faults.lines
    assert "c4n4ry" not in line and "postgresql://u:***@h:5432/d" in line and "sftp://u:***@h" in line
