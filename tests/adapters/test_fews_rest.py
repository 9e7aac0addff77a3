"""Source and sink over the web service, with each of its quirks."""

from __future__ import annotations

import itertools
import json
from base64 import b64encode
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from fews_platform import MODULES, NAMES, header_of, series_of
from fews_rest_feed import HISTORY, WANTED, layout, problems, put, source
from fews_samples import REST, real
from fews_service import PiServer, failing, half, serving
from whole_loop import BEGIN, CYCLES, STEP, Hosted, Rows, rows_between, run_loop

from hydria_fews.pi_json import pi_json, read_pi_json
from hydria_fews.pi_series import PiSeries
from hydria_fews.rest import FewsRestSink, FewsRestSource
from hydria_plugin import ConfigError, FeedError, Flag, Secret
from hydria_plugin.testing import check_source, sample_bulletin

pytestmark = pytest.mark.usefixtures("impatient")


@pytest.mark.parametrize("form", ["json", "xml"])
def test_what_is_wanted_is_read(host: PiServer, form: str) -> None:
    put(host, series_of(rows_between(0, 40)))
    reader = source(host, form=form)
    table, rows = reader.read(WANTED), rows_between(10, 21)
    for name in NAMES:
        times, values = rows.of(name)
        mine = table[table["series"] == NAMES[name]]
        assert mine["time"].dt.tz_localize(None).to_numpy().tolist() == times.astype("M8[us]").tolist()[-len(mine) :]
        np.testing.assert_allclose(mine["value"], values)
    assert problems(table) == []
    check_source(reader, WANTED)


def test_start_and_end_are_always_sent_and_ids_repeated(host: PiServer) -> None:
    put(host, series_of(rows_between(0, 40)))
    source(host).read(WANTED)
    ((path, query),) = host.questions
    assert (path, query["filterId"]) == ("timeseries", ["hydria"])
    assert query["startTime"] == ["2026-08-20T09:00:00Z"] and query["endTime"] == ["2026-08-21T02:00:00Z"]
    assert query["locationIds"] == ["Q_UP", "H_DOWN", "R1", "R2", "R3"] and len(query["parameterIds"]) == 3


def test_many_locations_are_asked_for_in_portions(host: PiServer) -> None:
    put(host, series_of(rows_between(0, 40)))
    names = (*(f"L{n}/P" for n in range(250)), *NAMES.values())
    table = source(host).read(replace(WANTED, series=names))
    assert len(host.questions) == 3 and table["series"].nunique() == 5
    assert all("startTime" in query for _, query in host.questions)


def test_years_are_asked_for_in_pieces(host: PiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hydria_fews.service.EVENTS", 5 * 3 * 4)  # four steps of five locations, three parameters
    put(host, series_of(rows_between(0, 40)))
    table = source(host).read(WANTED)
    assert len(host.questions) == 5 and len(table) == 55
    ends = [(query["startTime"][0], query["endTime"][0]) for _, query in host.questions]
    assert all(a[1] == b[0] for a, b in itertools.pairwise(ends))
    assert (ends[0][0], ends[-1][1]) == ("2026-08-20T09:00:00Z", "2026-08-21T02:00:00Z")


def test_the_service_without_start_time_gives_the_last_day_only(host: PiServer) -> None:
    """The quirk itself, so that the test above means something."""
    host.now = BEGIN + 60 * STEP
    put(host, series_of(rows_between(0, 60)))
    assert {len(events) for _, events in host.found({})} == {24}


def test_units_and_flags_and_zones(host: PiServer) -> None:
    rows = rows_between(10, 21)
    series = [s for s in series_of(rows) if s.header.location in ("Q_UP", "R1")]
    series[0] = replace(series[0], flag=np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0], np.int16))
    put(host, series)
    table = source(host, layout=layout()).read(WANTED)
    flow = table[table["series"] == NAMES["q_up"]]
    np.testing.assert_allclose(flow["value"], rows.of("q_up")[1] * 1000)  # l/s, as stations.csv says
    good, doubt, fail = [Flag.GOOD] * 3, [Flag.SUSPECT] * 3, [Flag.FAIL] * 3
    assert flow["flag"].tolist() == [*good, *doubt, *fail, Flag.MISSING, Flag.GOOD]
    local = json.loads(json.dumps(pi_json(series, zone=-5.0)))
    assert local["timeZone"] == "-5.0" and local["timeSeries"][0]["events"][0]["time"] == "05:00:00"
    assert read_pi_json(json.dumps(local).encode(), "x").series[0].time[0] == BEGIN + 10 * STEP


def test_a_unit_that_measures_something_else_is_a_problem(host: PiServer) -> None:
    series = series_of(rows_between(10, 21))[0]
    put(host, [replace(series, header=replace(series.header, units="degC"))])
    table = source(host, layout=layout()).read(WANTED)
    assert len(table) == 0 and "'degC'" in problems(table)[0]


def test_missing_values_missing_events_and_series_without_any(host: PiServer) -> None:
    times, values = rows_between(10, 21).of("q_up")
    values[3] = np.nan
    put(host, [PiSeries.of(header_of("q_up"), times[:6], values[:6]), PiSeries.of(header_of("r1"), [], [])])
    table = source(host).read(WANTED)
    assert len(table) == 6 and int(table["value"].isna().sum()) == 1 and problems(table) == []


def test_the_hosts_own_model_is_a_forecast(host: PiServer) -> None:
    """Events of a series with forecastDate are known at T0 and valid later; members stay apart."""
    ahead = WANTED.issued_at + STEP * np.arange(1, 7)
    issue = (WANTED.issued_at - STEP).astype("M8[ms]")
    for member in (3, 7):
        header = header_of("q_up", issued_at=issue, ensemble="GR", member=member)
        put(host, [PiSeries.of(header, ahead, np.full(6, float(member)))])
    late = header_of("q_up", issued_at=(WANTED.issued_at + STEP).astype("M8[ms]"))
    put(host, [PiSeries.of(late, ahead, np.full(6, 99.0))])
    table = source(host).read(WANTED)
    assert len(table) == 12 and set(table["member"]) == {3, 7} and 99.0 not in set(table["value"])
    assert (table["issued_at"].dt.tz_localize(None) == issue).all()


def test_a_host_whose_clock_is_ahead_brings_nothing_from_the_future(host: PiServer) -> None:
    put(host, series_of(rows_between(0, 40)))
    table = source(host).read(WANTED)
    assert (table["time"].dt.tz_localize(None).to_numpy() <= WANTED.issued_at).all()


def test_late_and_out_of_order_data_are_read_with_the_next_question(host: PiServer) -> None:
    reader, rows = source(host), series_of(rows_between(10, 21))
    put(host, [PiSeries.of(rows[0].header, rows[0].time[[5, 1, 9]], rows[0].value[[5, 1, 9]])])
    assert len(reader.read(WANTED)) == 3
    put(host, [rows[0]])
    found = reader.read(WANTED)
    assert len(found) == 11 and found["time"].is_monotonic_increasing


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "not JSON"),
        (b"[]", "has no list timeSeries"),
        (b'{"timeSeries": 3}', "has no list timeSeries"),
        (b"<html>Login</html>", "not JSON"),
        (b'{"timeZone": "CET", "timeSeries": []}', "'CET'"),
    ],
)
def test_what_is_no_answer_is_refused(host: PiServer, body: bytes, said: str) -> None:
    host.trouble = [failing(200, body)]
    with pytest.raises(FeedError, match=said):
        source(host).read(WANTED)


def test_half_an_answer_is_asked_for_again(host: PiServer) -> None:
    put(host, series_of(rows_between(0, 40)))
    host.trouble = [half(json.dumps({"timeSeries": [], "padding": "x" * 1000}).encode())]
    assert len(source(host).read(WANTED)) == 55
    host.trouble = [half(b"x" * 1000)] * 3
    with pytest.raises(FeedError, match="no whole answer"):
        source(host).read(WANTED)


def test_a_failing_service_is_asked_again_and_a_forbidding_one_is_not(host: PiServer) -> None:
    put(host, series_of(rows_between(0, 40)))
    host.trouble = [failing(500, b"java.lang.NullPointerException")]
    assert len(source(host).read(WANTED)) == 55
    host.trouble = [failing(403, b"no")] * 3
    with pytest.raises(FeedError, match="HTTP 403"):
        source(host).read(WANTED)
    assert len(host.trouble) == 2


def test_a_host_that_is_down_and_comes_back() -> None:
    with serving() as host:
        put(host, series_of(rows_between(0, 40)))
        reader, held, port = source(host), host.held, host.port
        assert len(reader.read(WANTED)) == 55
    with pytest.raises(FeedError, match="no whole answer"):
        reader.read(WANTED)
    with serving(port) as host:
        host.held = held
        assert len(reader.read(WANTED)) == 55


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        ({}, None),
        ({"user": "eve", "password": Secret("pässword")}, "Basic " + b64encode("eve:pässword".encode()).decode()),
        ({"token": Secret("t0ken")}, "Bearer t0ken"),
    ],
)
def test_the_ways_to_say_who_one_is(host: PiServer, options: dict[str, Any], sent: str | None) -> None:
    source(host, **options).read(WANTED)
    FewsRestSink(url=host.url, parts=("alerts",), **options).write(sample_bulletin())
    assert len(host.headers) >= 2 and {h.get("Authorization") for h in host.headers} == {sent}


def test_the_promises_hold_with_forecasts(host: PiServer) -> None:
    ahead, issue = WANTED.issued_at + STEP * np.arange(-2, 7), (WANTED.issued_at - STEP).astype("M8[ms]")
    put(host, series_of(rows_between(0, 40)))
    put(host, [PiSeries.of(header_of("q_up", issued_at=issue, ensemble="GR", member=1), ahead, np.arange(9.0))])
    for form in ("json", "xml"):
        reader = source(host, form=form, forecasts=3)
        check_source(reader, WANTED)
        assert reader.read(WANTED)["issued_at"].notna().sum() == 7 and host.questions[-1][1]["forecastCount"] == ["3"]


def test_probe_says_what_it_saw(host: PiServer) -> None:
    put(host, series_of(rows_between(0, 40)))
    now = BEGIN + 39 * STEP + np.timedelta64(720, "s")
    said = source(host, clock=lambda: now).probe()
    assert "12 min ago" in said and "UTC" in said and any(unit in said for unit in ("m3/s", " mm ", " m "))
    assert "1 of 2 wanted" in source(host, layout=replace(layout(), targets=("X/Q.obs",)), clock=lambda: now).probe()
    assert "5 locations" in FewsRestSink(url=host.url).probe()


def test_wrong_options_are_all_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        FewsRestSource(url="ftp://x", form="csv", id="{place}", forecasts=0, timezone=99.0, user="u")
    text = "\n".join(caught.value.faults)
    for word in ("ftp://x", "form", "{place}", "forecasts", "timezone", "user and password"):
        assert word in text
    with pytest.raises(ConfigError, match="parts"):
        FewsRestSink(url="https://host.example", parts=("everything",))
    with pytest.raises(ConfigError, match="parameters"):
        FewsRestSink(url="https://host.example", parameters={"rain": "P"})


def test_a_secret_is_told_to_the_host_and_to_nobody_else(host: PiServer) -> None:
    canary = Secret("sk-canary-91")
    reader = source(host, token=canary)
    host.trouble = [failing(401, b"token sk-canary-91 is not known")]
    with pytest.raises(FeedError) as caught:
        reader.read(WANTED)
    shown = str(caught.value) + repr(caught.value) + repr(reader) + repr(vars(reader))
    assert "canary" not in shown and "HTTP 401" in shown


@pytest.mark.parametrize("form", ["json", "xml"])
def test_whole_loop_through_the_web_service(tmp_path: Any, host: PiServer, form: str) -> None:
    def put_rows(rows: Rows) -> None:
        put(host, series_of(rows))

    options = f'url = "{host.url}", filter = "hydria", form = "{form}"'
    sinks = [f'{{ use = "fews-rest", {options}, parameters = {{ discharge = "Q.fc", level = "H.fc" }} }}']
    loop = run_loop(tmp_path, Hosted(put_rows, f'{{ use = "fews-rest", {options} }}', sinks, MODULES, NAMES))
    for n, bulletin in enumerate(loop.bulletins):
        t0 = str(BEGIN + (HISTORY + n) * STEP)
        for s, place in enumerate((("Q_UP", "Q.fc"), ("H_DOWN", "H.fc"))):
            for k, quantile in enumerate(("q0.1", "q0.5", "q0.9")):
                events = host.held[(*place, (quantile,), "", t0)][1]
                told = [float(events[key]["value"]) for key in sorted(events)]
                np.testing.assert_allclose(told, bulletin.forecast.values[s, :, k], rtol=1e-12)
    assert len(loop.bulletins) == CYCLES
    stories = [e["comment"] for key, (_, events) in host.held.items() for e in events.values() if "comment" in e]
    assert all(any(alert.event in text for text in stories) for alert in loop.news)
    told = [text for text in stories for report in loop.reports if report.headline in text and report.event in text]
    assert len(told) >= len(loop.reports) > 0


@real
def test_real_answers_are_read() -> None:
    found = {
        name: read_pi_json((REST / name).read_bytes(), name)
        for name in (
            "pirequests_timeseries.json",
            "hdsr_ow433001.json",
            "fewspy_sample.json",
            "wrapper_post_timeseries.json",
        )
    }
    assert all(not file.faults for file in found.values())
    assert [len(s) for s in found["hdsr_ow433001.json"].series] == [0]
    first = found["pirequests_timeseries.json"].series[0]
    assert first.header.issued_at == np.datetime64("2020-10-16") and first.value[0] == -0.107307345
    assert found["wrapper_post_timeseries.json"].series[0].header.units == "m + MSL"
