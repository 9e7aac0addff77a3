"""Severity, urgency and certainty of an alert; and the options that say otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from channel_bulletins import bulletin
from test_cap_sink import messages, sink

from hydria_cap.levels import Levels, certainty, response, urgency
from hydria_cap.options import duration
from hydria_plugin import Alert, Basis, ConfigError, Reason

AT = np.datetime64("2026-03-01T06:00:00", "s")
NEVER = np.datetime64("NaT", "s")


def alert(**changes: Any) -> Alert:
    return bulletin(**changes).alerts[0]


@pytest.mark.parametrize(
    ("threshold", "rank", "severity"),
    [
        ("yellow", 0, "Moderate"),
        ("vigilance_jaune", 2, "Moderate"),
        ("orange", 0, "Severe"),
        ("ROUGE", 0, "Extreme"),
        ("seuil 1", 0, "Moderate"),
        ("seuil 2", 1, "Severe"),
        ("seuil 3", 2, "Extreme"),
        ("seuil 9", 8, "Extreme"),
        ("bankfull", 1, "Minor"),
    ],
)
def test_severity_by_name_then_by_place(threshold: str, rank: int, severity: str) -> None:
    assert Levels({"bankfull": "Minor"}).severity(alert(threshold=threshold, rank=rank)) == severity
    assert Levels({}).severity(alert(reason=Reason.CLEARED, threshold=threshold, rank=-1)) == "Minor"


@pytest.mark.parametrize(
    ("crosses", "peak", "word"),
    [(-3600, 0, "Immediate"), (0, 0, "Immediate"), (3599, 0, "Immediate"), (3600, 0, "Expected"),
     (12 * 3600, 0, "Expected"), (12 * 3600 + 1, 0, "Future"), (None, 7200, "Expected"), (None, None, "Unknown")],
)  # fmt: skip
def test_urgency_by_the_time_that_is_left(crosses: int | None, peak: int | None, word: str) -> None:
    at = {n: NEVER if s is None else AT + s for n, s in {"crosses_at": crosses, "peak_at": peak}.items()}
    assert urgency(alert(**at), AT) == word
    assert urgency(alert(reason=Reason.CLEARED, **at), AT) == "Past"


@pytest.mark.parametrize(
    ("basis", "probability", "word"),
    [(Basis.OBSERVED, 0.1, "Observed"), (Basis.FORECAST, 0.5, "Likely"), (Basis.FORECAST, 0.49, "Possible"),
     (Basis.FORECAST, float("nan"), "Unknown")],
)  # fmt: skip
def test_certainty(basis: Basis, probability: float, word: str) -> None:
    assert certainty(alert(basis=basis, probability=probability)) == word
    assert response("Minor", Reason.FIRST) == "Monitor" and response("Severe", Reason.REPEAT) == "Prepare"


def test_a_severity_of_the_admin_is_in_the_message(tmp_path: Path) -> None:
    sink(tmp_path, severity={"yellow": "Minor"}).write(bulletin())
    info = messages(tmp_path)[0].infos[0]
    assert info.severity == "Minor" and dict(info.parameters)["awareness_level"] == "1; green; Minor"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"status": "actual"}, "status = 'actual' must be one of Actual, Exercise"),
        ({"sender": "Service de prévision"}, "without blank, comma"),
        ({"scope": "Restricted"}, "needs a restriction"),
        ({"scope": "Private"}, "needs addresses"),
        ({"status": "Exercise"}, "needs a note"),
        ({"languages": "fr"}, "languages = 'fr'"),
        ({"languages": ["de"]}, "'fr' and 'en'"),
        ({"languages": []}, "at least one"),
        ({"severity": {"yellow": "moderate"}}, "must be one of Minor, Moderate"),
        ({"instruction": {"de": "x"}}, "instruction in 'de'"),
        ({"expires": "0h"}, "expires = '0h' must be a duration"),
        ({"expires": "12"}, "must be a duration"),
        ({"keep": "ever"}, "keep = 'ever'"),
        ({"cleared": "Cancel"}, "cleared = 'Cancel'"),
        ({"web": "crues"}, "whole address"),
        ({"radius_km": -1}, "radius_km = -1"),
        ({"radius_km": True}, "radius_km = True"),
        ({"post": "ftp://x"}, "no web address"),
        ({"post": "https://x.example", "user": "u"}, "user and password go together"),
    ],
)
def test_a_wrong_option_is_told(tmp_path: Path, options: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        sink(tmp_path, **options)


def test_all_faults_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        sink(tmp_path, status="x", sender="a b", category="Flood", keep="x")
    assert len(caught.value.faults) == 4


def test_durations() -> None:
    assert duration("90min") == np.timedelta64(5400, "s") and duration("2d") == np.timedelta64(172_800, "s")
    assert duration("") is None
