"""Rating curves of FEWS: made by us, real, and broken."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fews_platform import put_file, series_of
from fews_samples import XML, real
from whole_loop import rows_between

from hydria_fews.rating_curves import read_ratings
from hydria_fews.survey import FewsSurvey
from hydria_plugin import FeedError

CURVES = """<RatingCurves xmlns="http://www.wldelft.nl/fews/PI"><timeZone>1.0</timeZone>
<ratingCurve><header><locationId>A</locationId><startDate date="2020-01-01" time="01:00:00"/>
<stageUnit>cm</stageUnit></header>
<table><row stage="300" discharge="90"/><row stage="50" discharge="0"/><row stage="80" discharge="0"/>
<row stage="150" discharge="20"/><row stage="160" discharge="NaN"/></table></ratingCurve>
<ratingCurve><header><locationId>B</locationId></header><table><row stage="1" discharge="2"/></table></ratingCurve>
<ratingCurve><header/><table/></ratingCurve></RatingCurves>"""


def test_curves_rise_in_metres(tmp_path: Path) -> None:
    (tmp_path / "curves.xml").write_text(CURVES)
    (curve,), remarks = read_ratings(tmp_path / "curves.xml")
    assert curve.station == "A" and curve.valid_from == np.datetime64("2020-01-01T00:00:00")
    assert curve.points == ((0.8, 0.0), (1.5, 20.0), (3.0, 90.0))
    assert "1 of its 1 rows" in remarks[0] and "locationId" in remarks[1] and len(remarks) == 2


def test_the_importer_takes_them_among_series(tmp_path: Path) -> None:
    (tmp_path / "curves.xml").write_text(CURVES)
    put_file(tmp_path / "series.xml", series_of(rows_between(0, 3)))
    found = FewsSurvey(path=str(tmp_path)).survey()
    assert [r.station for r in found.ratings] == ["A"] and len(found.stations) == 2


@pytest.mark.parametrize("text", ["<TimeSeries/>", "<RatingCurves><timeZone>x</timeZone></RatingCurves>", "<Rat"])
def test_what_is_none_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "curves.xml").write_text(text)
    with pytest.raises(FeedError, match=r"curves\.xml"):
        read_ratings(tmp_path / "curves.xml")


@real
def test_the_real_curves() -> None:
    found, remarks = read_ratings(XML / "swmm_rating_curves.xml")
    assert [(r.station, r.points[0], r.points[-1]) for r in found][:2] == [
        ("LocationX", (2.0, 0.0), (6.0, 40.0)),
        ("LOC_Y", (2.0, 1.1), (10.0, 1.9)),
    ]
    assert all(np.diff(np.array(r.points), axis=0).min() > 0 for r in found) and len(remarks) + len(found) >= 2
