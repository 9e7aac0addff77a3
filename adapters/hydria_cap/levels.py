"""From an alert to what CAP calls severity, urgency and certainty."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hydria_plugin import Alert, Basis, Reason

SEVERITIES = ("Minor", "Moderate", "Severe", "Extreme")
AWARENESS = {  # as Meteoalarm writes it
    "Minor": "1; green; Minor", "Moderate": "2; yellow; Moderate", "Severe": "3; orange; Severe",
    "Extreme": "4; red; Extreme",
}  # fmt: skip
CALLED = {
    **dict.fromkeys(("yellow", "jaune"), "Moderate"),
    **dict.fromkeys(("orange",), "Severe"),
    **dict.fromkeys(("red", "rouge", "purple", "violet"), "Extreme"),
}
AN_HOUR, HALF_A_DAY = np.timedelta64(1, "h"), np.timedelta64(12, "h")
LIKELY = 0.5


@dataclass(frozen=True, slots=True)
class Levels:
    """``named``: the severity of each threshold that the admin named."""

    named: Mapping[str, str]

    def severity(self, alert: Alert) -> str:
        """As named; by the colour in the threshold's name; else by its place: Moderate, Severe, Extreme."""
        if alert.reason is Reason.CLEARED:
            return "Minor"
        if alert.threshold in self.named:
            return self.named[alert.threshold]
        words = alert.threshold.lower().replace("-", " ").replace("_", " ").split()
        called = [CALLED[word] for word in words if word in CALLED]
        return called[0] if called else SEVERITIES[1 + min(max(alert.rank, 0), 2)]


def urgency(alert: Alert, sent: np.datetime64) -> str:
    """By how long it is until the crossing; until the peak where the median does not cross."""
    if alert.reason is Reason.CLEARED:
        return "Past"
    at = alert.peak_at if np.isnat(alert.crosses_at) else alert.crosses_at
    if np.isnat(at):
        return "Unknown"
    left = at - sent
    return "Immediate" if left < AN_HOUR else "Expected" if left <= HALF_A_DAY else "Future"


def certainty(alert: Alert) -> str:
    """Observed, Likely from one chance in two, Possible below; Unknown without a forecast."""
    if alert.basis is Basis.OBSERVED or alert.reason is Reason.CLEARED:
        return "Observed"
    if np.isnan(alert.probability):
        return "Unknown"
    return "Likely" if alert.probability >= LIKELY else "Possible"


def response(severity: str, reason: Reason) -> str:
    """What is asked of who reads it."""
    if reason is Reason.CLEARED:
        return "AllClear"
    return "Prepare" if severity in ("Severe", "Extreme") else "Monitor"
