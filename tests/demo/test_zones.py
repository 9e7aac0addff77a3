"""KnoX's reading in the demonstration: of the flood-free part only, beside the truth, in both languages, on disk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from hydria_plugin.demo.account import Teller
from hydria_plugin.demo.fictitious import fictitious_case
from hydria_plugin.demo.platform import Case
from hydria_plugin.demo.simulated import demonstration_case
from hydria_plugin.demo.zones import Zones, explain_zones, in_percent, rain_and_river
from hydria_plugin.drawing.words import Words


@pytest.fixture(scope="module")
def short() -> Case:
    return fictitious_case("A", years=0.25)


def test_what_is_learned_from_ends_before_the_flood(short: Case) -> None:
    history = rain_and_river(short)
    assert history.times[-1] < short.times[short.first]
    assert history.layout.series[0].tolist() == list(short.shares)
    np.testing.assert_array_equal(history.target.values[0], short.series["level.bridge"][: short.first])


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_report_lies_in_the_folder_and_the_account_tells_truth_and_reading(
    short: Case, tmp_path: Path, language: str
) -> None:
    zones = explain_zones(tmp_path, short, language, members=3)
    assert zones is not None
    assert zones.names == tuple(short.shares)
    assert sum(zones.read) == pytest.approx(1, abs=1e-6) and sum(zones.true) == pytest.approx(1)
    page, plate = zones.files
    assert 'lang="' + language in page.read_text(encoding="utf-8")
    assert ElementTree.parse(plate).getroot().tag.endswith("svg")
    text = "\n".join(Teller(short, Words.of(language, "Europe/Paris")).zones(zones))
    assert "45/30/15/10" in text and in_percent(zones.read) in text and str(page) in text
    assert all(said in text for said in zones.cautions)
    assert [row["true"] for row in zones.facts()["zones"]] == list(zones.true)


@pytest.mark.slow
def test_the_demonstration_reads_more_years_and_warns_where_it_is_far_from_the_truth(tmp_path: Path) -> None:
    case = demonstration_case()
    longer = case.to_read
    assert longer.days > 2 * case.days and longer.shares == case.shares
    zones = explain_zones(tmp_path, longer, "en")  # as many networks as the demonstration has: few do not agree on it
    assert zones is not None
    errors = np.abs(np.array(zones.read) - np.array(zones.true))
    assert np.argmax(zones.read) == np.argmax(zones.true), zones.read
    assert errors.max() < 0.06 or zones.cautions, (zones.read, zones.true)


def test_a_case_without_a_longer_record_is_read_itself(short: Case) -> None:
    assert short.to_read is short
    assert short.days == int((short.times[short.first] - short.times[short.first_trained]) / np.timedelta64(1, "D"))


def test_without_known_truth_or_with_a_river_that_stands_still_it_is_said_that_nothing_was_read(
    short: Case, tmp_path: Path
) -> None:
    assert explain_zones(tmp_path, replace(short, shares={}), "en") is None
    still = replace(short, series={**short.series, "level.bridge": np.ones(len(short.times))})
    assert explain_zones(tmp_path, still, "en") is None
    assert list(tmp_path.iterdir()) == []
    assert "not read" in "\n".join(Teller(short, Words.of("en", "UTC")).zones(None))


def test_shares_as_people_read_them() -> None:
    assert in_percent((0.446, 0.3, 0.154, 0.1)) == "45/30/15/10"
    held = Zones(("rain.a",), (1.0,), (0.9,), ("take care",), (Path("knox.html"),)).facts()
    assert held == {
        "zones": [{"series": "rain.a", "true": 1.0, "read": 0.9}],
        "warnings": ["take care"],
        "files": ["knox.html"],
    }
