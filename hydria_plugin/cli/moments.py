"""Times and spans as people type them on the command line: ISO 8601, UTC where no zone is given."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import typer

ALLOWED = "an ISO 8601 time such as 2020-09-19, 2020-09-19T06:00 or 2020-09-19T08:00+02:00; without zone it is UTC"


def moment(text: str, option: str) -> np.datetime64:
    """The time as datetime64[s], UTC. Raises typer.BadParameter (exit code 2)."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError as cause:
        raise typer.BadParameter(f"{option}: {text!r} is not a time; allowed: {ALLOWED}") from cause
    aware = found if found.tzinfo else found.replace(tzinfo=UTC)
    return np.datetime64(int(aware.timestamp()), "s")
