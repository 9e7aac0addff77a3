"""The messages of an event: Alert, Update, Cancel, tied together, the same bytes whenever they are made again."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from channel_bulletins import EVENT, HOUR, LIMITS, bulletin, course, files, report
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from test_cap_markup import XSD

from hydria_cap.cap_rules import faults
from hydria_cap.composing import safe
from hydria_cap.markup import read_message
from hydria_cap.message import Message
from hydria_cap.sink import CapSink
from hydria_plugin import Basis, FeedError, Probing, Reason, ReportSink
from hydria_plugin.drawing import Words
from hydria_plugin.testing import check_sink


def sink(folder: Path, **options: Any) -> CapSink:
    given = {
        "sender": "crues@exemple.fr",
        "status": "Test",
        "thresholds": LIMITS,
        "places": {"level@s1": (44.05, 3.98)},
    }
    return CapSink(path="cap", folder=folder, **{**given, **options})


def messages(folder: Path) -> list[Message]:
    """What receivers find, in the order in which it was sent; each valid."""
    found = []
    for file in (folder / "cap").glob("*.xml"):
        document = etree.fromstring(file.read_bytes())
        assert faults(document) == []
        if XSD.is_file():
            schema = etree.XMLSchema(etree.parse(str(XSD)))
            assert schema.validate(document), schema.error_log.last_error
        found.append(read_message(file.read_bytes(), file.name))
        assert file.stem == found[-1].identifier
    return sorted(found, key=lambda message: (message.sent, message.identifier))


def test_the_promises_of_a_sink(tmp_path: Path) -> None:
    made = sink(tmp_path)
    check_sink(made, lambda: files(tmp_path), bulletin())
    assert isinstance(made, ReportSink) and isinstance(made, Probing)


def test_an_event_from_its_first_news_to_its_end(tmp_path: Path) -> None:
    for one in course():
        sink(tmp_path).write(one)  # a new sink each time: nothing is remembered but what is on disk
    told = messages(tmp_path)
    assert [m.kind for m in told] == ["Alert", "Update", "Update", "Cancel"]
    assert [m.infos[0].severity for m in told] == ["Moderate", "Extreme", "Moderate", "Minor"]
    assert [m.infos[0].response for m in told] == ["Monitor", "Prepare", "Monitor", "AllClear"]
    for n, message in enumerate(told):
        assert message.references == tuple(m.reference for m in told[:n])
        assert [info.language for info in message.infos] == ["fr", "en"] and message.status == "Test"
        assert message.incidents == safe(EVENT)
    assert told[-1].infos[0].urgency == "Past" and np.isnat(told[-1].infos[0].onset)


def test_the_same_bulletin_again_gives_the_same_bytes(tmp_path: Path) -> None:
    for one in course():
        sink(tmp_path).write(one)
    before = files(tmp_path)
    for one in course():
        sink(tmp_path).write(one)
    assert files(tmp_path) == before


def test_receivers_may_take_the_messages_away(tmp_path: Path) -> None:
    first, *rest = course()
    sink(tmp_path).write(first)
    content = files(tmp_path / "cap")
    for file in (tmp_path / "cap").glob("*.xml"):
        file.unlink()
    sink(tmp_path).write(first)  # its delivery was repeated after a crash
    assert files(tmp_path / "cap") == content
    for file in (tmp_path / "cap").glob("*.xml"):
        file.unlink()
    for one in rest:
        sink(tmp_path).write(one)
    assert [len(m.references) for m in messages(tmp_path)] == [1, 2, 3]


def test_a_message_that_was_sent_is_not_changed_by_other_options(tmp_path: Path) -> None:
    sink(tmp_path).write(bulletin())
    before = files(tmp_path)
    sink(tmp_path, status="Actual", severity={"yellow": "Minor"}).write(bulletin())
    assert files(tmp_path) == before


def test_an_event_that_was_never_told_here_begins_with_an_alert(tmp_path: Path) -> None:
    """The sink came later than the event: an Update or a Cancel would refer to nothing."""
    sink(tmp_path).write(bulletin(Reason.HIGHER, 2, 1, threshold="red", rank=1))
    sink(tmp_path).write(bulletin(Reason.CLEARED, 3, 2, event="other", rank=-1))
    first, second = messages(tmp_path)
    assert first.kind == "Alert" and second.kind == "Alert" and second.infos[0].response == "AllClear"


def test_an_open_event_is_told_again_before_its_message_ends(tmp_path: Path) -> None:
    """Receivers drop what has ended; nothing new is no news, but the flood goes on."""
    made = sink(tmp_path)
    for hour in range(16):
        made.write(bulletin(Reason.FIRST if not hour else Reason.NOTHING_NEW, hour, 0))
    told = messages(tmp_path)
    assert [m.kind for m in told] == ["Alert", "Update", "Update", "Update"]
    assert [(b.sent - a.sent) / HOUR for a, b in pairwise(told)] == [4, 4, 4]
    for before, after in pairwise(told):
        assert before.infos[0].expires > after.sent and len(after.references) == len(before.references) + 1
    made.write(bulletin(Reason.CLEARED, 16, 1, rank=-1))
    assert [r.identifier for r in messages(tmp_path)[-1].references] == [m.identifier for m in told]


def test_how_long_a_message_lasts(tmp_path: Path) -> None:
    sink(tmp_path).write(bulletin())
    sink(tmp_path, expires="2d").write(bulletin(event="other"))
    lasts = {(m.infos[0].expires - m.sent) / HOUR for m in messages(tmp_path)}
    assert lasts == {6, 48}


def test_cleared_may_be_an_update(tmp_path: Path) -> None:
    for one in course():
        sink(tmp_path, cleared="update").write(one)
    assert messages(tmp_path)[-1].kind == "Update" and messages(tmp_path)[-1].infos[1].response == "AllClear"


def test_what_it_says_in_french_and_in_english(tmp_path: Path) -> None:
    made = sink(tmp_path, words=Words.of("fr", "Europe/Paris"), status="Actual", thresholds=None)
    made.write(bulletin(threshold="orange"))
    french, english = messages(tmp_path)[0].infos
    assert french.event == "Crue" and english.event == "Flood"
    assert french.headline == "s1 : orange attendu, au moins 70 % d'ici 6 h, maximum 1,20 m le 1 mars 2026 10:00 CET"
    assert english.headline == "s1: orange expected, at least 70% within 6 h, highest 1.20 m at 1 Mar 2026 10:00 CET"
    assert "et non une vigilance Vigicrues" in french.description and "not an official warning" in english.description
    assert french.severity == "Severe" and "Seuil : orange (1,00 m)" in french.description


def test_numbers_for_machines(tmp_path: Path) -> None:
    sink(tmp_path).write(bulletin(basis=Basis.OBSERVED, observed=1.25))
    told = dict(messages(tmp_path)[0].infos[0].parameters)
    assert told["awareness_level"] == "2; yellow; Moderate" and told["awareness_type"] == "12; flooding"
    assert told["hydria:threshold"] == "yellow" and told["hydria:limit"] == "1" and told["hydria:unit"] == "m"
    assert told["hydria:probability"] == "0.7" and told["hydria:peak"] == "1.2" and told["hydria:observed"] == "1.25"
    assert told["hydria:peak_at"] == "2026-03-01T09:00:00+00:00" and told["hydria:event"] == EVENT


def test_a_test_says_so_to_people_too(tmp_path: Path) -> None:
    sink(tmp_path, status="Exercise", note="EXERCICE CRUE 2026").write(bulletin())
    (message,) = messages(tmp_path)
    assert message.note == "EXERCICE CRUE 2026" and message.infos[0].headline.startswith("TEST : ")
    assert message.infos[1].description.startswith("TEST: no real event.")


def test_no_forecast_leaves_out_what_is_not_known(tmp_path: Path) -> None:
    gone = float("nan")
    never = np.datetime64("NaT")
    sink(tmp_path).write(bulletin(Reason.FIRST, probability=gone, peak=gone, peak_at=never, crosses_at=never,
                                  observed=gone, note="no forecast"))  # fmt: skip
    info = messages(tmp_path)[0].infos[0]
    assert info.certainty == "Unknown" and info.urgency == "Unknown" and np.isnat(info.onset)
    assert "nan" not in info.description.lower() and "NaT" not in info.description
    assert {"hydria:probability", "hydria:peak", "hydria:observed"}.isdisjoint(dict(info.parameters))
    assert "pas de prévision" in info.description


def test_reports_lie_beside_and_go_with_the_next_message(tmp_path: Path) -> None:
    made = sink(tmp_path)
    made.write(course()[0])
    made.write_reports([report()])
    made.write_reports([report()])
    place = tmp_path / "cap" / "reports" / EVENT
    assert json.loads((place / "attribution.json").read_text())["event"] == EVENT
    assert len(messages(tmp_path)) == 1, "an explanation alone makes no message"
    made.write(course()[2])
    (held,) = messages(tmp_path)[1].infos[0].resources
    assert held.content == (place / "attribution.svg").read_bytes() and held.mime_type == "image/svg+xml"


def test_reports_by_their_public_address(tmp_path: Path) -> None:
    made = sink(tmp_path, reports_address="https://crues.exemple.fr/rapports/")
    made.write(course()[0])
    made.write_reports([report(), report(kind="knox/ü", body={"share": float("nan")})])
    made.write(course()[2])
    held = messages(tmp_path)[1].infos[0].resources
    assert [r.uri for r in held][:2] == [
        f"https://crues.exemple.fr/rapports/{EVENT}/attribution.{ending}" for ending in ("json", "svg")
    ]
    assert len(held) == 3 and not any(r.content for r in held)


def test_a_damaged_memory_costs_a_reference_not_the_alert(tmp_path: Path) -> None:
    first, _, higher, *_ = course()
    sink(tmp_path).write(first)
    (kept,) = (tmp_path / "cap" / ".told").rglob("*.xml")
    kept.write_bytes(b"<alert")
    sink(tmp_path).write(higher)
    assert messages(tmp_path)[-1].kind == "Alert"


def test_one_alert_that_cannot_be_sent_does_not_hold_up_the_others(tmp_path: Path, monkeypatch) -> None:
    one = bulletin()
    two = replace(one, alerts=(*one.alerts, replace(one.alerts[0], station="s2", event="s2-e")))
    import hydria_cap.sink as module

    monkeypatch.setattr(module, "faults", lambda root: ["refused"] if b"s1" in etree.tostring(root) else [])
    with pytest.raises(FeedError, match="is not sent: refused"):
        sink(tmp_path).write(two)
    assert [m.incidents for m in messages(tmp_path)] == ["s2-e"]


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "cap").write_text("a file")
    with pytest.raises(FeedError, match="cannot be written"):
        sink(tmp_path).write(bulletin())
    with pytest.raises(FeedError, match="cannot be written"):
        sink(tmp_path).probe()


def test_old_events_are_forgotten(tmp_path: Path) -> None:
    made = sink(tmp_path, keep="2d")
    for one in course():
        made.write(one)
    made.write_reports([report()])
    made.write(bulletin(Reason.CLEARED, 40, 1, event="later"))
    assert (tmp_path / "cap" / ".told" / "sample" / EVENT).is_dir()
    made.write(bulletin(Reason.CLEARED, 60, 1, event="last"))
    assert not (tmp_path / "cap" / ".told" / "sample" / EVENT).exists()
    assert not (tmp_path / "cap" / "reports" / EVENT).exists()
    shutil.rmtree(tmp_path / "cap" / ".told")
    made.write(bulletin(Reason.CLEARED, 61, 1, event="after all"))


def test_probe_says_where_and_how(tmp_path: Path) -> None:
    assert "status Test, circles around the stations" in sink(tmp_path).probe()


@given(st.text(max_size=120), st.text(max_size=120))
def test_identifiers_hold_nothing_that_ends_them(one: str, other: str) -> None:
    assert not set(" ,<&\t\n\r.") & set(safe(one))
    assert (safe(one) == safe(other)) == (one == other)
