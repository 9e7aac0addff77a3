"""Paths as FEWS writes them, perhaps on another system than ours."""

from __future__ import annotations

import os
import re
from pathlib import Path

SEPARATORS = re.compile(r"[\\/]+")
DRIVE = re.compile(r"[A-Za-z]:")
ALLOWED = "a path of this machine, or one relative to workDir"


def local_path(text: str, folder: Path) -> Path:
    """``text`` seen from ``folder``: slashes, backslashes and doubled ones all separate. Raises ValueError where it
    names nothing, or a drive or server of Windows while this machine is none."""
    written = text.strip().strip('"')
    if not written or "\0" in written:
        raise ValueError(f"{text!r} is no path; allowed: {ALLOWED}")
    if os.name == "nt":
        return folder / written
    if DRIVE.match(written):
        raise ValueError(f"{text!r} is on a drive of Windows, which this machine does not have; allowed: {ALLOWED}")
    if written.startswith("\\\\"):
        raise ValueError(f"{text!r} is on a server of Windows; allowed: {ALLOWED}")
    return folder / SEPARATORS.sub("/", written)
