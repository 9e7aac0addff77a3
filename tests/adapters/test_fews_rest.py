"""Source and sink over the web service, with each of its quirks."""

from __future__ import annotations

import itertools
import json
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from fews_platform import MODULES, NAMES, header_of, series_of
from fews_samples import REST, real
from fews_service import PiServer, failing, half, serving
from whole_loop import BEGIN, CYCLES, DAYS, STEP, Hosted, Rows, rows_between, run_loop

from hydria_fews.pi_json import pi_json, read_pi_json
from hydria_fews.pi_series import PiSeries
from hydria_fews.rest import FewsRestSink, FewsRestSource
from hydria_plugin import ConfigError, FeedError, Flag, Layout, Report, Secret, Wanted
from hydria_plugin.exchange import Web
from hydria_plugin.testing import check_sink, check_source, sample_bulletin, sample_layout

HISTORY = DAYS * 24
WANTED = Wanted(tuple(NAMES.values()), BEGIN + 10 * STEP, BEGIN + 20 * STEP, BEGIN + 20 * STEP, BEGIN + 26 * STEP, STEP)


@pytest.fixture
def host() -> Iterator[PiServer]:
    with serving() as server:
        yield server


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """No waiting between tries; how long it would have been."""
    waits: list[float] = []
    monkeypatch.setitem(Web.__init__.__kwdefaults__, "sleep", waits.append)
    return waits


def put(host: PiServer, series: list[PiSeries]) -> None:
    host.keep("application/json", json.dumps(pi_json(series)).encode())


def source(host: PiServer, **options: Any) -> FewsRestSource:
    return FewsRestSource(url=host.url, filter="hydria", timeout_s=2.0, **options)


def problems(table: Any) -> list[str]:
    return [p.error for p in table.attrs["problems"]]


def layout() -> Layout:
    made = sample_layout(1, 1)
    return replace(
        made, targets=(NAMES["q_up"],), quantities=("discharge",), units=("l/s",),
        series=np.array([[NAMES["r1"]]]), slots=("rain.1",), kinds=("rain",),
    )  # fmt: skip


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


@pytest.mark.parametrize("form", ["json", "xml"])
def test_the_sink_keeps_its_promises(host: PiServer, form: str) -> None:
    sink = FewsRestSink(url=host.url, filter="hydria", form=form)
    check_sink(sink, lambda: json.dumps([[k, v] for k, v in sorted((str(k), str(v)) for k, v in host.held.items())]))
    bulletin = sample_bulletin()
    sink.write(bulletin)
    t0 = f"{str(bulletin.issued_at)[:10]}T{str(bulletin.issued_at)[11:19]}"
    assert {key[4] for key in host.held} == {t0}
    for s, station in enumerate(bulletin.forecast.stations):
        _, events = host.held[station, "H", ("q0.5",), "", t0]
        told = [float(events[key]["value"]) for key in sorted(events)]
        np.testing.assert_allclose(told, bulletin.forecast.median[s], rtol=1e-12)


@pytest.mark.parametrize(("form", "kind"), [("json", "json"), ("xml", "x-www-form-urlencoded")])
def test_what_is_posted_says_filter_and_datum_and_t0(host: PiServer, form: str, kind: str) -> None:
    bulletin = sample_bulletin()
    FewsRestSink(url=host.url, filter="hydria", form=form).write(bulletin)
    assert {content for content, _ in host.posted} == {f"application/{kind}"}
    assert all(query == {"filterId": ["hydria"], "convertDatum": ["false"]} for _, query in host.posted)
    t0 = str(bulletin.issued_at.astype("M8[s]"))
    assert {key[4] for key in host.held} == {t0} and {h["missVal"] for h, _ in host.held.values()} == {"NaN"}
    looked = [query for path, query in host.questions if path == "timeseries"]
    assert looked and all(q["startForecastTime"] == q["endForecastTime"] == [f"{t0}Z"] for q in looked)
    assert all("startTime" in q and "endTime" in q for q in looked)


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


def test_reports_again_leave_the_same_state(host: PiServer) -> None:
    sink, report = FewsRestSink(url=host.url), Report("attribution", "s1", "E", "because")
    sink.write(sample_bulletin())
    sink.write_reports([report])
    once = json.dumps(sorted((str(k), str(v)) for k, v in host.held.items()))
    sink.write_reports([report])
    assert json.dumps(sorted((str(k), str(v)) for k, v in host.held.items())) == once and "E because" in once


def test_the_promises_hold_with_forecasts(host: PiServer) -> None:
    ahead, issue = WANTED.issued_at + STEP * np.arange(-2, 7), (WANTED.issued_at - STEP).astype("M8[ms]")
    put(host, series_of(rows_between(0, 40)))
    put(host, [PiSeries.of(header_of("q_up", issued_at=issue, ensemble="GR", member=1), ahead, np.arange(9.0))])
    for form in ("json", "xml"):
        reader = source(host, form=form, forecasts=3)
        check_source(reader, WANTED)
        assert reader.read(WANTED)["issued_at"].notna().sum() == 7 and host.questions[-1][1]["forecastCount"] == ["3"]


def test_a_revision_replaces_what_it_revises(host: PiServer) -> None:
    sink = FewsRestSink(url=host.url)
    first, second = sample_bulletin(), sample_bulletin(revision=1)
    second = replace(second, forecast=replace(second.forecast, values=second.forecast.values + 1.0))
    sink.write(first)
    keys = set(host.held)
    sink.write(second)
    assert set(host.held) == keys
    t0 = next(iter(keys))[4]
    events = host.held["s1", "H", ("q0.5",), "", t0][1]
    assert float(events[min(events)]["value"]) == pytest.approx(first.forecast.median[0, 0] + 1.0)


def test_an_acknowledgement_that_is_lost_leaves_the_same_state(host: PiServer) -> None:
    """The host took it, and its word did not arrive: it is sent again, and nothing is there twice."""
    sink = FewsRestSink(url=host.url, parts=("quantiles",))
    real_take, lost = host.take, [1]

    def take(handler: Any, body: bytes) -> None:
        if lost:
            lost.pop()
            host.keep(handler.headers["Content-Type"], body)
            half(b"x" * 100)(handler)
        else:
            real_take(handler, body)

    host.take = take  # type: ignore[method-assign]
    sink.write(sample_bulletin())
    bulletin = sample_bulletin()
    assert len(host.held) == len(bulletin.forecast.stations) * len(bulletin.forecast.quantiles)


def test_a_sink_whose_host_is_down_and_comes_back() -> None:
    with serving() as host:
        sink, port = FewsRestSink(url=host.url, timeout_s=2.0), host.port
    with pytest.raises(FeedError, match="no whole answer"):
        sink.write(sample_bulletin())
    with serving(port) as host:
        sink.write(sample_bulletin())
        assert host.posts > 0 and host.held


def test_a_read_only_service_says_what_to_change(host: PiServer) -> None:
    host.read_only = True
    with pytest.raises(FeedError, match="HTTP 403.*READONLY_MODE"):
        FewsRestSink(url=host.url).write(sample_bulletin())
    assert host.posts == 0


@pytest.mark.parametrize("form", ["json", "xml"])
def test_what_the_service_drops_in_silence_is_told(host: PiServer, form: str, caplog: pytest.LogCaptureFixture) -> None:
    """HTTP 200, and nothing kept: the host itself is asked. What is kept is not held up by what is not."""
    sink, bulletin = FewsRestSink(url=host.url, form=form), sample_bulletin()
    sink.write(bulletin)
    assert caplog.messages == []
    host.held.clear()
    host.keeps = lambda key: key[1] != "alert.level"
    sink.write(bulletin)
    sink.write(bulletin)
    (said,) = caplog.messages
    assert "series were answered with success and are not there: s1 alert.level; s2 alert.level" in said
    assert "let a time series set of the filter hold them" in said and {key[1] for key in host.held} > {"H"}
    host.keeps = lambda key: False
    host.held.clear()
    with pytest.raises(FeedError, match="are not there: .* and [0-9]+ others"):
        sink.write(bulletin)
    host.keeps = lambda key: True
    sink.write(bulletin)
    assert len(caplog.messages) == 1


def test_reports_that_are_dropped_are_told(host: PiServer) -> None:
    sink = FewsRestSink(url=host.url)
    sink.write(sample_bulletin())
    host.keeps = lambda key: not key[1].startswith("report.")
    with pytest.raises(FeedError, match=r"1 of 1 series .* are not there: s1 report\.attribution"):
        sink.write_reports([Report("attribution", "s1", "E", "because")])


@pytest.mark.parametrize("knows", [True, False])
def test_a_forecast_is_looked_for_under_its_own_time(host: PiServer, knows: bool) -> None:
    """The same events of another T0 are there: this one's are not; also where the service gives all it has."""
    host.knows_forecast_times = knows
    sink, bulletin = FewsRestSink(url=host.url, parts=("quantiles",)), sample_bulletin()
    sink.write(bulletin)
    host.keeps = lambda key: False
    for _, events in host.held.values():  # an older T0 that reaches as far
        for (day, clock), event in list(events.items()):
            events[day, f"{int(clock[:2]) + 1:02d}{clock[2:]}"] = event | {
                "time": f"{int(clock[:2]) + 1:02d}{clock[2:]}"
            }
    later = replace(bulletin, issued_at=bulletin.issued_at + STEP)
    forecast = replace(bulletin.forecast, issued_at=later.issued_at)
    with pytest.raises(FeedError, match="are not there"):
        sink.write(replace(later, forecast=forecast))


def test_a_filter_that_keeps_no_t0_keeps_the_series(host: PiServer) -> None:
    """A set of external historical series: what was posted is there, and says no forecastDate."""
    sink, keep = FewsRestSink(url=host.url, parts=("quantiles",)), host.keep

    def without_t0(kind: str, body: bytes) -> None:
        document = json.loads(body)
        for one in document["timeSeries"]:
            del one["header"]["forecastDate"]
        keep(kind, json.dumps(document).encode())

    host.keep, host.knows_forecast_times = without_t0, False  # type: ignore[method-assign]
    sink.write(sample_bulletin())
    assert {key[4] for key in host.held} == {"T"}


def test_who_may_write_and_not_read_is_told_once(host: PiServer, caplog: pytest.LogCaptureFixture) -> None:
    sink, answer = FewsRestSink(url=host.url, parts=("alerts",)), host.answer
    host.answer = lambda handler: failing(403, b"no")(handler)  # type: ignore[method-assign]
    sink.write(sample_bulletin())
    sink.write(sample_bulletin())
    host.answer = answer  # type: ignore[method-assign]
    (said,) = caplog.messages
    assert "cannot be seen" in said and "HTTP 403" in said and host.held


def test_parts_leave_the_rest_out(host: PiServer) -> None:
    FewsRestSink(url=host.url, parts=("alerts",)).write(sample_bulletin())
    assert {key[1] for key in host.held} == {"alert.level", "alert.probability"}


def test_reports_wait_for_a_bulletin(host: PiServer) -> None:
    with pytest.raises(FeedError, match="wait for the next bulletin"):
        FewsRestSink(url=host.url).write_reports([])


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
