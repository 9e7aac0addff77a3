"""Where files arrive: a folder of this machine, or one on a server, of which a copy is kept here."""

from __future__ import annotations

import contextlib
import fnmatch
import os
import re
import shutil
import stat
import tempfile
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from hydria_plugin import FeedError, Problem

from .listing import REMEDY, UNFINISHED, Files, listed
from .packed import LARGEST

if TYPE_CHECKING:
    import paramiko

    from .sftp import Session

OVERLAP = 1 << 16  # bytes before the tail that are compared with what was fetched


class Place(Protocol):
    """Files to be read, by name; ``folder`` "" is where they arrive, another one lies within it."""

    problems: list[Problem]
    patterns: Sequence[str]

    @property
    def shown(self) -> str: ...

    def files(self, folder: str = "") -> Files:
        """Those that match. Raises FeedError; a ``folder`` within that is not there has none."""
        ...

    def names(self) -> set[str]:
        """All that lies where files arrive."""
        ...

    def move(self, name: str, folder: str, new: str) -> Path:
        """Into ``folder``, as ``new``; where it can be read now. Raises OSError."""
        ...

    def remove(self, name: str) -> None: ...


@dataclass(slots=True)
class Local:
    """A folder of this machine, or one file of it."""

    path: Path
    patterns: Sequence[str]
    problems: list[Problem] = field(default_factory=list)

    @property
    def shown(self) -> str:
        return str(self.path)

    @property
    def base(self) -> Path:
        return self.path.parent if self.path.is_file() else self.path

    def files(self, folder: str = "") -> Files:
        if not folder:
            return listed(self.path, self.patterns)
        within = self.base / folder
        return listed(within, self.patterns) if within.is_dir() else {}

    def names(self) -> set[str]:
        return set(os.listdir(self.base))

    def move(self, name: str, folder: str, new: str) -> Path:
        target = self.base / folder / new
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(self.base / name, target)
        return target

    def remove(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.base / name)


class Remote:
    """A folder on a server. What is new of its files is fetched into a copy, which is read as any folder is."""

    def __init__(self, session: Session, patterns: Sequence[str]) -> None:
        self.problems: list[Problem] = []
        self._session, self.patterns = session, patterns
        self._copy = Path(tempfile.mkdtemp(prefix="hydria-sftp-"))
        weakref.finalize(self, shutil.rmtree, self._copy, ignore_errors=True)
        self._known: dict[str, tuple[int, int]] = {}  # path within -> size and modification of what was fetched
        self._matches = re.compile("|".join(map(fnmatch.translate, patterns))).match
        self._names: set[str] = set()

    @property
    def shown(self) -> str:
        return f"{self._session.shown}/{self._session.login.place.lstrip('/')}"

    def files(self, folder: str = "") -> Files:
        here = self._copy / folder
        here.mkdir(parents=True, exist_ok=True)
        try:
            there = self._session.run(lambda sftp: self._listing(sftp, folder), "listing files")
        except FileNotFoundError as cause:
            if folder:
                return {}
            raise FeedError(f"{self.shown} is not there on the server: {REMEDY}") from cause
        except OSError as cause:
            raise FeedError(f"{self.shown} cannot be listed ({cause.strerror or cause}): {REMEDY}") from cause
        wanted = {a.filename: a for a in there if self._is_wanted(a)}
        for gone in {p.name for p in here.iterdir() if p.is_file()} - wanted.keys():
            (here / gone).unlink()
            self._known.pop(f"{folder}/{gone}", None)
        for name, attributes in wanted.items():
            self._fetch(folder, name, attributes)
        return {name: (str(here / name), (here / name).stat()) for name in sorted(wanted) if (here / name).exists()}

    def names(self) -> set[str]:
        return self._names

    def move(self, name: str, folder: str, new: str) -> Path:
        from .sftp import make_folder

        def moved(sftp: paramiko.SFTPClient) -> None:
            make_folder(sftp, self._there(folder))
            sftp.posix_rename(self._there("", name), self._there(folder, new))

        self._session.run(moved, f"moving {name}")
        target = self._copy / folder / new
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(self._copy / name, target)
        self._known[f"{folder}/{new}"] = self._known.pop(f"/{name}")
        return target

    def remove(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._session.run(lambda sftp: sftp.remove(self._there("", name)), f"removing {name}")

    def _there(self, folder: str, name: str = "") -> str:
        return "/".join(part for part in (self._session.login.place.rstrip("/"), folder, name) if part)

    def _listing(self, sftp: paramiko.SFTPClient, folder: str) -> list[paramiko.SFTPAttributes]:
        found = sftp.listdir_attr(self._there(folder) or "/")
        if not folder:
            self._names = {a.filename for a in found}
        return found

    def _is_wanted(self, a: paramiko.SFTPAttributes) -> bool:
        if a.filename.startswith((".", "~")) or a.filename.endswith(UNFINISHED) or "/" in a.filename:
            return False
        return stat.S_ISREG(a.st_mode or 0) and self._matches(a.filename) is not None

    def _fetch(self, folder: str, name: str, a: paramiko.SFTPAttributes) -> None:
        """What is new of one file; what cannot be fetched is told, and the others go on."""
        state, key = (a.st_size or 0, a.st_mtime or 0), f"{folder}/{name}"
        if self._known.get(key) == state:
            return None
        if state[0] > LARGEST:
            return self._tell(f"{name} holds {state[0]:,} bytes, at most {LARGEST:,} are read")
        local = self._copy / folder / name
        try:
            self._session.run(lambda sftp: fetch(sftp, self._there(folder, name), local, state[0]), f"reading {name}")
        except OSError as cause:
            return self._tell(f"{name} cannot be read ({cause.strerror or cause}); what was read before is kept")
        os.utime(local, (state[1], state[1]))
        self._known[key] = state
        return None

    def _tell(self, text: str) -> None:
        self.problems.append(Problem("source", None, f"{self.shown}: {text}"))


def fetch(sftp: paramiko.SFTPClient, remote: str, local: Path, size: int) -> None:
    """The first ``size`` bytes of ``remote``: only what was appended, where the end of what is here still stands."""
    from .sftp import copied

    have = local.stat().st_size if local.exists() else 0
    with sftp.open(remote, "rb") as there:
        if 0 < have < size:
            first = max(0, have - OVERLAP)
            with open(local, "r+b") as here:
                here.seek(first)
                there.seek(first)
                there.prefetch(size)
                if there.read(have - first) == here.read():
                    copied(there, here, size - have)
                    return
            there.seek(0)
        there.prefetch(size)
        passing = local.with_name(f".{local.name}.tmp")
        with open(passing, "wb") as out:
            copied(there, out, size)
        os.replace(passing, local)
