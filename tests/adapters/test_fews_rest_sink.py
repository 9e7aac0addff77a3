"""Bulletins into the web service: what is posted, what it drops in silence, and what happens when it breaks off."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from fews_service import PiServer, failing, half, serving
from whole_loop import STEP

from hydria_fews.rest import FewsRestSink
from hydria_plugin import FeedError, Report
from hydria_plugin.testing import check_sink, sample_bulletin

pytestmark = pytest.mark.usefixtures("impatient")


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


def test_reports_again_leave_the_same_state(host: PiServer) -> None:
    sink, report = FewsRestSink(url=host.url), Report("attribution", "s1", "E", "because")
    sink.write(sample_bulletin())
    sink.write_reports([report])
    once = json.dumps(sorted((str(k), str(v)) for k, v in host.held.items()))
    sink.write_reports([report])
    assert json.dumps(sorted((str(k), str(v)) for k, v in host.held.items())) == once and "E because" in once


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
        sink, port = FewsRestSink(url=host.url, timeout_s=20.0), host.port
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
