"""The options that say where files arrive and what becomes of them, checked without touching disk or network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydria_plugin import ConfigError, Secret

from .arrivals import Arrivals, Ledger, Rules
from .listing import REMEDY
from .places import Local, Place, Remote

if TYPE_CHECKING:
    from .sftp import Session

SFTP = "sftp://"


@dataclass(frozen=True, slots=True)
class Arriving:
    """``path`` is a file or folder of this machine, or ``sftp://user@host/folder``."""

    path: str
    folder: Path
    patterns: tuple[str, ...]
    rules: Rules
    faults: tuple[str, ...]
    session: Session | None = None

    @classmethod
    def of(
        cls,
        path: object,
        folder: Path | str | None,
        pattern: object,
        delivered: object,
        key: str,
        password: Secret | None,
        host_key: str,
    ) -> Arriving:
        rules, faults = Rules.of({} if delivered is None else delivered)
        session, more = session_of(path, folder, key, password, host_key)
        faults = [*path_faults(path), *_wrong_pattern(pattern, session is not None), *faults, *more]
        patterns = (
            (pattern,) if isinstance(pattern, str) else tuple(pattern) if isinstance(pattern, list | tuple) else ()
        )
        return cls(str(path), Path(folder or "."), patterns, rules, tuple(faults), session)

    @property
    def here(self) -> Path:
        return self.folder / self.path

    @property
    def shown(self) -> str:
        return str(self.here) if self.session is None else self.session.shown

    def need(self) -> None:
        """ConfigError where a path of this machine is not there."""
        if self.session is None and not self.here.exists():
            raise ConfigError(f"source csv: path {str(self.here)!r} does not exist: {REMEDY}")

    def arrivals(self, settle: int, is_looking: bool = False) -> Arrivals:
        """``is_looking``: for a probe, which changes nothing."""
        place: Place = Local(self.here, self.patterns)
        if self.session is not None:
            place = Remote(self.session, self.patterns)
        file = self.folder / self.rules.ledger if self.rules.ledger else None
        return Arrivals(place, self.rules, Ledger(file, is_kept=not is_looking), settle, is_looking=is_looking)


def session_of(
    path: object, folder: Path | str | None, key: str, password: Secret | None, host_key: str
) -> tuple[Session | None, list[str]]:
    """A session, not yet opened, where ``path`` is on a server; and what is wrong with its options."""
    if not isinstance(path, str) or not path.startswith(SFTP):
        stray = [name for name, value in (("key", key), ("password", password), ("host_key", host_key)) if value]
        return None, [f"{name} is for a path that begins with {SFTP}" for name in stray]
    try:
        from .sftp import Login, Session
    except ImportError:
        return None, ["path: SFTP needs paramiko: pip install 'hydria-plugin[sftp]'"]
    login = Login(path, key, password, host_key, folder)
    return Session(login), login.faults()


def path_faults(path: object) -> list[str]:
    return [] if isinstance(path, str) and path else [f"path = {path!r} must be a text: a folder or a file"]


def _wrong_pattern(pattern: Any, is_remote: bool) -> list[str]:
    patterns: Sequence[Any] = [pattern] if isinstance(pattern, str) else pattern
    if not isinstance(patterns, list | tuple) or not all(isinstance(p, str) and p for p in patterns) or not patterns:
        return [f"pattern = {pattern!r} must be a text such as '*.csv', or a list of them"]
    if is_remote and any("/" in p for p in patterns):
        return [f"pattern = {pattern!r}: folders within are not looked into over SFTP"]
    return []
