"""What FEWS says of one run (``pi_run.xsd``, 1.5 and 1.10): when, from which files, into which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hydria_plugin import FeedError

from .documents import child, children, local, pi_document, text_of, time_of, zone_of
from .paths import local_path

if TYPE_CHECKING:
    from lxml.etree import _Element

Value = str | int | float | bool | np.datetime64
DIAG, OUTPUT = "diag.xml", "output.xml"  # beside the run info, where it names none
UNREAD = ("inputNetcdfFile", "outputNetcdfFile", "inputMapStackFile", "outputMapStackFile", "inputProfileFile")


@dataclass(frozen=True)
class RunInfo:
    """One run. Times are UTC; paths are of this machine."""

    path: Path
    time0: np.datetime64  # [s]
    zone: tzinfo
    work_dir: Path
    inputs: tuple[Path, ...]  # time series
    outputs: tuple[Path, ...]  # time series: each is given all of them
    diagnostics: Path
    start: np.datetime64 | None = None
    end: np.datetime64 | None = None
    last_observation: np.datetime64 | None = None
    states: tuple[Path, ...] = ()  # state descriptions
    parameters: tuple[Path, ...] = ()
    level: str = ""
    properties: Mapping[str, Value] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()  # what is not used of it


def read_run(path: Path) -> RunInfo:
    """Raises FeedError with every fault."""
    return run_of(pi_document(path, "Run"), path)


def diagnostics_of(path: Path) -> Path:
    """Where the diagnostics of the run are wanted; beside the run info where it does not say, or is unreadable."""
    try:
        run = pi_document(path, "Run")
        written = text_of(run, "outputDiagnosticFile")
        return local_path(written, work_dir_of(run, path)) if written else path.with_name(DIAG)
    except (FeedError, ValueError):
        return path.with_name(DIAG)


def run_of(run: _Element, path: Path) -> RunInfo:
    reader = _Reader(run, path)
    made = reader.read()
    if reader.faults:
        raise FeedError(f"{path}: {'; '.join(reader.faults)}")
    return made


def work_dir_of(run: _Element, path: Path) -> Path:
    """The folder that relative paths start from: that of the run info, unless it names one. Raises ValueError."""
    written = text_of(run, "workDir")
    return local_path(written, path.parent) if written else path.parent


class _Reader:
    """Reads one run info and gathers what is wrong with it."""

    def __init__(self, run: _Element, path: Path) -> None:
        self.run, self.path = run, path
        self.faults: list[str] = []
        self.remarks: list[str] = []
        self.zone: tzinfo = UTC
        self.folder = path.parent

    def read(self) -> RunInfo:
        self.zone, self.folder = self._zone(), self._folder()
        time0 = self._time("time0")
        if time0 is None and not self.faults:
            self.faults.append('<time0> is missing; allowed: <time0 date="2026-01-31" time="12:00:00"/>')
        self.remarks += [f"<{name}> is not read: hydria speaks PI-XML" for name in UNREAD if text_of(self.run, name)]
        outputs = self._files("outputTimeSeriesFile")
        if not outputs:
            outputs = (self.folder / OUTPUT,)
            self.remarks.append(f"<outputTimeSeriesFile> is missing: the forecast goes to {outputs[0]}")
        return RunInfo(
            path=self.path,
            time0=np.datetime64("NaT", "s") if time0 is None else time0,
            zone=self.zone,
            work_dir=self.folder,
            inputs=self._files("inputTimeSeriesFile"),
            outputs=outputs,
            diagnostics=next(iter(self._files("outputDiagnosticFile")), self.path.with_name(DIAG)),
            start=self._time("startDateTime"),
            end=self._time("endDateTime"),
            last_observation=self._time("lastObservationDateTime"),
            states=self._files("inputStateDescriptionFile"),
            parameters=self._files("inputParameterFile"),
            level=text_of(self.run, "logLevel"),
            properties=self._properties(),
            remarks=tuple(self.remarks),
        )

    def _zone(self) -> tzinfo:
        try:
            found = zone_of(self.run)
        except ValueError as error:
            self.faults.append(str(error))
            return UTC
        if found is None:
            self.remarks.append("<timeZone> is missing: times are taken for UTC")
        return found or UTC

    def _folder(self) -> Path:
        try:
            return work_dir_of(self.run, self.path)
        except ValueError as error:
            self.faults.append(f"<workDir> {error}")
            return self.path.parent

    def _time(self, name: str) -> np.datetime64 | None:
        found = child(self.run, name)
        try:
            return None if found is None else time_of(found, self.zone)
        except ValueError as error:
            self.faults.append(str(error))
            return None

    def _files(self, name: str) -> tuple[Path, ...]:
        found = []
        for element in children(self.run, name):
            try:
                found.append(local_path(element.text or "", self.folder))
            except ValueError as error:
                self.faults.append(f"<{name}> {error}")
        return tuple(found)

    def _properties(self) -> dict[str, Value]:
        found: dict[str, Value] = {}
        for element in [one for group in children(self.run, "properties") for one in group]:
            key, kind = str(element.get("key") or ""), local(element)
            if not key:
                continue
            try:
                found[key] = time_of(element, self.zone) if kind == "dateTime" else typed(kind, element.get("value"))
            except ValueError as error:
                self.remarks.append(f"property {key!r} is not used: {error}")
        return found


def typed(kind: str, written: object) -> str | int | float | bool:
    """A value as its element's name says. Raises ValueError."""
    text = "" if written is None else str(written)
    if kind == "string":
        return text
    if kind in ("bool", "boolean"):
        if text.strip().lower() not in ("true", "false", "1", "0"):
            raise ValueError(f"{text!r} is no bool; allowed: true, false")
        return text.strip().lower() in ("true", "1")
    if kind not in ("int", "double", "float"):
        raise ValueError(f"<{kind}> is no known type; allowed: string, int, double, bool, dateTime")
    try:
        return int(text) if kind == "int" else float(text)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text!r} is no {kind}") from error
