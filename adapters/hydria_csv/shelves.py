"""Where the sink puts its files: a folder of this machine, or one on a server."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from hydria_plugin.exchange import free_bytes, put_file

from .writing import packed_pieces

if TYPE_CHECKING:
    from collections.abc import Callable

    import paramiko

    from .sftp import Session

T = TypeVar("T")


class Shelf(Protocol):
    """Files by their path within, such as ``pipeline/name.csv``. All methods raise OSError or FeedError."""

    @property
    def shown(self) -> str: ...

    def put(self, file: str, pieces: Iterable[bytes], packed: bool = False) -> None:
        """Whole or not at all; one that is there is replaced."""
        ...

    def written(self, folder: str) -> dict[str, int]:
        """Name -> when it was written, nanoseconds; nothing where there is no such folder."""
        ...

    def remove(self, file: str) -> None: ...

    def look(self) -> str:
        """Whether files can be written, in words."""
        ...


class LocalShelf:
    """A folder of this machine."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def shown(self) -> str:
        return str(self._path)

    def put(self, file: str, pieces: Iterable[bytes], packed: bool = False) -> None:
        put_file(self._path / file, packed_pieces(pieces) if packed else pieces)

    def written(self, folder: str) -> dict[str, int]:
        place = self._path / folder
        return {f.name: f.stat().st_mtime_ns for f in place.iterdir()} if place.is_dir() else {}

    def remove(self, file: str) -> None:
        (self._path / file).unlink(missing_ok=True)

    def look(self) -> str:
        return f"can be written, {free_bytes(self._path) / 1e9:.1f} GB free"


class RemoteShelf:
    """A folder on a server."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def shown(self) -> str:
        return f"{self._session.shown}/{self._session.login.place.lstrip('/')}"

    def put(self, file: str, pieces: Iterable[bytes], packed: bool = False) -> None:
        from .sftp import replace_remote

        whole = list(packed_pieces(pieces) if packed else pieces)  # for a second try, should the connection break
        self._run(lambda sftp: replace_remote(sftp, self._there(file), whole), f"writing {file}")

    def written(self, folder: str) -> dict[str, int]:
        try:
            found = self._run(lambda sftp: sftp.listdir_attr(self._there(folder)), f"listing {folder}")
        except FileNotFoundError:
            return {}
        return {a.filename: (a.st_mtime or 0) * 1_000_000_000 for a in found}

    def remove(self, file: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._run(lambda sftp: sftp.remove(self._there(file)), f"removing {file}")

    def look(self) -> str:
        def tried(sftp: paramiko.SFTPClient) -> None:
            trial = f"{self._nearest(sftp).rstrip('/')}/.hydria-probe.tmp"
            sftp.open(trial, "wb").close()
            sftp.remove(trial)

        self._run(tried, "looking whether it can be written")
        return "can be written"

    def _nearest(self, sftp: paramiko.SFTPClient) -> str:
        """The folder, or the first above it that is there."""
        place = sftp.normalize(".") if self._there("") == "." else self._there("")
        while place.strip("/"):
            with contextlib.suppress(FileNotFoundError):
                sftp.stat(place)
                return place
            place = place.rpartition("/")[0]
        return "/" if self._there("").startswith("/") else "."

    def _run(self, what: Callable[[paramiko.SFTPClient], T], doing: str) -> T:
        return self._session.run(what, doing)

    def _there(self, file: str) -> str:
        place = self._session.login.place.rstrip("/")
        return f"{place}/{file}" if file else place or "/"
