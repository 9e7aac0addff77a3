"""Files that are delivered once: when one may be read, whether it came before, and where it goes afterwards."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hydria_plugin import FeedError, Problem

from .listing import Files
from .places import Place

READY = ("growing", "settled")
OPTIONS = ("ready", "done", "error", "ledger")


@dataclass(frozen=True, slots=True)
class Rules:
    """``ready``: "growing" files are read as they grow, "settled" ones when they rest, or the ending of the marker that
    says a file is whole (".done"). ``done``, ``error``: folders within. ``ledger``: a file that outlives restarts."""

    ready: str = "growing"
    done: str = ""
    error: str = ""
    ledger: str = ""

    @classmethod
    def of(cls, given: object) -> tuple[Rules, list[str]]:
        """The rules, and what is wrong with them."""
        if not isinstance(given, Mapping):
            return cls(), [f"delivered = {given!r} must be a table of {', '.join(OPTIONS)}"]
        faults = [f"delivered.{name}: allowed are {', '.join(OPTIONS)}" for name in given if name not in OPTIONS]
        faults += [f"delivered.{n} = {v!r} must be a text" for n, v in given.items() if not isinstance(v, str)]
        if faults:
            return cls(), faults
        rules = cls(**given)
        if rules.ready not in READY and not (rules.ready.startswith(".") and len(rules.ready) > 1):
            faults.append(f"delivered.ready = {rules.ready!r} must be 'growing', 'settled' or a marker such as '.done'")
        if rules.ready == "growing" and (rules.done or rules.error or rules.ledger):
            faults.append("delivered: done, error and ledger need ready = 'settled' or a marker such as '.done'")
        for name in ("done", "error"):
            folder = getattr(rules, name)
            if folder.startswith((".", "/", "~")) or ".." in folder:
                faults.append(f"delivered.{name} = {folder!r} must be the name of a folder within `path`")
        if rules.done and rules.done == rules.error:
            faults.append("delivered: done and error must be two folders")
        return rules, faults


@dataclass(slots=True)
class Ledger:
    """Content -> the file that first had it, in the order of coming. ``file``: kept there as well, a line each."""

    file: Path | None
    first: dict[str, str] = field(default_factory=dict)
    is_loaded: bool = False
    is_kept: bool = True  # False: what is new is not written down

    def name_of(self, digest: str, name: str) -> str:
        """The name under which this content came first; ``name`` where it is new."""
        if not self.is_loaded:
            self._load()
        if digest not in self.first:
            self.first[digest] = name
            self._note({"sha256": digest, "name": name})
        return self.first[digest]

    def _load(self) -> None:
        self.is_loaded = True
        if self.file is None or not self.file.exists():
            return
        for line in self.file.read_text(encoding="utf-8", errors="replace").splitlines():
            with contextlib.suppress(ValueError, KeyError, TypeError):  # a line that a crash cut short
                entry = json.loads(line)
                self.first.setdefault(str(entry["sha256"]), str(entry["name"]))

    def _note(self, entry: Mapping[str, Any]) -> None:
        if self.file is not None and self.is_kept:
            with open(self.file, "a", encoding="utf-8") as out:
                out.write(f"{json.dumps(entry, ensure_ascii=False)}\n")
                out.flush()
                os.fsync(out.fileno())


@dataclass(slots=True)
class Arrivals:
    """What of ``place`` may be read now, and the clearing away of what was."""

    place: Place
    rules: Rules
    ledger: Ledger
    settle: int  # microseconds
    problems: list[Problem] = field(default_factory=list)
    since: dict[str, tuple[tuple[int, int], int]] = field(default_factory=dict)  # size and modification, seen when
    digests: dict[str, tuple[tuple[int, int, int], str]] = field(default_factory=dict)
    doubles: set[str] = field(default_factory=set)  # names of files that are others again
    is_looking: bool = False  # nothing is moved, nothing noted: a probe

    @property
    def are_whole(self) -> bool:
        return self.rules.ready != "growing"

    @property
    def shown(self) -> str:
        return self.place.shown

    @property
    def wanted(self) -> str:
        return " or ".join(self.place.patterns)

    def told(self) -> list[Problem]:
        """What could not be fetched, moved or counted since this was asked last."""
        found = [*self.place.problems, *self.problems]
        self.place.problems.clear()
        self.problems.clear()
        return found

    def files(self, now: int | None) -> Files:
        """Whole files only, each content once; those in ``done`` as well, which is where they went."""
        if not self.are_whole:
            return self.place.files()
        folders = tuple(f"{folder}/" for folder in (self.rules.done, self.rules.error) if folder)
        coming = {n: f for n, f in self.place.files().items() if not n.startswith(folders or ("\0",))}
        ready = {name: file for name, file in coming.items() if self._is_ready(name, file[1], now)}
        kept = self.place.files(self.rules.done) if self.rules.done else {}
        all_files = {**{f"{self.rules.done}/{name}": file for name, file in kept.items()}, **ready}
        self.since = {name: known for name, known in self.since.items() if name in coming}
        self.doubles &= coming.keys()
        timed = now is not None
        once = {n: f for n, f in all_files.items() if not self._came_before(n, f, n in ready, timed)}
        return {name: once[name] for name in sorted(once, key=lambda n: (n.rpartition("/")[2], n))}

    def clear_away(self, name: str, is_usable: bool) -> tuple[str, Path] | None:
        """Move a file that was read; its new name and path, None where it stays. One that changed while it was read is
        left for the next time."""
        folder = self.rules.done if is_usable else self.rules.error
        if not folder or "/" in name or self.is_looking:
            return None
        digest = self.digests[name][1] if name in self.digests else ""
        new = name if not self._is_taken(folder, name) else f"{digest[:8]}-{name}"
        try:
            path = self.place.move(name, folder, new)
            for marker in self._markers(name):
                self.place.remove(marker)
        except FileNotFoundError:
            return None  # another pipeline that reads here was faster: it is found where that one put it
        except (OSError, FeedError) as cause:
            said = getattr(cause, "strerror", "") or cause
            self._tell(f"{name} cannot be moved into {folder} ({said}); it stays where it is")
            return None
        if name in self.digests:
            self.digests[f"{folder}/{new}"] = self.digests.pop(name)
        return f"{folder}/{new}", path

    def _is_ready(self, name: str, state: os.stat_result, now: int | None) -> bool:
        if self.rules.ready != "settled":
            return bool(self._markers(name))
        if now is None:
            return True
        stamp = state.st_size, state.st_mtime_ns
        known = self.since.get(name)
        if known is None or known[0] != stamp:
            self.since[name] = known = stamp, now
        return now - state.st_mtime_ns // 1000 >= self.settle or now - known[1] >= self.settle

    def _markers(self, name: str) -> list[str]:
        """``a.csv.done`` or ``a.done``, where it lies there."""
        if self.rules.ready in READY:
            return []
        stem = name.removesuffix(".gz").rpartition(".")[0]
        here = self.place.names()
        return [m for m in (f"{name}{self.rules.ready}", f"{stem}{self.rules.ready}") if m in here]

    def _came_before(self, name: str, file: tuple[str, os.stat_result], is_new: bool, is_timed: bool) -> bool:
        """Its content is another file's: it counts once."""
        stamp = file[1].st_ino, file[1].st_size, file[1].st_mtime_ns
        if name not in self.digests or self.digests[name][0] != stamp:
            try:
                self.digests[name] = stamp, digest_of(Path(file[0]))
            except OSError:  # gone since it was listed, or not to be read: reading it tells
                return False
        own = name.rpartition("/")[2]
        first = self._noted(self.digests[name][1], own)
        if not is_new or first == own:
            return False
        if name not in self.doubles:
            self.doubles.add(name)
            self._tell(f"{name} is {first} again, byte by byte: it counts once")
            if is_timed:
                self.clear_away(name, is_usable=True)
        return True

    def _noted(self, digest: str, name: str) -> str:
        try:
            return self.ledger.name_of(digest, name)
        except OSError as cause:
            self._tell(f"the ledger {self.ledger.file} cannot be written ({cause.strerror}); it is kept in memory")
            self.ledger.file = None
            return self.ledger.first.get(digest, name)

    def _is_taken(self, folder: str, name: str) -> bool:
        return f"{folder}/{name}" in self.digests

    def _tell(self, text: str) -> None:
        self.problems.append(Problem("source", None, f"{self.place.shown}: {text}"))


def digest_of(path: Path) -> str:
    """SHA-256 of what it holds."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
