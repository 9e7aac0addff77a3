"""What is written beside a model: what it was trained on, how well it did, and the digest of each of its files."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from hydria_plugin import History, ModelError
from hydria_plugin.digest import digest_arrays
from hydria_plugin.exchange.files import to_disk

MANIFEST = "manifest.json"
FORMAT = 1
PACKAGES = ("hydria-plugin", "numpy", "lightgbm", "torch", "safetensors")


def package_versions() -> dict[str, str]:
    """Of what a model's numbers depend on; a package that is not installed is left out."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def describe(history: History) -> dict[str, Any]:
    """The training period, the stations and the digest of the data."""
    return {
        "training": {"first": str(history.times[0]) + "Z", "last": str(history.times[-1]) + "Z", "steps": len(history)},
        "stations": list(history.layout.stations),
        "data": digest_of_history(history),
        "packages": package_versions(),
    }


def digest_of_history(history: History) -> str:
    """Of all that a fit can depend on."""
    a = history.layout
    shape = (
        a.stations,
        a.slots,
        a.kinds,
        str(a.step),
        a.past,
        a.horizon,
        a.quantiles,
        [str(d) for d in history.durations],
    )
    archived = [part for slot, known in sorted(history.forecasts.items()) for part in (slot.encode(), known)]
    signals = (history.target.values, history.target.flags, history.inputs.values, history.inputs.flags)
    times = history.times.astype(np.int64)
    return digest_arrays(json.dumps(shape).encode(), times, *signals, history.totals, a.static, *archived)


def write_text(path: Path, text: str) -> None:
    """Whole or not at all: a reader sees the old text or the new one, after a crash too."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    with scratch.open("w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    os.replace(scratch, path)
    to_disk(path.parent)


def reach_the_disk(folder: Path) -> None:
    """Every file and folder in ``folder``: a pointer that outlasts a power cut must not point to empty files."""
    for path in (*folder.rglob("*"), folder):
        to_disk(path)


def digests_of(folder: Path) -> dict[str, dict[str, Any]]:
    """Size and sha256 of every file below ``folder``, the manifest excepted."""
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.relative_to(folder).as_posix() != MANIFEST)
    return {p.relative_to(folder).as_posix(): {"bytes": p.stat().st_size, "sha256": sha256(p)} for p in files}


def sha256(path: Path) -> str:
    with path.open("rb") as held:
        return hashlib.file_digest(held, "sha256").hexdigest()


def write_manifest(folder: Path, facts: Mapping[str, Any]) -> None:
    """``facts`` and the digests of what lies in ``folder`` now."""
    whole = {"format": FORMAT, **facts, "files": digests_of(folder)}
    write_text(folder / MANIFEST, json.dumps(whole, indent=1, default=str))


def read_manifest(folder: Path) -> dict[str, Any]:
    """Raises ModelError, in one sentence."""
    path = folder / MANIFEST
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as cause:
        raise ModelError(f"model {folder.name}: {path} is missing") from cause
    except (OSError, ValueError) as cause:
        raise ModelError(f"model {folder.name}: {path} cannot be read: {cause}") from cause
    if not isinstance(held, dict) or not isinstance(held.get("files"), dict):
        raise ModelError(f"model {folder.name}: {path} is no manifest of a model")
    if held.get("format") != FORMAT:
        raise ModelError(f"model {folder.name}: {path} has format {held.get('format')!r}, this hydria reads {FORMAT}")
    return held


def faults_of(folder: Path) -> list[str]:
    """One line for each file that is missing, changed or unknown to the manifest; none = sound."""
    try:
        promised = read_manifest(folder)["files"]
        there = digests_of(folder)
    except ModelError as fault:
        return [str(fault)]
    except OSError as error:
        return [f"cannot be read: {error}"]
    lines = [f"{name}: missing" for name in promised if name not in there]
    lines += [f"{name}: not in the manifest" for name in there if name not in promised]
    return lines + [
        difference(name, promised[name], there[name])
        for name in promised
        if promised[name] != there.get(name, promised[name])
    ]


def difference(name: str, want: Mapping[str, Any], have: Mapping[str, Any]) -> str:
    if not isinstance(want, Mapping):
        return f"{name}: the manifest has no digest of it"
    if want.get("bytes") != have["bytes"]:
        return f"{name}: {have['bytes']} bytes instead of {want.get('bytes')}"
    return f"{name}: sha256 {have['sha256'][:12]}... instead of {str(want.get('sha256'))[:12]}..."
