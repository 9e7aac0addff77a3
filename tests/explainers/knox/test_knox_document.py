"""The KnoX document: its names are a contract, and nothing that is no number gets into it."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from hydria_plugin import ModelError
from hydria_plugin.explainers.knox.document import document, readings_in
from hydria_plugin.explainers.knox.keeping import FILE, keep_readings, kept_readings, parts_of, twins_in
from hydria_plugin.explainers.knox.readings import Reading, Share
from hydria_plugin.explainers.knox.schema import SCHEMA, DocumentModel, json_schema
from tests.explainers.knox.made_readings import any_readings, doubtful, dumb, reading, two_paths


def made(*readings: Reading, language: str = "en") -> dict[str, object]:
    return document("gardons", "block-network", "v1", {r.station: r for r in readings}, language)


def test_it_has_the_names_of_the_contract() -> None:
    held = json.loads(json.dumps(made(reading()), allow_nan=False))
    assert (held["pipeline"], held["forecaster"], held["version"]) == ("gardons", "block-network", "v1")
    station = held["stations"]["A1"]
    contract = {"variant", "initialisations", "skill", "slots", "state_share", "variants", "warnings"}
    assert contract <= set(station)
    assert (station["variant"], station["initialisations"], station["state_share"]) == ("K2r", 38, 0.04)
    assert list(station["variants"]) == ["K1", "K2", "K2r", "gradient", "total"]
    slot = station["slots"][0]
    assert {"slot", "series", "share", "volume_share", "lags", "response"} <= set(slot)
    assert (slot["slot"], slot["series"]) == ("rain.1", "Saumane")
    assert slot["share"] == {"median": 0.45, "q25": pytest.approx(0.42), "q75": pytest.approx(0.49)}
    assert [lag["steps"] for lag in slot["lags"]] == list(range(24))
    assert sum(lag["share"] for lag in slot["lags"]) == pytest.approx(1)
    assert set(slot["response"]) == {"mode", "centroid", "p10", "p90"}
    assert station["warnings"] == [] == station["cautions"]


def test_the_slots_keep_their_order_and_their_shares_sum_to_one() -> None:
    slots = made(reading())["stations"]["A1"]["slots"]  # type: ignore[index]
    assert [s["slot"] for s in slots] == ["rain.1", "rain.2", "rain.3", "rain.4"]
    assert sum(s["share"]["median"] for s in slots) == pytest.approx(1)


def test_warnings_are_sentences_in_the_language_asked_and_codes_for_machines() -> None:
    english, french = (made(doubtful(), language=lang)["stations"]["A1"] for lang in ("en", "fr"))  # type: ignore[index]
    assert english["warnings"][0].startswith("Saumane and Saint-Roman record nearly the same rain")
    assert french["warnings"][0].startswith("Saumane et Saint-Roman enregistrent presque la même pluie")
    assert english["cautions"] == french["cautions"]
    assert [c["code"] for c in english["cautions"]] == ["alike", "disagreement"]
    assert len(english["warnings"]) == len(english["cautions"])


def test_cautions_say_what_they_bear_on() -> None:
    held = made(replace(two_paths(), cautions=(*two_paths().cautions, *doubtful().cautions)))
    about = [(c["code"], c["about"]) for c in held["stations"]["A1"]["cautions"]]  # type: ignore[index]
    assert about == [("two-paths", "times"), ("alike", "shares"), ("disagreement", "shares")]


def test_every_lag_has_its_quartiles_or_null() -> None:
    lag = made(reading())["stations"]["A1"]["slots"][0]["lags"][2]  # type: ignore[index]
    assert set(lag) == {"steps", "share", "q25", "q75"} and lag["q25"] < lag["share"] < lag["q75"]
    dry = made(dumb())["stations"]["A1"]["slots"][3]["lags"]  # type: ignore[index]
    assert {(one["q25"], one["q75"]) for one in dry} == {(None, None)}


@settings(max_examples=30)
@given(any_readings())
def test_what_is_read_back_is_what_was_read(one: Reading) -> None:
    again = readings_in(json.loads(json.dumps(made(one), allow_nan=False)))
    assert again == {one.station: one}


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("place", ["state_share", "share", "skill", "variants", "lags"])
def test_what_is_no_number_is_refused_by_its_place(bad: float, place: str) -> None:
    whole = reading()
    broken = {
        "state_share": replace(whole, state_share=bad),
        "share": replace(whole, slots=(replace(whole.slots[0], share=Share(bad, 0.1, 0.2)),)),
        "skill": replace(whole, skill={"nse": bad}),
        "variants": replace(whole, variants={"K1": (bad,)}),
        "lags": replace(whole, slots=(replace(whole.slots[0], lags=(bad,)),)),
    }[place]
    with pytest.raises(ModelError, match=rf"block-network breaks its contract: stations\.A1\..*{place}"):
        made(broken)


def test_a_zone_without_a_say_has_no_response() -> None:
    slot = made(dumb())["stations"]["A1"]["slots"][3]  # type: ignore[index]
    assert slot["response"] is None
    assert readings_in(made(dumb()))["A1"].slots[3].response is None


def test_the_schema_file_is_what_the_code_means() -> None:
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == json_schema()


def test_the_schema_names_what_must_be_there() -> None:
    station = json_schema()["$defs"]["StationModel"]
    for name in ("variant", "initialisations", "skill", "slots", "state_share", "variants", "warnings"):
        assert name in station["required"]
    assert station["additionalProperties"] is False


@pytest.mark.parametrize("gone", ["variant", "slots", "warnings", "state_share"])
def test_a_document_that_lacks_something_is_none(gone: str) -> None:
    held = made(reading())
    del held["stations"]["A1"][gone]  # type: ignore[index]
    with pytest.raises(ModelError, match=rf"no KnoX document: stations\.A1\.{gone}"):
        readings_in(held)
    with pytest.raises(ValidationError):
        DocumentModel.model_validate(held)


@settings(max_examples=30)
@given(st.none() | st.integers() | st.text() | st.lists(st.integers()) | st.dictionaries(st.text(), st.integers()))
def test_anything_else_is_refused(held: object) -> None:
    with pytest.raises(ModelError, match="no KnoX document"):
        readings_in(held)


# ---- with the model


def test_readings_lie_with_the_model(tmp_path: Path) -> None:
    keep_readings(tmp_path, "gardons", "blend", {"A1": reading(), "B2": dumb("B2")})
    assert kept_readings(tmp_path) == {"A1": reading(), "B2": dumb("B2")}
    assert json.loads((tmp_path / FILE).read_text())["forecaster"] == "blend"


def test_without_readings_nothing_is_written(tmp_path: Path) -> None:
    keep_readings(tmp_path, "gardons", "ridge", {})
    assert list(tmp_path.iterdir()) == []
    assert kept_readings(tmp_path) == {}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pipeline": 1}', "\x00"])
def test_a_damaged_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(ModelError, match=r"knox\.json cannot be read"):
        kept_readings(tmp_path)


class Network:
    def __init__(self, **twins: object) -> None:
        self.twins = twins


class Blended:
    """As a blend keeps them: as given, and as trained."""

    def __init__(self, trained: object, **members: object) -> None:
        self.members, self.trained = members, trained


class Mixed:
    def __init__(self, **members: object) -> None:
        self.members = members


def test_networks_are_found_inside_blends_of_blends() -> None:
    blend = Blended(Mixed(ridge=object(), inner=Blended(Mixed(net=Network(A1=1, B2=2)))), net=Network(A1=9))
    assert twins_in(blend) == {"A1": 1, "B2": 2}
    assert twins_in(Network(A1=3)) == {"A1": 3}
    assert twins_in(object()) == {} == twins_in(Blended(None, ridge=object()))


def test_the_first_member_that_has_one_counts() -> None:
    assert twins_in(Blended(Mixed(a=Network(A1=1), b=Network(A1=2, C3=3)))) == {"A1": 1, "C3": 3}


def test_parts_of_an_untrained_blend_are_its_members() -> None:
    network = Network()
    assert network in list(parts_of(Blended(None, net=network)))
