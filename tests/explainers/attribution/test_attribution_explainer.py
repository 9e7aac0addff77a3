"""The attribution report: what it says, in both languages, what it holds, and its picture."""

from __future__ import annotations

import json
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydria_plugin import Attribution, Forecast, Layout, Signal, Window
from hydria_plugin.drawing.words import Words
from hydria_plugin.explainers.attribution.explainer import AttributionExplainer, corrected
from hydria_plugin.explainers.attribution.figure import figure
from hydria_plugin.explainers.attribution.telling import Telling, peak_of, shortest_run, telling_of
from hydria_plugin.explainers.attribution.words import TEXT, headline
from hydria_plugin.forecasters.persistence import Persistence
from hydria_plugin.testing.checks import check_explainer
from hydria_plugin.testing.samples import sample_forecast, sample_layout, sample_window

ENGLISH, FRENCH = Words.of("en", "UTC"), Words.of("fr", "Europe/Paris")
NOW = np.datetime64("2026-03-01T12:00:00", "s")
HOUR = np.timedelta64(3600, "s")


def layout() -> Layout:
    plain = sample_layout(stations=1, slots=3, past=6, horizon=4)
    return replace(plain, series=np.array([["Saumane", "Valleraugue", "Anduze"]]))


def window() -> Window:
    return sample_window(layout(), gaps=0.0)


def parts(**lines: float) -> Attribution:
    """1 m now; at the second lead 62 cm of rain at Saumane from 09:00 to 11:00, and more of everything else."""
    a = layout()
    s, p, h, v = 1, a.past, a.horizon, len(a.slots)
    own, inputs, before = np.zeros((s, h, p)), np.zeros((s, h, p + h, v)), np.zeros((s, h, v))
    inputs[0, 1, 3:5, 0] = 0.30, 0.32  # 09:00-10:00, 10:00-11:00
    inputs[0, 1, 1, 1] = 0.10
    inputs[0, 1, p, 0] = 0.08
    own[0, 1, -2:], before[0, 1, 1] = 0.05, 0.04
    told = {name: np.full((s, h), value) for name, value in lines.items()}
    return Attribution(a.stations, np.ones((s, h)), own, inputs, before, told)


def telling(**lines: float) -> Telling:
    return telling_of(parts(**lines), layout(), 0, NOW + HOUR * np.arange(-5, 5))


class Told:
    """A forecaster whose parts are given."""

    name = "told"

    def __init__(self, found: Attribution) -> None:
        self.found = found

    def forecast(self, window: Window) -> Forecast:
        spread = np.linspace(-0.1, 0.1, len(window.quantiles))
        return Forecast.of(window, self.found.median[:, :, None] + spread, self.name)

    def attribute(self, window: Window) -> Attribution:
        return self.found


def test_the_headline_in_english() -> None:
    said = headline(telling(), ENGLISH)
    assert said == "the rise at 14:00 is 66% rain at Saumane between 09:00 and 11:00"


def test_the_headline_in_french_and_in_local_time() -> None:
    said = headline(telling(), FRENCH)
    assert said == "la montée à 15:00 est due à 66 % à la pluie à Saumane entre 10:00 et 12:00"


def test_the_share_is_of_all_that_drives_it_up() -> None:
    """0.62 of 0.62 + 0.10 + 0.08 + 0.10 + 0.04 = 0.94; what takes away is not counted, it is in the table."""
    cause, share = telling().main()
    assert (cause.name, share) == ("Saumane", pytest.approx(0.62 / 0.94))
    assert telling(limits=-0.3).main()[1] == pytest.approx(0.62 / 0.94)
    assert telling(usual=0.06).main()[1] == pytest.approx(0.62)


def test_causes_add_up_to_the_change() -> None:
    one = telling(limits=-0.1, calibration=0.02)
    assert sum(cause.part for cause in one.causes()) == pytest.approx(one.change)


def moved(to: str) -> Telling:
    """The same with one cause made the strongest."""
    found = parts()
    inputs, own, before = found.inputs.copy(), found.own.copy(), found.before.copy()
    if to == "ahead":
        inputs[0, 1, 6:8, 0] = 1.0
    elif to == "river":
        inputs[0, 1, 2, 2] = 2.0
    elif to == "own":
        own[0, 1] = 0.5
    elif to == "before":
        before[0, 1, 0] = 2.0
    found = replace(found, inputs=inputs, own=own, before=before)
    return telling_of(found, layout(), 0, NOW + HOUR * np.arange(-5, 5))


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("ahead", "rain forecast at Saumane between 12:00 and 14:00"),
        ("river", "the river at Anduze between 08:00 and 09:00"),
        ("own", "the river's own course so far"),
        ("before", "how wet Saumane was over the days before"),
    ],
)
def test_every_kind_of_cause_has_its_words(to: str, said: str) -> None:
    assert said in headline(moved(to), ENGLISH)
    assert "{" not in headline(moved(to), FRENCH)


def test_a_line_can_be_the_cause() -> None:
    assert "is 76% error model" in headline(telling(**{"error model": 3.0}), ENGLISH)
    assert "mute" in headline(telling(mute=3.0), ENGLISH), "a member's line is called after it"


def test_a_fall_and_no_change() -> None:
    found = parts()
    fall = replace(found, inputs=-found.inputs, own=-found.own, before=-found.before)
    times = NOW + HOUR * np.arange(-5, 5)
    assert headline(telling_of(fall, layout(), 0, times), ENGLISH).startswith(
        "the fall until 14:00 is 66% rain at Saumane"
    )
    still = replace(found, inputs=0 * found.inputs, own=0 * found.own, before=0 * found.before)
    assert "the last value holds" in headline(telling_of(still, layout(), 0, times), ENGLISH)


def test_another_day_is_named() -> None:
    late = telling_of(parts(), layout(), 0, np.datetime64("2026-03-01T23:00:00", "s") + HOUR * np.arange(-5, 5))
    assert "the rise at 01:00 on 2 Mar" in headline(late, ENGLISH)


def test_texts_have_the_same_keys_and_places() -> None:
    assert set(TEXT["en"]) == set(TEXT["fr"])
    for key, text in TEXT["en"].items():
        assert text.count("{") == TEXT["fr"][key].count("{"), key


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-5, 5), min_size=1, max_size=12), st.floats(0.1, 1.0))
def test_the_shortest_run_holds_enough_and_none_shorter_does(values: list[float], share: float) -> None:
    amounts = np.maximum(np.array(values), 0.0)
    first, last = shortest_run(np.array(values), share)
    assert 0 <= first <= last < len(values)
    if amounts.sum() > 0:
        enough = share * amounts.sum()
        assert amounts[first : last + 1].sum() >= enough * (1 - 1e-9)
        length = last - first
        shorter = [amounts[i : i + length].sum() for i in range(len(values))] if length else [0.0]
        assert max(shorter) < enough + 1e-9


def test_peak_of_the_highest_else_the_lowest() -> None:
    assert peak_of(np.array([1.0, 3.0, 2.0]), 1.0) == (1, True)
    assert peak_of(np.array([0.9, 0.5, 0.7]), 1.0) == (1, False)


def test_the_title_is_the_station_s_name_or_its_id() -> None:
    titles = [
        telling_of(parts(), replace(layout(), names=names), 0, NOW + HOUR * np.arange(-5, 5)).title
        for names in ((), ("",), ("Anduze (Gardon)",))
    ]
    assert titles == ["s1", "s1", "Anduze (Gardon)"]


# ---- the report


def report_of(found: Attribution, words: Words = ENGLISH) -> dict[str, object]:
    told = Told(found)
    (report,) = AttributionExplainer(words=words).explain(window(), told.forecast(window()), told)
    assert (report.kind, report.station) == ("attribution", "s1")
    return {"headline": report.headline, **json.loads(json.dumps(report.body, allow_nan=False))}


def test_the_body_adds_up_to_the_issued_median() -> None:
    body = report_of(parts(limits=-0.2, calibration=0.05))
    slots, lines = body["slots"], body["lines"]
    total = body["base"] + sum(body["own"]) + sum(s["part"] for s in slots) + sum(lines.values())  # type: ignore[operator,arg-type,index,union-attr,attr-defined]
    assert total == pytest.approx(body["peak"]["median"], abs=1e-12)  # type: ignore[index]
    assert [s["series"] for s in slots] == ["Saumane", "Valleraugue", "Anduze"]  # type: ignore[union-attr,attr-defined]
    leads = body["leads"]
    sums = np.sum([leads["base"], leads["own"], *leads["slots"].values(), *leads["lines"].values()], axis=0)  # type: ignore[index]
    np.testing.assert_allclose(sums, leads["median"], atol=1e-12)  # type: ignore[index]


def test_the_body_says_when_and_where() -> None:
    body = report_of(parts())
    main = body["main"]
    assert main["name"] == "Saumane" and main["share"] == pytest.approx(0.62 / 0.94)  # type: ignore[index]
    assert (main["from"], main["to"]) == ("2026-03-01T05:00:00Z", "2026-03-01T07:00:00Z")  # type: ignore[index]
    assert body["peak"]["at"] == "2026-03-01T10:00:00Z" and body["peak"]["lead"] == 2  # type: ignore[index]


def test_what_correctors_did_are_lines_and_the_sum_is_the_issued_median() -> None:
    found, told = parts(), Told(parts())
    raw = told.forecast(window())
    added = np.stack([np.full((1, 4), 0.2), np.full((1, 4), -0.05), np.full((1, 4), 0.01)], axis=1)
    issued = replace(
        raw, values=raw.values + added.sum(axis=1)[..., None], corrections=added,
        correction_names=("error-model", "conformal", "theirs"),
    )  # fmt: skip
    after = corrected(found, issued)
    np.testing.assert_allclose(after.median, issued.median, atol=1e-12)
    lines = {name: float(line[0, 0]) for name, line in after.lines.items()}
    assert lines == pytest.approx({"error model": 0.2, "calibration": -0.05, "theirs": 0.01})


def test_a_correction_that_nobody_kept_is_calibration() -> None:
    raw = Told(parts()).forecast(window())
    after = corrected(parts(), replace(raw, values=raw.values + 0.5))
    np.testing.assert_allclose(after.lines["calibration"], 0.5)


def test_no_report_without_a_forecast_or_a_why() -> None:
    explainer = AttributionExplainer()
    silent = Told(replace(parts(), base=np.full((1, 4), np.nan)))
    assert not explainer.explain(window(), silent.forecast(window()), silent)

    class Plain:
        def forecast(self, window: Window) -> Forecast:
            return sample_forecast(window)

    assert not explainer.explain(window(), sample_forecast(window()), Plain())


def test_keeps_the_promises_of_its_role() -> None:
    check_explainer(AttributionExplainer(words=FRENCH), Persistence(), sample_layout())
    steady = replace(window(), observed=Signal.measured(np.full((1, 1, 6), 2.0)))
    (report,) = AttributionExplainer().explain(steady, Persistence().forecast(steady), Persistence())
    assert "holds" in report.headline and report.body["slots"][0]["part"] == 0.0


# ---- the picture


def svg_of(one: Telling, words: Words = ENGLISH) -> ElementTree.Element:
    return ElementTree.fromstring(figure(one, headline(one, words), words))


def words_in(svg: ElementTree.Element) -> str:
    return " ".join(t.text or "" for t in svg.iter() if t.tag.endswith("text"))


@pytest.mark.parametrize("words", [ENGLISH, FRENCH])
def test_the_picture_names_every_cause_with_its_amount(words: Words) -> None:
    svg = svg_of(telling(limits=-0.3), words)
    said = words_in(svg)
    for name, amount in (("Saumane", 0.70), ("Valleraugue", 0.10)):
        assert name in said and f"+{words.number(amount, 2)}" in said
    assert TEXT[words.language]["limits"] in said and words.number(-0.3, 2) in said
    assert svg.get("lang") == words.language


def test_bars_stand_for_every_step_that_adds_and_what_is_to_come_is_outlined() -> None:
    rectangles = [r for r in svg_of(telling()).iter() if r.tag.endswith("rect")]
    outlined = [r for r in rectangles if r.get("stroke")]
    assert len(outlined) == 1, "one step of forecast rain"
    assert all(float(r.get("height", "0")) >= 0 for r in rectangles)


def test_a_hostile_gauge_name_stays_text() -> None:
    hostile = replace(telling(), series=('<script>alert("1")</script>', "Valleraugue", "Anduze"))
    assert "<script" not in figure(hostile, headline(hostile, ENGLISH), ENGLISH)


def test_nothing_to_draw_is_still_a_picture() -> None:
    found = parts()
    still = replace(found, inputs=0 * found.inputs, own=0 * found.own, before=0 * found.before)
    svg_of(telling_of(still, layout(), 0, NOW + HOUR * np.arange(-5, 5)))
