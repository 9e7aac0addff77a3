"""Values as JSON: layouts, alerts, problems, reports. Times are ISO text (it keeps their unit), NaN is null.

All in ASCII escapes: what a broken feed or file name brings into a Problem (NUL, halves of surrogates) is text that no
database takes, and must not cost the bulletin.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from hashlib import blake2b
from typing import Any

import numpy as np

from hydria_plugin import NOT_A_TIME, Alert, Basis, Layout, Problem, Reason, Report, StoreError

_ALERT_TIMES = ("crosses_at", "peak_at", "issued_at", "told_at", "below_since")
_ALERT_NUMBERS = ("limit", "probability", "peak", "observed")


def digest(document: bytes) -> str:
    """The name under which a document is kept once."""
    return blake2b(document, digest_size=16).hexdigest()


def plain(text: str, longest: int = 1000) -> str:
    """Text as any database takes it; for columns of text, which are for people."""
    return text[:longest].encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")


def write_layout(layout: Layout) -> bytes:
    """A layout as one document; equal layouts give equal bytes."""
    held = {f.name: getattr(layout, f.name) for f in fields(layout)}
    held["series"] = layout.series.tolist()
    held["static"] = np.asarray(layout.static, dtype=float).tolist()
    held["step"] = int(layout.step.astype("m8[s]").astype(np.int64))
    return json.dumps(held, sort_keys=True).encode()


def read_layout(document: bytes) -> Layout:
    held: dict[str, Any] = json.loads(document)
    s, v, k = (len(held[name]) for name in ("stations", "slots", "static_names"))
    arrays: dict[str, Any] = {
        "series": np.array(held.pop("series"), dtype=np.str_).reshape(s, v),
        "static": np.array(held.pop("static"), dtype=float).reshape(s, k),
        "step": np.timedelta64(held.pop("step"), "s"),
    }
    plain: dict[str, Any] = {name: tuple(h) if isinstance(h, list) else h for name, h in held.items()}
    return Layout(**plain, **arrays)


def write_series(series: Sequence[str]) -> bytes:
    return json.dumps(list(series)).encode()


def read_series(document: bytes) -> tuple[str, ...]:
    return tuple(json.loads(document))


def write_alert(alert: Alert) -> str:
    held = {f.name: getattr(alert, f.name) for f in fields(alert)}
    held |= {name: _time_text(held[name]) for name in _ALERT_TIMES}
    held |= {name: _finite(held[name]) for name in _ALERT_NUMBERS}
    held |= {"sequence": int(alert.sequence), "rank": int(alert.rank), "is_lower_bound": bool(alert.is_lower_bound)}
    return json.dumps(held)


def read_alert(text: str) -> Alert:
    held = json.loads(text)
    held |= {name: _time(held[name]) for name in _ALERT_TIMES}
    held |= {name: math.nan if held[name] is None else float(held[name]) for name in _ALERT_NUMBERS}
    return Alert(**held | {"basis": Basis(held["basis"]), "reason": Reason(held["reason"])})


def write_problems(problems: Sequence[Problem]) -> list[list[str | None]]:
    return [[p.stage, p.station, p.error] for p in problems]


def read_problems(held: Sequence[Sequence[Any]]) -> tuple[Problem, ...]:
    return tuple(Problem(*p) for p in held)


def write_report(report: Report) -> str:
    """Raises StoreError when the body is not JSON throughout."""
    held = {f.name: getattr(report, f.name) for f in fields(report)}
    held["body"] = dict(report.body)
    try:
        return json.dumps(held)
    except (TypeError, ValueError) as cause:
        raise StoreError(f"report {report.kind!r} for {report.station!r} cannot be written as JSON: {cause}") from cause


def read_report(text: str) -> Report:
    held: Mapping[str, Any] = json.loads(text)
    return Report(**held)


def _time_text(time: np.datetime64) -> str | None:
    return None if np.isnat(time) else str(time)


def _time(text: str | None) -> np.datetime64:
    return NOT_A_TIME if text is None else np.datetime64(text)


def _finite(number: float) -> float | str | None:
    """JSON has neither NaN nor infinities: null, and their names."""
    if math.isnan(number):
        return None
    return float(number) if math.isfinite(number) else str(float(number))
