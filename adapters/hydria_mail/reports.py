"""What a report is called in the book, and when it is of."""

from __future__ import annotations

import hashlib
import json
import re

import numpy as np

from hydria_plugin import Report
from hydria_plugin.exchange import moment


def report_name(report: Report) -> str:
    """By its content: the same report twice is one mail."""
    text = json.dumps([report.kind, report.station, report.headline, report.body], sort_keys=True, default=str)
    kind = re.sub(r"[^a-z0-9]", "-", report.kind.lower())[:30]
    return f"{kind}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def report_time(report: Report) -> np.datetime64:
    """The issue time that it names; the beginning of time where it names none."""
    said = report.body.get("issued_at")
    try:
        return moment(said) if isinstance(said, str) else np.datetime64(0, "us")
    except (ValueError, OverflowError):
        return np.datetime64(0, "us")
