"""Laws of the pictures: well-formed whatever the names, on the paper whatever the numbers, true in what they say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scenes import BULLETIN

from hydria_plugin.alerts import Thresholds
from hydria_plugin.drawing import hydrograph
from hydria_plugin.drawing.axes import time_ticks
from hydria_plugin.drawing.limits import _apart as apart
from hydria_plugin.drawing.paper import BOTTOM, HEIGHT, TOP, WIDTH
from hydria_plugin.drawing.reliability import reliability
from hydria_plugin.drawing.words import Words
from hydria_plugin.testing import sample_alert
from hydria_plugin.values import Basis, Bulletin, Forecast, Reason
from hydria_plugin.verification.diagrams import Diagram

SVG = "{http://www.w3.org/2000/svg}"
LAYOUT = BULLETIN.layout
NAMES = st.text(max_size=40) | st.sampled_from(
    ["", "]]>", "<svg>", "\x00\x1b[2J\ufffe", "宮古川", "م" * 200, "&#0;" * 99]
)
NUMBERS = (
    st.floats(-50, 50)
    | st.just(float("nan"))
    | st.sampled_from([0.0, -9999.0, 1e20, 9.969209968386869e36, 3e38, -3e38, 1e-30])
)
ZONES = [
    "UTC",
    "Europe/Paris",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "America/St_Johns",
    "Pacific/Apia",
    "Australia/Lord_Howe",
]
QUANTILES = [
    (0.5,),
    (0.25, 0.5, 0.75),
    (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95),
    (0.5, 0.9),
    (0.01, 0.05, 0.1, 0.2, 0.5, 0.8),
]


def bulletin(
    names: tuple[str, ...] = LAYOUT.names,
    observed: np.ndarray | None = None,
    values: np.ndarray | None = None,
    quantiles: tuple[float, ...] = LAYOUT.quantiles,
    step: np.timedelta64 = LAYOUT.step,
    alerts: Any = (),
) -> Bulletin:
    """As read back from a store, with these numbers of its first station; ``values`` (H, Q), NaN for no forecast."""
    s, h, q = len(LAYOUT.stations), LAYOUT.horizon, len(quantiles)
    layout = replace(LAYOUT, names=names, quantiles=quantiles, step=step)
    whole = np.full((s, h, q), np.nan)
    whole[0] = np.sort(np.full((h, q), 0.5) if values is None else values, axis=-1)
    whole[0] = whole[0] if np.isfinite(whole[0]).all() else np.nan
    there = np.isfinite(whole).all(axis=(1, 2))
    f = Forecast(
        BULLETIN.issued_at, step, layout.stations, quantiles, whole, tuple("x" if t else "" for t in there),
        np.where(there, 0, -1).astype(np.int16),
    )  # fmt: skip
    seen = np.array(BULLETIN.summary.observed)
    seen[0] = seen[0] if observed is None else observed
    summary = replace(BULLETIN.summary, observed=seen.astype(np.float32), completed=None, estimated=None)
    return replace(BULLETIN, layout=layout, window=None, summary=summary, forecast=f, raw=f, alerts=tuple(alerts))


def texts(picture: ElementTree.Element) -> list[str]:
    return ["".join(e.itertext()) for e in picture.iter(f"{SVG}text")]


def points(picture: ElementTree.Element) -> Iterator[tuple[float, float]]:
    """Every place that something is drawn at; what stands in a group is moved with it."""
    for e in picture:
        x, y = (float(e.get(name, "0")) for name in ("x", "y"))
        if e.tag == f"{SVG}rect":
            yield from ((x, y), (x + float(e.get("width", "0")), y + float(e.get("height", "0"))))
        elif e.tag == f"{SVG}line":
            yield from ((float(e.get(f"x{n}", "")), float(e.get(f"y{n}", ""))) for n in (1, 2))
        elif e.tag == f"{SVG}path":
            yield from ((float(a), float(b)) for a, b in re.findall(r"[ML](\S+) ([^\sMLZ]+)", e.get("d", "")))
        elif e.tag == f"{SVG}text":
            size = float(e.get("font-size", "12"))
            length = 0.4 * size * len("".join(e.itertext()))  # narrow letters
            back = {"end": length, "middle": length / 2}.get(e.get("text-anchor", ""), 0.0)
            yield from ((x - back, y - 0.7 * size), (x - back + length, y))
        elif e.tag == f"{SVG}g":
            moved = re.fullmatch(r"translate\((\S+) (\S+)\)", e.get("transform", ""))
            assert moved is not None
            yield from ((x + float(moved[1]), y + float(moved[2])) for x, y in points(e))


def assert_on_paper(text: str) -> ElementTree.Element:
    picture = ElementTree.fromstring(text)
    width, height = (float(picture.get(name, "0")) for name in ("width", "height"))
    outside = [p for p in points(picture) if not (-1 <= p[0] <= width + 1 and -1 <= p[1] <= height + 1)]
    assert not outside, outside[:5]
    return picture


@st.composite
def pictures(draw: st.DrawFn) -> str:
    """Any forecast with gaps, any names, thresholds above or below all, rain and truth that do not fit."""
    quantiles = draw(st.sampled_from(QUANTILES))
    step = np.timedelta64(draw(st.sampled_from([10, 60, 300, 900, 3600, 5400, 86400])), "s")
    past, h = len(BULLETIN.summary.observed[0]), LAYOUT.horizon
    numbers = st.lists(NUMBERS, min_size=past, max_size=past)
    observed = draw(numbers | NUMBERS.map(lambda v: [v] * past))
    values = draw(
        st.lists(NUMBERS, min_size=h * len(quantiles), max_size=h * len(quantiles)).map(
            lambda v: np.reshape(v, (h, len(quantiles)))
        )
        | st.floats(-1, 1).map(lambda v: np.full((h, len(quantiles)), v))
    )
    limits = sorted(
        draw(st.sets(st.floats(-100, 100) | st.sampled_from([1e9, 1e-9, 0.5, 0.500001, 0.5002]), max_size=9))
    )
    called = draw(st.lists(NAMES, min_size=len(limits), max_size=len(limits), unique=True))
    at = BULLETIN.issued_at
    alert = replace(
        sample_alert(at),
        threshold=draw(NAMES),
        probability=draw(st.floats(0, 1) | st.just(float("nan"))),
        reason=draw(st.sampled_from(list(Reason))),
        basis=draw(st.sampled_from(list(Basis))),
        rank=draw(st.integers(-1, 6)),
    )
    offsets = np.array(draw(st.lists(st.integers(-40 * 90, 40 * 90), max_size=6)), dtype=np.int64)
    heights = np.array(draw(st.lists(NUMBERS, min_size=len(offsets), max_size=len(offsets))), dtype=float)
    series = (at + (offsets * (step.astype(int) / 90)).astype("timedelta64[s]"), heights)
    own = draw(NAMES)
    return hydrograph(
        bulletin((own, "b", "c"), np.array(observed), values, quantiles, step, (alert,) * draw(st.integers(0, 1))),
        "s1",
        thresholds=Thresholds(tuple(called), np.tile(np.array(limits, dtype=float), (3, 1))),
        rain=draw(st.sampled_from([None, series])),
        truth=draw(st.sampled_from([None, series])),
        language=draw(st.sampled_from(["en", "fr"])),
        timezone=draw(st.sampled_from(ZONES)),
    )


@settings(max_examples=150)
@given(text=pictures())
def test_any_forecast_is_well_formed_and_stays_on_the_paper(text: str) -> None:
    picture = assert_on_paper(text)
    assert all(np.isfinite(p).all() for p in points(picture))


@pytest.mark.parametrize("fill", [1e20, 9.969209968386869e36, -9999.0, 0.0, 1e-30])
def test_a_sensor_that_says_one_number_for_ever_is_drawn(fill: float) -> None:
    """Fill values of loggers and of netCDF among them: the picture goes into mail and page as any other."""
    text = hydrograph(bulletin(observed=np.full(24, fill), values=np.full((6, 7), fill)), "s1")
    assert max(map(len, texts(assert_on_paper(text)))) < 150


@settings(max_examples=100)
@given(st.lists(st.floats(TOP, BOTTOM), max_size=12).map(lambda y: sorted(y, reverse=True)))
@example([TOP] * 12)
@example([BOTTOM] * 12)
def test_names_of_thresholds_stand_apart_in_order_and_on_the_paper(lines: list[float]) -> None:
    places = apart(lines)
    assert all(TOP <= place <= BOTTOM + 12 for place in places)
    enough = min(30.0, (BOTTOM + 12 - TOP) / max(len(lines), 1))
    assert all(low - high >= enough - 1e-6 for low, high in pairwise(places))


def test_a_long_name_does_not_run_under_the_alert() -> None:
    alert = replace(sample_alert(BULLETIN.issued_at), threshold="very high water of the second kind")
    picture = assert_on_paper(hydrograph(bulletin(("W" * 80, "b", "c"), alerts=(alert,)), "s1"))
    title = next(t for t in picture.iter(f"{SVG}text") if t.get("font-size") == "20")
    badge = next(r for r in picture.iter(f"{SVG}rect") if r.get("rx") == "13")
    assert 22 + 11 * len(title.text or "") <= float(badge.get("x", "0"))


# ---- what is said is true ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quantiles", "said"),
    [((0.5,), False), ((0.25, 0.5, 0.75), False), ((0.1, 0.5, 0.9), True), ((0.05, 0.5, 0.95), True)],
)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_eight_chances_in_ten_are_told_only_where_the_quantiles_reach_so_far(
    quantiles: tuple[float, ...], said: bool, language: str
) -> None:
    drawn = ElementTree.fromstring(hydrograph(bulletin(quantiles=quantiles), "s1", language=language))
    told = drawn.findtext(f"{SVG}desc") or ""
    assert ("eight chances" in told or "huit chances" in told) is said
    assert "highest at" in told or "culmine à" in told


@pytest.mark.parametrize(
    ("seconds", "unit"),
    [(10, "mm/10 s"), (60, "mm/min"), (600, "mm/10 min"), (3600, "mm/h"), (5400, "mm/1 h 30 min"), (86400, "mm/d")],
)
def test_the_rain_axis_says_per_what(seconds: int, unit: str) -> None:
    step = np.timedelta64(seconds, "s")
    rain = (BULLETIN.issued_at - step * np.arange(3), np.array([1.0, 2.0, 0.0]))
    assert unit in texts(assert_on_paper(hydrograph(bulletin(step=step), "s1", rain=rain)))


@given(st.integers(0, 40 * 86400))
def test_a_duration_can_be_read_back(seconds: int) -> None:
    units = {"d": 86400, "h": 3600, "min": 60, "s": 1}
    words = Words.of("en", "UTC").duration(np.timedelta64(seconds, "s")).split()
    assert sum(int(n) * units[u] for n, u in zip(words[::2], words[1::2], strict=True)) == seconds


@given(st.floats(-1e12, 1e12), st.integers(0, 4))
def test_a_number_is_never_minus_nothing_and_never_long(value: float, decimals: int) -> None:
    for language in ("en", "fr"):
        text = Words.of(language, "UTC").number(value, decimals)
        back = float(text.replace("−", "-").replace(",", "."))
        assert back == pytest.approx(value, rel=6e-3 if abs(value) >= 1e9 else 0, abs=0.51 * 10.0**-decimals)
        assert len(text) <= 16 and not (back == 0 and text.startswith("−"))


@settings(max_examples=60)
@given(
    zone=st.sampled_from(ZONES),
    start=st.integers(1_500_000_000, 1_900_000_000),
    minutes=st.sampled_from([3, 20, 100, 500, 1500, 4000, 12000, 40000]),
)
@example(zone="Asia/Kolkata", start=1_600_000_000, minutes=1800)
@example(zone="Asia/Kathmandu", start=1_600_000_000, minutes=12000)
def test_every_zone_has_times_on_its_axis(zone: str, start: int, minutes: int) -> None:
    """Those of a quarter or half an hour beside UTC too, and across their clock changes."""
    words, first = Words.of("en", zone), np.datetime64(start, "s")
    found = time_ticks(first, first + np.timedelta64(minutes, "m"), words)
    assert 1 <= len(found) <= 28
    assert (np.diff(found) > np.timedelta64(0, "s")).all()
    assert all(words.local(t).minute % 5 == 0 for t in found) or minutes < 20


# ---- the reliability diagram ------------------------------------------------------------------------------------


@settings(max_examples=25)
@given(
    name=NAMES,
    many=st.integers(1, 4),
    share=st.lists(st.floats(0, 1), min_size=3, max_size=3),
    ranks=st.lists(st.floats(0, 1), min_size=4, max_size=4),
    known=st.booleans(),
    language=st.sampled_from(["en", "fr"]),
)
def test_any_reliability_diagram_is_well_formed_and_stays_on_the_paper(
    name: str, many: int, share: list[float], ranks: list[float], known: bool, language: str
) -> None:
    levels, shares = np.array([0.1, 0.5, 0.9]), np.array(share)
    half = np.minimum(0.05, shares / 2) if known else np.full(3, np.nan)
    drawn = [
        Diagram("s", lead, levels, 9, shares, np.minimum(0.1, np.minimum(shares, 1 - shares)),
                np.clip(shares - half, 0, 1), np.clip(shares + half, 0, 1), np.array(ranks), 0.9)
        for lead in range(1, many + 1)
    ]  # fmt: skip
    assert_on_paper(reliability(drawn, name, np.timedelta64(5400, "s"), language=language))


def test_the_paper_is_as_large_as_it_says() -> None:
    picture = ElementTree.fromstring(hydrograph(bulletin(), "s1"))
    assert picture.get("viewBox") == f"0 0 {WIDTH} {HEIGHT}"
