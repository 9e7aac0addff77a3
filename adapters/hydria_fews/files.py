"""PI-XML files: a file or a folder, or what FEWS exported for the run in progress. Each file is parsed once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hydria_plugin import ConfigError, FeedError, Layout, Wanted

from .feeding import ahead_of, issued, table_of
from .naming import PATTERN, Naming, pattern_faults
from .pi_bin import with_values
from .pi_reading import read_pi
from .pi_series import PiFile
from .running import export_in_progress
from .telling import seen

if TYPE_CHECKING:
    import pandas as pd

PATTERNS = ("*.xml", "*.xml.gz")


@dataclass(frozen=True, slots=True)
class Held:
    """What was read of a file, and what it was like then."""

    stamp: tuple[tuple[int, int], ...]
    content: PiFile


class FewsFiles:
    """Reads PI-XML. In a run of ``hydria-fews`` the files that FEWS exported for it, and none of ``path``.

    ``path``: file or folder; ``id``, ``names``: what series are called (naming.py); ``timezone``: hours ahead of UTC
    of files that do not say so themselves.
    """

    def __init__(
        self,
        *,
        path: str = "",
        folder: Path | str | None = None,
        layout: Layout | None = None,
        clock: Callable[[], np.datetime64] | None = None,
        id: str = PATTERN,
        names: Mapping[str, str] | None = None,
        timezone: float = 0.0,
    ) -> None:
        faults = pattern_faults(id)
        if not isinstance(timezone, int | float) or not abs(timezone) <= 24:
            faults.append(f"timezone = {timezone!r} must be hours ahead of UTC, such as 1.0")
        if not isinstance(path, str):
            faults.append(f"path = {path!r} must be a text: a folder or a file")
        if faults:
            raise ConfigError([f"source fews: {fault}" for fault in faults])
        self._export, self._layout, self._clock = export_in_progress(), layout, clock
        self._named = bool(path)
        self._path, self._zone = Path(folder or ".") / path, float(timezone)
        self._naming = Naming(id, dict(names or {}))
        self._held: dict[Path, Held] = {}

    def read(self, wanted: Wanted) -> pd.DataFrame:
        """Raises FeedError where none of the files can be read."""
        content = self._content()
        series = [one for file in content for one in file.series]
        faults = [fault for file in content for fault in file.faults]
        issue = issued if self._export is None else ahead_of(self._export.time0)
        return table_of(series, wanted, self._naming, self._layout, faults, issue)

    def probe(self) -> str:
        """Raises FeedError."""
        content = self._content()
        found = [one for file in content for one in file.series]
        now = None if self._clock is None else self._clock()
        return f"{self._path}: {len(content)} files, {seen(found, self._naming, self._layout, now)}."

    def _content(self) -> list[PiFile]:
        """A file that cannot be read, half overwritten perhaps, stands as it was last read whole."""
        found, refused = list[PiFile](), list[str]()
        files = self._files()
        for file in files:
            try:
                found.append(self._parsed(file))
            except FeedError as error:
                held = self._held.get(file)
                if held is None:
                    refused.append(str(error))
                said = str(error) if held is None else f"{error}; what it held before is used"
                found.append(PiFile(() if held is None else held.content.series, (said,)))
        if files and len(refused) == len(files):
            raise FeedError("; ".join(refused))
        return found

    def _files(self) -> list[Path]:
        if self._export is not None and self._export.files:
            return list(self._export.files)
        if not self._named:
            raise FeedError('source fews: no run is in progress, and no path is configured; write path = "folder"')
        if self._path.is_dir():
            return sorted({file for pattern in PATTERNS for file in self._path.glob(pattern)})
        return [self._path]

    def _parsed(self, file: Path) -> PiFile:
        values = file.with_suffix(".bin")
        try:
            stamp = tuple((p.stat().st_mtime_ns, p.stat().st_size) for p in (file, values) if p == file or p.exists())
            held = self._held.get(file)
            if held is None or held.stamp != stamp:
                held = self._held[file] = Held(stamp, self._read(file, values if len(stamp) > 1 else None))
        except OSError as error:
            if isinstance(error, FileNotFoundError):
                self._held.pop(file, None)
            raise FeedError(f"{file}: cannot be read ({error.strerror}); allowed: a file of PI time series") from error
        return held.content

    def _read(self, file: Path, values: Path | None) -> PiFile:
        """With the values in the binary file beside it, where there is one."""
        zone = self._export.zone if self._export else self._zone
        content = read_pi(file.read_bytes(), str(file), zone=zone)
        if values is None or any(len(one) for one in content.series):
            return content
        return PiFile(with_values(content.series, values.read_bytes(), str(values)), content.faults)
