"""Faults of a configuration: where, what was found, what is allowed. One line each, all at once."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from itertools import pairwise
from typing import Any

Key = tuple[str | int, ...]  # the way to a value: ("pipelines", "gardons", "sinks", 1, "use")

HEADER = re.compile(r"^\s*\[{1,2}\s*([^\[\]]+?)\s*\]{1,2}\s*(?:#.*)?$")
KEY = re.compile(r"""^\s*((?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+)(?:\s*\.\s*(?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+))*)\s*=""")
IN_ADDRESS = re.compile(r"""(://[^\s:/@"']*:)[^\s@"']+@""")  # a password that someone wrote into an address
PART = re.compile(r""""([^"]*)"|'([^']*)'|([A-Za-z0-9_-]+)""")


@dataclass
class Faults:
    """The faults found so far, each once, in the order of discovery."""

    lines: list[str] = field(default_factory=list)
    _concealed: dict[str, str] = field(default_factory=dict, repr=False)  # may be a secret -> what is shown instead

    def conceal(self, value: str, name: str) -> None:
        """Show ``name`` wherever a line would hold ``value``, as it is or quoted. One of fewer than four characters
        is no secret, and would stand in ordinary words."""
        if len(value.strip()) >= 4:
            shapes = (value, repr(value)[1:-1], json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1])
            self._concealed |= {" ".join(shape.split()): name for shape in shapes}

    def add(self, place: str, what: str, allowed: str = "") -> None:
        """``place: what; allowed: ...`` on one line."""
        tail = f"; allowed: {allowed}" if allowed else ""
        line = " ".join(f"{place}: {what}{tail}".split())
        line = IN_ADDRESS.sub(r"\1***@", line)
        for value in sorted(self._concealed, key=len, reverse=True):
            line = line.replace(value, self._concealed[value])
        if line not in self.lines:
            self.lines.append(line)

    def __bool__(self) -> bool:
        return bool(self.lines)


def quoted(value: Any) -> str:
    """The wrong value as the admin wrote it, short enough for one line."""
    if isinstance(value, datetime | date | time):
        text = value.isoformat()
    elif isinstance(value, dict):
        text = "{" + ", ".join(f"{k} = {quoted(v)}" for k, v in value.items()) + "}"
    else:
        text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else text[:77] + "..."


def meant(word: str, allowed: Iterable[str]) -> str:
    """``" (did you mean 'horizon'?)"``, or nothing where no allowed word is near."""
    known = {a.lower(): a for a in allowed}
    near = difflib.get_close_matches(word.lower(), list(known), 1, cutoff=0.6)
    return f" (did you mean {known[near[0]]!r}?)" if near else ""


def listed(words: Iterable[str], most: int = 12) -> str:
    """Words for one line: all of them, or the first and how many more."""
    every = list(words)
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return (", ".join(every[:most]) or "none") + more


def dotted(key: Sequence[str | int]) -> str:
    """``pipelines.gardons.sinks[2].use``: counted from 1, as people do."""
    text = ""
    for part in key:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


class Lines:
    """Where each key of a TOML text stands: tomllib keeps no positions."""

    def __init__(self, text: str) -> None:
        self.text = text.splitlines()
        found = list(scan(self.text))
        self.at = dict(found)
        self.many: dict[tuple[str, ...], list[int]] = {}  # the lines of each [[array.of.tables]]
        for key, line in found:
            if self.text[line - 1].lstrip().startswith("[["):
                self.many.setdefault(key, []).append(line)
        for key, line in list(self.at.items()):
            for length in range(1, len(key)):  # `a.b = 1` makes the table a
                self.at.setdefault(key[:length], line)

    def find(self, key: Key) -> int | None:
        """The line (from 1) of ``key``, or of the nearest thing that holds it."""
        for end, part in enumerate(key):
            if isinstance(part, int) and (tables := self.tables(strings(key[:end]))) and part < len(tables):
                return self.inside(*tables[part], strings(key[end + 1 :]))
        names = strings(key)
        for last in range(len(names), 0, -1):
            if names[:last] in self.at:
                line = self.at[names[:last]]
                return self.inside(line, self.end_of(line), names[last:])
        return None

    def end_of(self, line: int) -> int:
        """The last line of what begins at ``line``."""
        return min((n for n in self.at.values() if n > line), default=len(self.text) + 1) - 1

    def inside(self, line: int, until: int, names: tuple[str, ...]) -> int:
        """The line from ``line`` to ``until`` that assigns the innermost name; the first where none does."""
        if not names:
            return line
        inner = re.compile(rf"[{{,\s]\"?{re.escape(names[-1])}\"?\s*=")
        return next((n for n in range(line, until + 1) if inner.search(" " + self.text[n - 1])), line)

    def tables(self, key: tuple[str, ...]) -> list[tuple[int, int]]:
        """First and last line of each table in the list at ``key``; none where it is a list of something else."""
        if key in self.many:
            starts = self.many[key]
            headers = [n for n, line in enumerate(self.text, 1) if HEADER.match(line)]
            return [(n, min((h for h in headers if h > n), default=len(self.text) + 1) - 1) for n in starts]
        line = self.at.get(key)
        if line is None:
            return []
        starts, last = inline_tables(self.text, line)
        ends = [max(n, following - 1) for n, following in pairwise(starts)]
        return list(zip(starts, [*ends, last], strict=True)) if starts else []


def inline_tables(lines: Sequence[str], first: int) -> tuple[list[int], int]:
    """The lines at which the tables of a list begin that is assigned at ``first``, and its last line."""
    depth, long, starts = 0, "", list[int]()
    for number in range(first, len(lines) + 1):
        bare, long = outside(lines[number - 1], long)
        for c in bare:
            if c == "{" and depth == 1:
                starts.append(number)
            depth += (c in "[{") - (c in "]}")
        if depth <= 0 and not long:
            return starts, number
    return starts, len(lines)


def strings(key: Key) -> tuple[str, ...]:
    return tuple(part for part in key if isinstance(part, str))


def scan(lines: Sequence[str]) -> Iterable[tuple[tuple[str, ...], int]]:
    """(key, line) of every table and every assignment that starts a line outside brackets and long strings."""
    table: tuple[str, ...] = ()
    depth, long = 0, ""
    for number, line in enumerate(lines, 1):
        if depth <= 0 and not long:
            if header := HEADER.match(line):
                table = parts(header[1])
                yield table, number
                continue
            if found := KEY.match(line):
                yield table + parts(found[1]), number
        bare, long = outside(line, long)
        depth = max(0, depth + sum(bare.count(c) for c in "[{") - sum(bare.count(c) for c in "]}"))


def parts(text: str) -> tuple[str, ...]:
    """``pipelines."the river".alerts`` in its three parts."""
    return tuple(next(g for g in found.groups() if g is not None) for found in PART.finditer(text))


def outside(line: str, long: str) -> tuple[str, str]:
    """What of a line is neither string nor comment, and the long quote that is still open after it."""
    bare, at = "", 0
    while at < len(line):
        if long:
            end = line.find(long, at)
            if end < 0:
                return bare, long
            at, long = end + 3, ""
        elif line.startswith(('"""', "'''"), at):
            long, at = line[at : at + 3], at + 3
        elif line[at] in "\"'":
            at = after_string(line, at)
        elif line[at] == "#":
            break
        else:
            bare, at = bare + line[at], at + 1
    return bare, long


def after_string(line: str, at: int) -> int:
    """The place after the short string that starts at ``at``."""
    quote = line[at]
    at += 1
    while at < len(line) and line[at] != quote:
        at += 2 if line[at] == "\\" and quote == '"' else 1
    return at + 1
