"""Where results are to be written: asked before the long work."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import ConfigError


def check_writable(option: str, path: Path) -> None:
    """Could ``path`` be made, in a folder that is there? Raises ConfigError, ``option`` named."""
    try:
        path.exists()
        parent = path.absolute().parent
        there, open_ = parent.is_dir(), os.access(parent, os.W_OK)
    except (OSError, ValueError) as cause:  # a name that is too long, or holds NUL
        why = getattr(cause, "strerror", None) or cause
        raise ConfigError(f"{option}: {str(path)!r} cannot be made ({why}); allowed: a path that can be") from cause
    if not there:
        raise ConfigError(f"{option}: {str(path)!r} lies in a folder that does not exist; allowed: one that is there")
    if not open_:
        raise ConfigError(f"{option}: {str(path)!r} lies in a folder that cannot be written to; allowed: one that can")
