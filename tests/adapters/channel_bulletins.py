"""Bulletins of one event, hour by hour, as they are read back from the store."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from hydria_plugin import Alert, Bulletin, Reason, Report, Thresholds
from hydria_plugin.testing import sample_bulletin

HOUR = np.timedelta64(3600, "s")
EVENT = "s1-20260301T0600Z"
LIMITS = Thresholds(("yellow", "red"), np.array([[1.0, 2.0]] * 3))
SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "samples"
if not SAMPLES.is_dir():
    SAMPLES = Path(__file__).resolve().parents[4] / "shared" / "samples"


def bulletin(reason: Reason = Reason.FIRST, hour: int = 0, sequence: int = 0, **changes: Any) -> Bulletin:
    """The bulletin ``hour`` hours after the first, with one alert; ``changes`` are of the alert."""
    made = replace(sample_bulletin(), window=None, received=None)
    issued_at = made.issued_at + hour * HOUR
    alert = moved(made.alerts[0], hour, reason=reason, sequence=sequence, **{"event": EVENT, **changes})
    forecast = replace(made.forecast, issued_at=issued_at)
    return replace(made, issued_at=issued_at, known_at=made.known_at + hour * HOUR, forecast=forecast, alerts=(alert,))


def moved(alert: Alert, hour: int, **changes: Any) -> Alert:
    times = ("issued_at", "told_at", "crosses_at", "peak_at")
    return replace(alert, **{**{name: getattr(alert, name) + hour * HOUR for name in times}, **changes})


def course() -> list[Bulletin]:
    """An event from its first news to its end."""
    return [
        bulletin(Reason.FIRST, 0, 0),
        bulletin(Reason.NOTHING_NEW, 1, 0),
        bulletin(Reason.HIGHER, 2, 1, threshold="red", rank=1, limit=2.0),
        bulletin(Reason.LOWER, 3, 2),
        bulletin(Reason.CLEARED, 4, 3, rank=-1),
    ]


def report(**changes: Any) -> Report:
    drawn = '<rect width="90" height="40" fill="#08489c"/>'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="90" height="40">{drawn}</svg>'
    body = {"issued_at": "2026-03-01T06:00:00Z", "shares": {"r1": 0.6}, "svg": svg}
    return replace(Report("attribution", "s1", EVENT, "Two thirds are the rain of P1", body), **changes)


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
