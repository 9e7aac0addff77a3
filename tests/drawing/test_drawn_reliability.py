"""The reliability picture: well formed, in both languages, its marks where the numbers are."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from hydria_plugin.drawing.reliability import COLUMN, LEFT, TEXT, TOP, reliability
from hydria_plugin.verification.diagrams import Diagram

HOUR = np.timedelta64(3600, "s")
LEVELS = np.array([0.1, 0.5, 0.9])
SVG = "{http://www.w3.org/2000/svg}"


def diagram(lead: int = 1, **other: object) -> Diagram:
    share = np.array([0.2, 0.5, 0.8])
    made = Diagram(
        "s1", lead, LEVELS, 1000, share, np.array([0.0, 0.1, 0.0]), LEVELS - 0.05, LEVELS + 0.05,
        np.array([0.2, 0.3, 0.3, 0.2]), 0.87,
    )  # fmt: skip
    return replace(made, **other)  # type: ignore[arg-type]


def empty(lead: int) -> Diagram:
    gone = np.full(3, np.nan)
    return diagram(lead, pairs=0, share=gone, ticks=gone, low=gone, high=gone, ranks=np.full(4, np.nan), index=np.nan)


def drawn(*of: Diagram, **how: str) -> ElementTree.Element:
    return ElementTree.fromstring(reliability(of, how.pop("name", "Alès"), HOUR, **how))


def words(picture: ElementTree.Element) -> list[str]:
    return [t.text or "" for t in picture.iter(f"{SVG}text")]


def test_points_lie_where_the_shares_are() -> None:
    dots = [c for c in drawn(diagram()).iter(f"{SVG}circle") if float(c.get("cx", "0")) > LEFT][:3]
    seen = [(float(c.get("cx", "0")) - LEFT) / COLUMN for c in dots]
    high = [(TOP + COLUMN - float(c.get("cy", "0"))) / COLUMN for c in dots]
    assert seen == pytest.approx(LEVELS, abs=1e-3)
    assert high == pytest.approx([0.2, 0.5, 0.8], abs=1e-3)


def test_a_column_per_lead_with_its_numbers() -> None:
    told = words(drawn(diagram(1), diagram(6)))
    assert {"+1 h", "+6 h"} <= set(told)
    assert told.count("1000 pairs · reliability 0.87") == 2


def test_both_languages_say_the_same_things() -> None:
    assert TEXT["en"].keys() == TEXT["fr"].keys()
    for key in TEXT["en"]:
        assert TEXT["en"][key].count("{}") == TEXT["fr"][key].count("{}"), key
    told = words(drawn(diagram(), language="fr"))
    assert "1000 paires · fiabilité 0,87" in told
    assert "Alès · Les prévisions tiennent-elles parole ?" in told


def test_what_it_says_to_those_who_cannot_see() -> None:
    said = drawn(diagram()).find(f"{SVG}desc")
    assert said is not None
    assert said.text == (
        "At +1 h: reliability 0.87 of 1 from 1000 pairs; 20% of the truth below the 10-90% band, 20% above it."
    )


def test_nothing_verified_is_said_and_draws_no_point() -> None:
    picture = drawn(diagram(1), empty(2))
    assert "nothing verified yet" in words(picture)
    assert "nan" not in ElementTree.tostring(picture, encoding="unicode").lower()
    only = drawn(empty(1)).find(f"{SVG}desc")
    assert only is not None and only.text == "nothing verified yet"


def test_bars_of_chance_only_where_there_are_blocks_enough() -> None:
    gone = np.full(3, np.nan)
    count = [len(list(drawn(d).iter(f"{SVG}rect"))) for d in (diagram(), diagram(low=gone, high=gone))]
    assert count[0] - count[1] == 3


def test_names_from_outside_are_escaped() -> None:
    assert any("<b>&" in t for t in words(drawn(diagram(), name="<b>&")))
    assert words(drawn(diagram(), name=""))[0].startswith("all stations")


def test_other_languages_are_refused() -> None:
    with pytest.raises(ValueError, match="language"):
        drawn(diagram(), language="de")
