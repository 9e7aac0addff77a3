"""What a webhook says: described by the schema, the same bytes each time, one identity per message."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from channel_bulletins import EVENT, LIMITS, bulletin, course, report
from hypothesis import given
from hypothesis import strategies as st

import hydria_webhook
from hydria_plugin import Basis, Reason
from hydria_plugin.drawing import Words
from hydria_webhook.bodies import MOST, Letter, alert_letter, report_letter

SCHEMA = json.loads((Path(hydria_webhook.__file__).parent / "body.schema.json").read_text())
BOTH = (Words.of("en", "UTC"), Words.of("fr", "Europe/Paris"))
check = jsonschema.Draft202012Validator(SCHEMA)


def letters(*bulletins: Any) -> list[Letter]:
    return [alert_letter(a, b, BOTH, LIMITS) for b in bulletins for a in b.alerts if a.is_news]


def said(letter: Letter) -> dict[str, Any]:
    content = json.loads(letter.body)
    check.validate(content)
    return content


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    with pytest.raises(jsonschema.ValidationError):
        check.validate({"version": 1, "type": "alert.first", "timestamp": "2026-03-01T06:00:00Z", "data": {}})


def test_every_news_of_an_event_has_its_letter() -> None:
    told = [said(letter) for letter in letters(*course())]
    assert [t["type"] for t in told] == ["alert.first", "alert.higher", "alert.lower", "alert.cleared"]
    assert {t["data"]["event"] for t in told} == {EVENT} and [t["data"]["sequence"] for t in told] == [0, 1, 2, 3]
    assert len({letter.identity for letter in letters(*course())}) == 4


def test_what_an_alert_says() -> None:
    content = said(letters(bulletin(threshold="yellow", observed=1 / 3))[0])
    data = content["data"]
    assert content["version"] == 1 and content["timestamp"] == "2026-03-01T06:00:00Z"
    assert data["threshold"] == "yellow" and data["limit"] == 1.0 and data["unit"] == "m" and data["is_rate"] is False
    assert data["probability"] == 0.7 and data["observed"] == 0.3333333 and data["basis"] == "forecast"
    assert data["peak_at"] == "2026-03-01T09:00:00Z" and data["made_by"] == "sample" and data["quantity"] == "level"
    assert data["texts"]["fr"]["headline"].startswith("s1 : yellow attendu, au moins 70 %")
    assert "not an official warning" in data["texts"]["en"]["text"]


def test_what_is_not_known_is_null() -> None:
    gone, never = float("nan"), np.datetime64("NaT")
    (letter,) = letters(
        bulletin(probability=gone, limit=gone, peak=gone, observed=gone, peak_at=never, crosses_at=never)
    )
    data = said(letter)["data"]
    assert [data[n] for n in ("probability", "limit", "peak", "observed", "peak_at", "crosses_at")] == [None] * 6
    assert b"NaN" not in letter.body


def test_the_identity_is_of_the_message_and_not_of_the_try() -> None:
    one = bulletin()
    (letter,) = letters(one)
    assert letters(replace(one, revision=3))[0].identity == letter.identity, "a revision does not tell it again"
    others = [bulletin(sequence=1), bulletin(event="x"), replace(one, pipeline="other")]
    assert len({letter.identity, *(other.identity for other in letters(*others))}) == 4
    assert "." not in letter.identity and letters(one)[0] == letter


@given(st.text(max_size=30), st.sampled_from(list(Reason)[:-1]), st.sampled_from(list(Basis)), st.floats())
def test_any_alert_fits_the_schema(name: str, reason: Reason, basis: Basis, value: float) -> None:
    made = bulletin(reason, threshold=name, basis=basis, observed=value, peak=value, note=name, event=name)
    content = said(letters(made)[0])
    assert content["data"]["threshold"] == name


def test_a_report_follows_its_event() -> None:
    content = said(report_letter(report()))
    assert content["type"] == "report.attribution" and content["timestamp"] == "2026-03-01T06:00:00Z"
    assert content["data"]["event"] == EVENT and content["data"]["body"] == {
        "issued_at": "2026-03-01T06:00:00Z", "shares": {"r1": 0.6},
    }  # fmt: skip
    assert report_letter(report()) == report_letter(report())
    assert report_letter(report(body={"shares": 1})).identity != report_letter(report()).identity


def test_a_long_report_is_shortened_and_says_so() -> None:
    content = said(report_letter(report(body={"many": ["x" * 100] * (MOST // 100)})))
    assert content["data"]["body"] is None and content["data"]["is_shortened"] and content["timestamp"] is None
    assert content["data"]["headline"] == "Two thirds are the rain of P1"


def test_what_json_does_not_know() -> None:
    held = {"a": float("inf"), "b": np.float32(0.5), "c": np.array([1.0, np.nan]), "d": (1, 2), "e": np.int64(3)}
    content = said(report_letter(report(event="", body=held)))
    assert content["data"]["body"] == {"a": None, "b": 0.5, "c": [1.0, None], "d": [1, 2], "e": 3}
    assert content["data"]["event"] is None
