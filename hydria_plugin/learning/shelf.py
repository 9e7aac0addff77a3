"""The shelf of models: ``models/<pipeline>/<forecaster>/<version>/``, and a pointer to the version that reigns.

A version is written beside its place and moved there whole. The pointer is one small file, ``active``, replaced
atomically; it holds the whole succession, so that a rollback knows where to go. Nothing is loaded before its digests
were checked: LightGBM aborts the process on a truncated file.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hydria_plugin import ModelError
from hydria_plugin.exchange.files import to_disk

from .manifest import MANIFEST as MANIFEST
from .manifest import faults_of, reach_the_disk, read_manifest, sha256, write_manifest, write_text

ACTIVE = "active"
NEW = ".new-"  # and the writer's process: a version that is being written
DAY_S = 86_400
VERSION = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{8}")
Clock = Callable[[], np.datetime64]


def utc_now() -> np.datetime64:
    """The default clock."""
    return np.datetime64("now", "s")


class Shelf:
    """The models of one pipeline. Forecasters are named as in the configuration."""

    def __init__(self, root: Path, pipeline: str, clock: Clock = utc_now) -> None:
        self.root = Path(root) / plain(pipeline)
        self.pipeline = pipeline
        self.clock = clock

    def names(self) -> tuple[str, ...]:
        """The forecasters that have a model here."""
        if not self.root.is_dir():
            return ()
        named = (p.name for p in self.root.iterdir() if p.is_dir() and not p.name.startswith("."))
        return tuple(sorted(name for name in named if self.versions(name)))

    def versions(self, name: str) -> tuple[str, ...]:
        """Oldest first."""
        place = self.root / plain(name)
        return tuple(sorted(p.name for p in place.iterdir() if VERSION.fullmatch(p.name))) if place.is_dir() else ()

    def add(self, name: str, save: Callable[[Path], None], manifest: Mapping[str, Any]) -> str:
        """Keep what ``save`` writes into the folder it is given, with ``manifest``; gives the version, not yet
        reigning. The same files twice are two versions: when each was made is part of its name."""
        place = self.root / plain(name)
        scratch = place / f"{NEW}{os.getpid()}"
        shutil.rmtree(scratch, ignore_errors=True)
        try:
            scratch.mkdir(parents=True)
            save(scratch)
            write_manifest(scratch, {"pipeline": self.pipeline, "forecaster": name, **manifest})
            reach_the_disk(scratch)
            version = self.version_of(place, scratch)
            os.replace(scratch, place / version)
            to_disk(place)
            sweep(place)
        except OSError as cause:
            raise ModelError(f"the model of {name} cannot be written to {place}: {cause}") from cause
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        return version

    def version_of(self, place: Path, folder: Path) -> str:
        """UTC time and a short digest; a second later while the name is taken."""
        digest = short_digest(folder)
        at = self.clock().astype("datetime64[s]")
        while True:
            version = f"{str(at).replace('-', '').replace(':', '')}Z-{digest}"
            if not list(place.glob(f"{version[:16]}*")):
                return version
            at = at + np.timedelta64(1, "s")

    def succession(self, name: str) -> list[dict[str, str]]:
        """Every promotion, oldest first: version, at, why. Raises ModelError when the pointer is damaged."""
        path = self.root / plain(name) / ACTIVE
        if not path.exists():
            return []
        try:
            held = json.loads(path.read_text(encoding="utf-8"))
            return [{key: str(line[key]) for key in ("version", "at", "why")} for line in held["succession"]]
        except (OSError, ValueError, KeyError, TypeError) as cause:
            raise ModelError(
                f"{path} does not say which version of {name} reigns ({cause!r}): run `hydria models activate`"
            ) from cause

    def active(self, name: str) -> str | None:
        """The reigning version, None without one."""
        line = self.succession(name)
        return line[-1]["version"] if line else None

    def promote(self, name: str, version: str, why: str = "promoted") -> None:
        """Let ``version`` reign. Raises ModelError when it is not there, or not sound."""
        self.folder(name, version)
        try:
            line = self.succession(name)
        except ModelError:
            line = []  # a damaged pointer is mended by naming the version again
        self.point(
            name, [*line, {"version": version, "at": str(self.clock().astype("datetime64[s]")) + "Z", "why": why}]
        )

    def rollback(self, name: str) -> str:
        """Let the version reign that did before, and give it. Raises ModelError when there was none."""
        line = self.succession(name)
        earlier = [entry for entry in line if entry["version"] != (line[-1]["version"])]
        if not earlier:
            raise ModelError(f"{name} has no earlier reigning version to go back to; versions: {self.told(name)}")
        self.folder(name, earlier[-1]["version"])
        last = max(i for i, entry in enumerate(line) if entry is earlier[-1])
        self.point(name, line[: last + 1])
        return earlier[-1]["version"]

    def point(self, name: str, succession: list[dict[str, str]]) -> None:
        path = self.root / plain(name) / ACTIVE
        try:
            write_text(path, json.dumps({"version": succession[-1]["version"], "succession": succession}, indent=1))
        except OSError as cause:
            raise ModelError(f"the pointer {path} cannot be written: {cause}") from cause

    def manifest(self, name: str, version: str) -> dict[str, Any]:
        return read_manifest(self.place(name, version))

    def verify(self, name: str, version: str) -> list[str]:
        """One line per fault, none = sound. The manifest, too, must be the one whose digest the version is named by."""
        place = self.place(name, version)
        if faults := faults_of(place):
            return faults
        same = version.endswith(f"-{short_digest(place)}")
        return [] if same else [f"{MANIFEST}: not what was written with the model"]

    def folder(self, name: str, version: str | None = None) -> Path:
        """Where ``version`` (the reigning one by default) lies, its digests checked. Raises ModelError."""
        version = self.active(name) if version is None else version
        if version is None:
            raise ModelError(f"{name} has no model in {self.root}: run `hydria train`")
        place = self.place(name, version)
        if faults := self.verify(name, version):
            raise ModelError(f"model {version} of {name} is damaged: {'; '.join(faults[:3])}")
        return place

    def place(self, name: str, version: str) -> Path:
        if version not in self.versions(name):
            raise ModelError(f"{name} has no version {version!r}; there are: {self.told(name)}")
        return self.root / plain(name) / version

    def told(self, name: str) -> str:
        return ", ".join(self.versions(name)) or "none"


def short_digest(folder: Path) -> str:
    """Of a model's manifest, and so of all its files: eight signs for the version's name."""
    return hashlib.sha256(sha256(folder / MANIFEST).encode()).hexdigest()[:8]


def sweep(place: Path) -> None:
    """Away with what trainings that were killed left half written: a day old, nobody works on it any more."""
    for left in place.glob(f"{NEW}*"):
        try:
            old = time.time() - left.stat().st_mtime > DAY_S
        except OSError:
            continue
        if old:
            shutil.rmtree(left, ignore_errors=True)


def plain(name: str) -> str:
    """``name``, if it can be a folder of its own. Raises ModelError."""
    if not name or name in (".", "..") or "/" in name or "\\" in name or name.startswith("."):
        raise ModelError(f"{name!r} cannot be the name of a folder of models")
    return name
