"""A bulletin as series of PI, names and flags both ways, tables from series."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fews_series import same_series
from hypothesis import given
from hypothesis import strategies as st
from test_fews_pi_samples import agree, independent

from hydria_fews.feeding import ahead_of, in_unit, issued, table_of
from hydria_fews.flags import flag_out, flags_in
from hydria_fews.naming import Naming, pattern_faults
from hydria_fews.pi_json import pi_json, read_pi_json
from hydria_fews.pi_reading import read_pi
from hydria_fews.pi_series import PiHeader, PiSeries
from hydria_fews.pi_writing import pi_xml
from hydria_fews.rendering import bulletin_series, report_series
from hydria_plugin import Bulletin, Flag, Report, Wanted
from hydria_plugin.explainers.knox.document import station_facts
from hydria_plugin.explainers.knox.readings import VARIANTS, Reading, Response, Share, SlotReading
from hydria_plugin.explainers.knox.words import Speech
from hydria_plugin.testing import sample_bulletin

WORD = st.from_regex(r"[A-Za-z0-9_.]{1,8}", fullmatch=True)
KNOX = {"slots": [{"slot": "rain.1", "series": "R1/P", "share": {"median": 0.6, "q25": 0.5, "q75": 0.7}}]}


def whole() -> Bulletin:
    made = sample_bulletin()
    s, h, _ = made.forecast.values.shape
    members = np.arange(s * 2 * 3 * h, dtype=float).reshape(s, 2, 3, h)
    variance = np.broadcast_to(np.array([1.0, 2.0, 1.0]), (s, h, 3)).copy()
    variance[0, 0, 1] = np.nan
    values = made.forecast.values.copy()
    values[2] = np.nan
    forecast = replace(
        made.forecast, members=members, variance=variance, values=values,
        rung=np.array([0, 0, -1], np.int16), made_by=("a", "a", ""),
    )  # fmt: skip
    past = made.summary.observed.copy()
    past[1, 3] = np.nan
    past[1, 4] = np.nan
    filled = np.full_like(past, np.nan)
    filled[1, 3] = 7.5
    summary = replace(made.summary, observed=past, completed=filled, believed=np.array([1, 1, 0], np.uint8))
    reports = (Report("knox", "s1", "E1", "rain of the north", KNOX), Report("attribution", "s2", "E2", "told"))
    return replace(made, forecast=forecast, summary=summary, reports=reports)


def rendered() -> dict[tuple[str, str, tuple[str, ...], int | None], PiSeries]:
    made = list(bulletin_series(whole(), Naming(names={"s1-level/H": "level@s1"})))
    back = read_pi(b"".join(pi_xml(made, zone=-5.0)), "x").series  # as FEWS reads them
    return {(s.header.location, s.header.parameter, s.header.qualifiers, s.header.member): s for s in back}


def test_quantiles_members_and_their_header() -> None:
    found, bulletin = rendered(), whole()
    for k, q in enumerate(bulletin.forecast.quantiles):
        one = found["s1-level", "H", (f"q{q:g}",), None]
        np.testing.assert_allclose(one.value, bulletin.forecast.values[0, :, k])
        assert (one.flag == 0).all() and one.header.units == "m" and one.header.issued_at == bulletin.issued_at
        assert one.time.tolist() == bulletin.forecast.valid_times().astype("M8[ms]").tolist()
    gone = found["s3", "H", ("q0.5",), None]
    assert np.isnan(gone.value).all() and (gone.flag == 9).all()
    members = [s for key, s in found.items() if key[0] == "s2" and s.header.ensemble == "hydria"]
    assert [s.header.member for s in members] == list(range(6))
    np.testing.assert_allclose(members[4].value, bulletin.forecast.members[1, 1, 1])  # type: ignore[index]
    assert not [key for key in found if key[0] == "s3" and key[3] is not None]


def test_flags_say_what_the_forecast_rests_on() -> None:
    found = rendered()
    checked = found["s2", "H", ("checked",), None]
    assert checked.flag[3] == 5 and checked.value[3] == 7.5 and checked.flag[4] == 9 and np.isnan(checked.value[4])
    assert found["s3", "H", ("checked",), None].flag[-1] == 6


def test_doubt_alerts_and_reports() -> None:
    found = rendered()
    shares = [found["s1-level", "doubt.share", (name,), None].value for name in ("model", "input", "residual")]
    np.testing.assert_allclose(np.nansum(shares, axis=0), 1.0)
    assert np.isnan(shares[1][0]) and shares[1][1] == 0.5
    alert = whole().alerts[0]
    told = found["s1-level", "alert.level", (), None]
    assert told.value[0] == alert.rank + 1 and alert.event in told.more["comment"][0]
    assert found["s2", "alert.level", (), None].value[0] == 0
    assert found["s1-level", "knox.share", ("R1/P", "median"), None].value[0] == 0.6
    assert found["s1-level", "report.knox", (), None].more["comment"][0] == "E1 rain of the north"
    assert found["s2", "report.attribution", (), None].value[0] == 1


@pytest.mark.parametrize("zone", [0.0, 1.0, -5.0, 5.5])
def test_a_whole_bulletin_is_read_back_by_us_and_by_others(tmp_path: Path, zone: float) -> None:
    """Quantiles, members, flags, gaps, alerts, reports and shares: as XML, as JSON, and by the independent reader,
    which has no place for comments."""
    made, file = list(bulletin_series(whole(), Naming())), tmp_path / "made.xml"
    parameters = {one.header.parameter for one in made}
    assert parameters >= {"H", "alert.level", "alert.probability", "doubt.share", "knox.share", "report.knox"}
    assert {f for one in made for f in one.flag.tolist()} >= {-1, 0, 5, 6, 9}
    file.write_bytes(b"".join(pi_xml(made, zone=zone)))
    same_series(read_pi(file.read_bytes(), "x").series, made)
    same_series(read_pi_json(json.dumps(pi_json(made, zone=zone)).encode(), "x").series, made)
    theirs = independent(str(file))
    assert theirs.timeZone == zone and len(theirs.series) == len(made)
    for one, other in zip(made, theirs.series, strict=True):
        agree(one, other, zone)
        issue = other.header.forecastDate
        local = str((one.header.issued_at + np.timedelta64(round(zone * 3600), "s")).astype("M8[s]"))
        assert f"{issue.date}T{issue.time}" == local


@given(WORD, WORD, WORD)
def test_a_name_says_its_parts(location: str, parameter: str, qualifier: str) -> None:
    naming = Naming("{location}/{parameter}#{qualifier}")
    series = naming.series(PiHeader(location, parameter, qualifiers=(qualifier,)))
    assert naming.parts(series) == {"location": location, "parameter": parameter, "qualifier": qualifier}


def test_names_stand_before_the_pattern() -> None:
    naming = Naming(names={"A/H": "anduze"})
    assert naming.series(PiHeader("A", "H")) == "anduze" and naming.series(PiHeader("B", "H")) == "B/H"
    assert naming.parts("anduze") == {"location": "A", "parameter": "H"} and naming.parts("no-pattern") == {}


@pytest.mark.parametrize("pattern", ["{", "{place}", "{parameter}", "{0}", 3])
def test_patterns_that_are_none(pattern: object) -> None:
    assert pattern_faults(pattern) and not pattern_faults("{location}")


def test_flags_both_ways() -> None:
    given_flags = np.arange(-1, 15).astype(np.int16)
    good, doubt, fail, gone = Flag.GOOD, Flag.SUSPECT, Flag.FAIL, Flag.MISSING
    expected = [good, *[good] * 3, *[doubt] * 3, *[fail] * 3, gone, gone, good, fail, fail, good]
    assert flags_in(given_flags).tolist() == expected
    for flag in Flag:
        back = flags_in(np.array([flag_out(flag)], np.int16))[0]
        assert back == (Flag.GOOD if flag is Flag.UNKNOWN else flag)


def test_what_was_exported_beyond_time0_is_a_forecast_of_then() -> None:
    t0, step = np.datetime64("2026-03-01T12:00:00", "s"), np.timedelta64(3600, "s")
    wanted = Wanted(("L/H",), t0 - 3 * step, t0, t0, t0 + 3 * step, step)
    one = PiSeries.of(PiHeader("L", "H"), t0 + step * np.arange(-3, 4), np.arange(7.0))
    table = table_of([one], wanted, Naming(), issue=ahead_of(t0))
    assert table["issued_at"].isna().tolist() == [True] * 4 + [False] * 3
    assert len(table_of([one], wanted, Naming())) == 4  # outside a run they are stamps from the future


def test_the_past_in_a_series_with_forecast_date_was_known_then_and_not_before() -> None:
    """Merged rain is exported with forecastDate: measured up to T0, forecast after it."""
    t0, step = np.datetime64("2026-03-01T12:00:00", "s"), np.timedelta64(3600, "s")
    times, issue = t0 + step * np.arange(-3, 4), t0.astype("M8[ms]")
    one = PiSeries.of(PiHeader("L", "P", "accumulative", issued_at=issue), times, np.arange(7.0))
    for mode in (issued, ahead_of(t0)):
        wanted = Wanted(("L/P",), t0 - 3 * step, t0, t0, t0 + 3 * step, step)
        table = table_of([one], wanted, Naming(), issue=mode)
        assert table["issued_at"].isna().tolist() == [True] * 4 + [False] * 3
        before = Wanted(("L/P",), t0 - 3 * step, t0 - step, t0 - step, t0 + 2 * step, step)
        assert len(table_of([one], before, Naming(), issue=mode)) == 0
    member = PiSeries.of(PiHeader("L", "P", issued_at=issue, member=5), times, np.arange(7.0))
    assert set(table_of([member], wanted, Naming())["member"]) == {0, 5}
    later = PiSeries.of(PiHeader("L", "P", issued_at=issue + step), times + step, np.arange(7.0) + 10)
    table = table_of([later, one], Wanted(("L/P",), t0, t0 + step, t0 + step, t0 + 4 * step, step), Naming())
    known = table[table["issued_at"].isna()]
    assert known["value"].tolist() == [12.0, 13.0]  # what the newer forecast knows of the past counts


@pytest.mark.parametrize("unit", ["", "-", "m", "m + MSL", "mNAP", "M"])
def test_units_of_levels(unit: str) -> None:
    layout = whole().layout
    assert in_unit(unit, layout.targets[0], layout) == 1.0
    assert in_unit("cm", layout.targets[0], layout) == 0.01 and in_unit("furlong", "unknown", layout) == 1.0
    with pytest.raises(ValueError, match="m3/s"):
        in_unit("m3/s", layout.targets[0], layout)


@pytest.mark.parametrize(
    ("ids", "numbers"), [(("low", "high"), [0, 1]), (("7", "9"), [7, 9]), (("", ""), [0, 0]), (("9" * 30, "x"), [0, 1])]
)
def test_members_by_their_ids(ids: tuple[str, ...], numbers: list[int]) -> None:
    t0, step = np.datetime64("2026-03-01T12:00:00", "s"), np.timedelta64(3600, "s")
    wanted = Wanted(("L/Q",), t0 - step, t0, t0, t0 + 3 * step, step)
    many = [
        PiSeries.of(
            PiHeader("L", "Q", ensemble="GR", member_id=i, issued_at=t0.astype("M8[ms]")), [t0 + step], [float(n)]
        )
        for n, i in enumerate(ids)
    ]
    table = table_of(many, wanted, Naming())
    assert table["member"].tolist() == list(dict.fromkeys(numbers)) and table["value"].iloc[-1] == 1.0


def test_a_simulation_is_wanted_in_the_unit_of_its_station() -> None:
    layout = whole().layout
    simulated = replace(layout, kinds=("simulation", *layout.kinds[1:]))
    series = str(layout.series[0, 0])
    assert in_unit("cm", series, simulated) == 0.01 and in_unit("m3/s", series, simulated) == 1.0


def test_the_shares_of_a_real_reading_of_knox() -> None:
    shares = (Share(0.6, 0.55, 0.66), Share(0.4, 0.34, 0.45))
    slots = tuple(
        SlotReading(
            f"rain.{n}", f"R{n}/P", share, share.median, share.median, (0.5, 0.5), Response(1, 1, 0, 2), 0.5, 0.5
        )
        for n, share in enumerate(shares, 1)
    )
    medians = tuple(s.median for s in shares)
    step = np.timedelta64(3600, "s")
    made = Reading("s2", "K2r", 5, 0, {"nse": 0.9}, slots, 0.1, dict.fromkeys(VARIANTS, medians), 0.0, 2, step)
    report = Report("knox", "s2", "E2", "of the north", {"version": "1", **station_facts(made, Speech("en"))})
    found = list(report_series([report], whole(), Naming()))
    told = {s.header.qualifiers: s.value[0] for s in found if s.header.parameter == "knox.share"}
    assert told == {(f"R{n}/P", k): getattr(s, k) for n, s in enumerate(shares, 1) for k in ("median", "q25", "q75")}
    assert {s.header.location for s in found} == {"s2"}
