"""Several sources in one buffer: what must hold whichever of them is down, for however long."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from memory_feed import Made, MemoryFeed, Row, changed, layout_of, made_up, moment, step_at
from test_buffer import same
from test_properties import durations

from hydria_plugin.buffer import SeriesBuffer
from hydria_plugin.errors import FeedError
from hydria_plugin.learning.record import read_history
from hydria_plugin.sources import Feed, LayoutOfSome, Several
from hydria_plugin.values import Flag, Layout, Observations, Wanted, Window

HOUR = 3600
OVERLAP = np.timedelta64(3, "h")
seeds = st.integers(0, 2**32 - 1)
often = settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))


@dataclass
class Flaky:
    """One of several sources, which a test switches off and on. Tells all it has, whoever's it is."""

    feed: MemoryFeed
    is_down: bool = False
    asked: list[Wanted] = field(default_factory=list)

    def read(self, wanted: Wanted) -> pd.DataFrame:
        if self.is_down:
            raise FeedError("the host does not answer")
        self.asked.append(wanted)
        return self.feed.read(wanted)


def shared_out(made: Made, rng: np.random.Generator, many: int = 3) -> Several:
    """Each series to one of ``many`` sources, by chance."""
    names = np.asarray(made.layout.all_series())
    owner = rng.integers(0, many, len(names))
    shares = [tuple(names[owner == k].tolist()) for k in range(many)]
    return Several([Feed(f"s{k}", Flaky(made.feed), share) for k, share in enumerate(shares) if share])


def buffer_of(made: Made, source: object, restored: Sequence[Observations] = ()) -> SeriesBuffer:
    more = {"durations": durations(made), "overlap": made.overlap, "restored": restored}
    return SeriesBuffer(made.layout, source, **more)  # type: ignore[arg-type]


def flaky(several: Several) -> list[Flaky]:
    return [feed.source for feed in several.feeds if isinstance(feed.source, Flaky)]


Story = list[tuple[int, Window, Observations]]  # cycle, what it saw, what it put on record


def story(made: Made, several: Several, outages: np.ndarray, restart: int = -1) -> Story:
    """The cycles with some sources down, (cycles, sources); those of which nothing is up are missing. ``restart``:
    before that cycle the program starts anew from what is on record."""
    told: Story = []
    buffer = buffer_of(made, several)
    for k, cycle in enumerate(made.cycles):
        if k == restart:
            buffer = buffer_of(made, several, [batch for _, _, batch in told])
        for source, is_down in zip(flaky(several), outages[k], strict=False):
            source.is_down = bool(is_down)
        if all(source.is_down for source in flaky(several)):
            with pytest.raises(FeedError, match="the host does not answer"):
                buffer.window(*made.at(cycle))
            continue
        window = buffer.window(*made.at(cycle))
        down = [feed.name for feed in several.feeds if feed.source.is_down]  # type: ignore[attr-defined]
        assert [p.stage for p in buffer.problems()] == [f"source {name}" for name in down]
        told.append((k, window, buffer.pending()))
        buffer.commit()
    return told


def outages_of(rng: np.random.Generator, made: Made, several: Several, *, cold: bool) -> np.ndarray:
    """(cycles, sources) True where one is down; at the last cycle all are up."""
    down = rng.random((len(made.cycles), len(several.feeds))) < 0.5
    down[0] &= cold
    down[-1] = False
    return down


def record_of(told: Story) -> dict[tuple[str, str, int, int], tuple[float, int]]:
    """Cell -> the value that stands in the end; gaps left out."""
    cells = {}
    for _, _, batch in told:
        names = [batch.series[i] for i in batch.index]
        columns = (names, batch.times.astype(str).tolist(), batch.lead.tolist(), batch.member.tolist())
        values = zip(batch.values.tolist(), batch.flags.tolist(), strict=True)
        cells.update(dict(zip(zip(*columns, strict=True), values, strict=True)))
    return {cell: value for cell, value in cells.items() if not math.isnan(value[0])}


@often
@given(seeds, st.sampled_from([600, 3600, 86400]), st.booleans())
def test_several_give_what_one_gives_in_whatever_order(seed: int, step: int, forecasts: bool) -> None:
    made = made_up(seed, step, forecasts=forecasts, members=2)
    rng = np.random.default_rng(seed)
    several = shared_out(made, rng)
    turned = Several(several.feeds[::-1])
    buffers = [buffer_of(made, source) for source in (made.feed, several, turned)]
    for cycle in made.cycles:
        one, other, third = (buffer.window(*made.at(cycle)) for buffer in buffers)
        assert same(one, other) and same(one, third)


@often
@given(seeds, st.sampled_from([600, 3600, 86400]), st.booleans(), st.booleans())
def test_once_all_has_been_read_the_record_is_as_if_none_had_been_down(
    seed: int, step: int, forecasts: bool, cold: bool
) -> None:
    made = made_up(seed, step, forecasts=forecasts, members=2)
    rng = np.random.default_rng(seed)
    several = shared_out(made, rng)
    never = story(made, several, np.zeros((len(made.cycles), 3), dtype=bool))
    restart = int(rng.integers(-1, len(made.cycles)))
    down = story(made, several, outages_of(rng, made, several, cold=cold), restart)
    assert same(down[-1][1], never[-1][1])
    assert record_of(down) == record_of(never)


@often
@given(seeds, st.booleans(), st.booleans())
def test_what_cannot_be_known_moves_nothing_whichever_is_down(seed: int, forecasts: bool, cold: bool) -> None:
    """Values stamped after a step, issued after it, or received after the moment, of sources that come and go."""
    made = made_up(seed, HOUR, forecasts=forecasts)
    rng = np.random.default_rng(seed)
    several = shared_out(made, rng)
    down = outages_of(rng, made, several, cold=cold)
    last = int(rng.integers(0, len(made.cycles)))
    n, known = made.cycles[last]
    unknowable = [
        i
        for i, r in enumerate(made.feed.rows)
        if r.received > known or (r.time if r.issued is None else r.issued) > n * HOUR
    ]
    other = changed(made.feed, unknowable, 1000.0)
    again = Several([Feed(feed.name, Flaky(other), feed.series) for feed in several.feeds])
    short = replace(made, cycles=made.cycles[: last + 1])
    for (_, window, _), (_, moved, _) in zip(story(short, several, down), story(short, again, down), strict=True):
        assert same(window, moved)


@often
@given(seeds, st.booleans())
def test_a_replay_is_what_was_whichever_was_down(seed: int, cold: bool) -> None:
    made = made_up(seed, HOUR, forecasts=True, members=2)
    rng = np.random.default_rng(seed)
    several = shared_out(made, rng)
    told = story(made, several, outages_of(rng, made, several, cold=cold))
    for count, (k, window, _) in enumerate(told, 1):
        replayed = buffer_of(made, None, [batch for _, _, batch in told[:count]])
        assert same(replayed.window(*made.at(made.cycles[k])), window)


# ---- case by case ------------------------------------------------------------------------------------------------


def river_and_rain() -> Layout:
    return layout_of([["rain1", "up"]], ("rain", "level"))


RIVERS, RAIN = ("level@s0", "up"), ("rain1",)


def hourly(names: Sequence[str], first: int, last: int) -> list[Row]:
    return [Row(s, h * HOUR, 100.0 * i + h, h * HOUR) for h in range(first, last) for i, s in enumerate(names)]


def two(first: int = -40, last: int = 200) -> tuple[Flaky, Flaky, Several]:
    rivers, rain = Flaky(MemoryFeed(hourly(RIVERS, first, last))), Flaky(MemoryFeed(hourly(RAIN, first, last)))
    return rivers, rain, Several([Feed("hubeau", rivers, RIVERS), Feed("csv", rain, RAIN)])


def test_each_is_asked_for_its_own_series_only() -> None:
    rivers, rain, several = two()
    SeriesBuffer(river_and_rain(), several, overlap=OVERLAP).window(step_at(10, HOUR), moment(10 * HOUR))
    assert [w.series for w in rivers.asked] == [RIVERS] and [w.series for w in rain.asked] == [RAIN]


def test_one_that_tells_another_s_series_is_not_believed() -> None:
    class Blurting(Flaky):
        def read(self, wanted: Wanted) -> pd.DataFrame:
            return super().read(replace(wanted, series=(*RIVERS, *RAIN)))

    _, rain, _ = two()
    liar = Blurting(MemoryFeed([Row(s, h * HOUR, -9.0, h * HOUR) for s in (*RIVERS, *RAIN) for h in range(-40, 50)]))
    several = Several([Feed("csv", rain, RAIN), Feed("liar", liar, RIVERS)])
    window = SeriesBuffer(river_and_rain(), several, overlap=OVERLAP).window(step_at(10, HOUR), moment(10 * HOUR))
    assert window.past.values[0, 0, :, 0].tolist() == [5, 6, 7, 8, 9, 10]
    history = read_history(several, river_and_rain(), step_at(5, HOUR), step_at(10, HOUR))
    assert history.inputs.values[0, :, 0].tolist() == [5, 6, 7, 8, 9, 10]


def test_one_down_costs_its_own_series_and_is_asked_from_where_it_stopped() -> None:
    rivers, rain, several = two()
    buffer = SeriesBuffer(river_and_rain(), several, overlap=OVERLAP)
    buffer.window(step_at(10, HOUR), moment(10 * HOUR))
    buffer.commit()
    rain.is_down = True
    for n in range(11, 31):
        window = buffer.window(step_at(n, HOUR), moment(n * HOUR))
        assert window.observed.values[0, 0, -1] == n
        assert np.isnan(window.past.values[0, 0, :, 0]).sum() == min(n - 10, 6)
        (problem,) = buffer.problems()
        assert problem.stage == "source csv"
        read_until = str(step_at(10, HOUR))
        assert problem.error == f"the host does not answer; nothing after {read_until}Z was read of it"
        buffer.commit()
    rain.is_down = False
    window = buffer.window(step_at(30, HOUR), moment(30 * HOUR + 60))
    assert window.past.values[0, 0, :, 0].tolist() == [25, 26, 27, 28, 29, 30]
    assert buffer.problems() == ()
    assert rain.asked[-1].start == step_at(10 + 1 - 3 - 1, HOUR)  # not the usual overlap of 30
    assert rivers.asked[-1].start == step_at(30 + 1 - 3 - 1, HOUR)
    news = buffer.pending()
    assert sorted(news.values.tolist()) == list(range(11, 31)), "all that was missed is on record"


@pytest.mark.parametrize("away", [range(1, 60), range(20, 60), range(20, 180)])
def test_totals_count_what_was_missed_however_long_ago(away: range) -> None:
    """Sums over four days, in a ring that holds one: never read yet, and down for two days and for a week."""
    layout, more = river_and_rain(), {"durations": [np.timedelta64(h, "h") for h in (5, 96)], "overlap": OVERLAP}
    _, rain, several = two(first=-140, last=300)
    _, _, whole = two(first=-140, last=300)
    buffer, never = SeriesBuffer(layout, several, **more), SeriesBuffer(layout, whole, **more)  # type: ignore[arg-type]
    batches: list[Observations] = []
    for n in range(1, away.stop + 3):
        rain.is_down = n in away
        at = step_at(n, HOUR), moment(n * HOUR)
        window, expected = buffer.window(*at), never.window(*at)
        batches.append(buffer.pending())
        buffer.commit()
        assert rain.is_down or same(window, expected), n
    replayed = SeriesBuffer(layout, None, restored=batches, **more)  # type: ignore[arg-type]
    assert same(replayed.window(*at), window)
    started = SeriesBuffer(layout, several, restored=batches, **more)  # type: ignore[arg-type]
    assert same(started.window(*at), window)


def test_a_restart_in_an_outage_asks_from_where_it_began() -> None:
    rivers, rain, several = two()
    buffer = SeriesBuffer(river_and_rain(), several, overlap=OVERLAP)
    batches = []
    for n in range(10, 31):
        rain.is_down = n > 10
        buffer.window(step_at(n, HOUR), moment(n * HOUR))
        batches.append(buffer.pending())
        buffer.commit()
    rain.is_down = False
    again = SeriesBuffer(river_and_rain(), several, overlap=OVERLAP, restored=batches)
    window = again.window(step_at(31, HOUR), moment(31 * HOUR))
    assert window.past.values[0, 0, :, 0].tolist() == [26, 27, 28, 29, 30, 31]
    assert rain.asked[-1].start == step_at(10 + 1 - 3 - 1, HOUR)
    assert rivers.asked[-1].start == step_at(30 + 1 - 3 - 1, HOUR)


def test_none_up_is_an_error_that_names_all_and_holds_what_there_was() -> None:
    rivers, rain, several = two()
    buffer = SeriesBuffer(river_and_rain(), several, overlap=OVERLAP)
    buffer.window(step_at(10, HOUR), moment(10 * HOUR))
    rivers.is_down = rain.is_down = True
    with pytest.raises(FeedError, match=r"source hubeau: the host does not answer; source csv: the host does"):
        buffer.window(step_at(11, HOUR), moment(11 * HOUR))
    rivers.is_down = rain.is_down = False
    assert buffer.window(step_at(11, HOUR), moment(11 * HOUR)).observed.values[0, 0].tolist() == [6, 7, 8, 9, 10, 11]


def test_at_the_same_moment_only_what_failed_is_asked_again() -> None:
    rivers, rain, several = two()
    buffer = SeriesBuffer(river_and_rain(), several, overlap=OVERLAP)
    rain.is_down = True
    buffer.window(step_at(10, HOUR), moment(10 * HOUR))
    buffer.window(step_at(10, HOUR), moment(10 * HOUR))
    assert len(rivers.asked) == 1 and [p.stage for p in buffer.problems()] == ["source csv"]
    rain.is_down = False
    assert buffer.window(step_at(10, HOUR), moment(10 * HOUR)).past.values[0, 0, -1, 0] == 10
    assert len(rivers.asked) == 1


def test_a_bug_in_one_is_its_problem() -> None:
    class Broken(Flaky):
        def read(self, wanted: Wanted) -> pd.DataFrame:
            return pd.DataFrame({"nothing": []}) if self.is_down else super().read(wanted).assign(value=1 / 0)

    rivers, _, _ = two()
    broken = Broken(MemoryFeed([]))
    buffer = SeriesBuffer(
        river_and_rain(), Several([Feed("hubeau", rivers, RIVERS), Feed("own", broken, RAIN)]), overlap=OVERLAP
    )
    assert buffer.window(step_at(10, HOUR), moment(10 * HOUR)).observed.values[0, 0, -1] == 10
    assert [(p.stage, p.error) for p in buffer.problems()] == [
        ("source own", "ZeroDivisionError: division by zero; nothing of it was read yet")
    ]
    broken.is_down = True
    buffer.window(step_at(11, HOUR), moment(11 * HOUR))
    assert "lacks series, time, value" in buffer.problems()[0].error


def test_one_that_ends_its_thread_does_not_end_the_program() -> None:
    class Leaving(Flaky):
        def read(self, wanted: Wanted) -> pd.DataFrame:
            raise SystemExit(3)

    rivers, _, _ = two()
    several = Several([Feed("hubeau", rivers, RIVERS), Feed("own", Leaving(MemoryFeed([])), RAIN)])
    buffer = SeriesBuffer(river_and_rain(), several, overlap=OVERLAP)
    for n in (10, 11):
        assert buffer.window(step_at(n, HOUR), moment(n * HOUR)).observed.values[0, 0, -1] == n
        assert [p.error for p in buffer.problems()] == ["SystemExit: 3; nothing of it was read yet"]


def test_what_one_could_not_use_says_whose_it_is() -> None:
    rivers, _, _ = two()
    rain = MemoryFeed([Row("rain1", 9 * HOUR, math.inf, 9 * HOUR)])
    several = Several([Feed("hubeau", rivers, RIVERS), Feed("csv.2", rain, RAIN)])
    buffer = SeriesBuffer(river_and_rain(), several, overlap=OVERLAP)
    buffer.window(step_at(10, HOUR), moment(10 * HOUR))
    assert [p.stage for p in buffer.problems()] == ["source csv.2"]


# ---- slow ones ---------------------------------------------------------------------------------------------------


@dataclass
class Slow(Flaky):
    """Answers when the test lets it."""

    may_answer: threading.Event = field(default_factory=threading.Event)
    has_answered: threading.Event = field(default_factory=threading.Event)
    at_a_time: int = 0
    most: int = 0

    def read(self, wanted: Wanted) -> pd.DataFrame:
        self.at_a_time += 1
        self.most = max(self.most, self.at_a_time)
        assert self.may_answer.wait(30)
        table = super().read(wanted)
        self.at_a_time -= 1
        self.has_answered.set()
        return table


def slow_rain(patience_s: float) -> tuple[Slow, SeriesBuffer]:
    rivers, _, _ = two()
    rain = Slow(MemoryFeed(hourly(RAIN, -40, 200)))
    several = Several([Feed("csv", rain, RAIN), Feed("hubeau", rivers, RIVERS)])
    return rain, SeriesBuffer(river_and_rain(), several, overlap=OVERLAP, patience_s=patience_s)


def test_the_first_answer_is_waited_for() -> None:
    rain, buffer = slow_rain(0.01)
    threading.Timer(0.2, rain.may_answer.set).start()
    assert buffer.window(step_at(10, HOUR), moment(10 * HOUR)).past.values[0, 0, -1, 0] == 10


def test_a_slow_one_is_left_behind_and_its_answer_taken_when_it_comes() -> None:
    rain, buffer = slow_rain(0.05)
    rain.may_answer.set()
    buffer.window(step_at(10, HOUR), moment(10 * HOUR))
    rain.may_answer.clear()
    for n in (11, 12):
        rain.has_answered.clear()
        window = buffer.window(step_at(n, HOUR), moment(n * HOUR))
        assert window.observed.values[0, 0, -1] == n and np.isnan(window.past.values[0, 0, -1, 0])
        (problem,) = buffer.problems()
        assert problem.stage == "source csv" and "no answer within 0.05 s" in problem.error
    assert len(rain.asked) == 1 and rain.most == 1, "it is asked one thing at a time"
    rain.may_answer.set()
    assert rain.has_answered.wait(30)
    while not buffer._callers._callers[0]._call.is_answered:  # type: ignore[union-attr]
        time.sleep(0.001)
    window = buffer.window(step_at(13, HOUR), moment(13 * HOUR))
    assert window.past.values[0, 0, :, 0].tolist() == [8, 9, 10, 11, 12, 13]
    assert buffer.problems() == () and [w.issued_at for w in rain.asked[1:]] == [step_at(11, HOUR), step_at(13, HOUR)]


def test_a_late_answer_is_of_no_use_once_all_is_read_anew() -> None:
    rain, buffer = slow_rain(0.05)
    rain.may_answer.set()
    buffer.window(step_at(60, HOUR), moment(60 * HOUR))
    rain.may_answer.clear()
    buffer.window(step_at(61, HOUR), moment(61 * HOUR))
    early = buffer.window(step_at(20, HOUR), moment(20 * HOUR))  # the clock was set back
    assert np.isnan(early.past.values[0, 0, :, 0]).all() and early.observed.values[0, 0, -1] == 20
    rain.may_answer.set()
    while not buffer._callers._callers[0]._call.is_answered:  # type: ignore[union-attr]
        time.sleep(0.001)
    window = buffer.window(step_at(21, HOUR), moment(21 * HOUR))
    assert window.past.values[0, 0, :, 0].tolist() == [16, 17, 18, 19, 20, 21]
    assert (buffer.pending().times <= step_at(21, HOUR)).all(), "nothing of what was known later"


# ---- as one source -----------------------------------------------------------------------------------------------


def test_as_one_source_they_give_all_or_say_who_does_not() -> None:
    _, rain, several = two()
    wanted = Wanted(
        (*RAIN, *RIVERS),
        step_at(5, HOUR),
        step_at(10, HOUR),
        moment(10 * HOUR),
        step_at(14, HOUR),
        np.timedelta64(1, "h"),
    )
    table = several.read(wanted)
    assert table["series"].astype(str).value_counts().to_dict() == dict.fromkeys((*RAIN, *RIVERS), 6)
    assert (table["flag"] == Flag.GOOD).all()
    rain.is_down = True
    with pytest.raises(FeedError, match="source csv: the host does not answer"):
        several.read(wanted)
    assert set(several.read(replace(wanted, series=RIVERS))["series"]) == set(RIVERS), (
        "those of no interest may be down"
    )


def test_nothing_from_nobody() -> None:
    _, _, several = two()
    at = step_at(5, HOUR)
    table = several.read(Wanted((), at, at, moment(0), at, np.timedelta64(1, "h")))
    assert len(table) == 0 and {"series", "time", "value"} <= set(table.columns)


def test_columns_that_only_one_has_mean_for_the_others_what_their_absence_means() -> None:
    class Plain(Flaky):
        def read(self, wanted: Wanted) -> pd.DataFrame:
            return super().read(wanted)[["series", "time", "value"]]

    rivers = Plain(MemoryFeed(hourly(RIVERS, 0, 20)))
    rain = Flaky(
        MemoryFeed([Row("rain1", (5 + k) * HOUR, k, 5 * HOUR, 5 * HOUR, m, 3) for k in (1, 2) for m in (1, 2)])
    )
    at = step_at(5, HOUR)
    wanted = Wanted((*RIVERS, *RAIN), at, at, moment(5 * HOUR), step_at(9, HOUR), np.timedelta64(1, "h"))
    table = Several([Feed("a", rivers, RIVERS), Feed("b", rain, RAIN)]).read(wanted)
    observed = table[table["issued_at"].isna()]
    assert (observed["flag"] == Flag.GOOD).all() and observed["received_at"].isna().all()
    forecast = table[table["issued_at"].notna()]
    assert forecast["member"].tolist() == [1, 2, 1, 2] and (forecast["flag"] == Flag.SUSPECT).all()


def test_a_layout_of_some_knows_all_and_asks_for_its_own() -> None:
    layout = river_and_rain()
    some = LayoutOfSome.of(layout, RAIN)
    assert some.all_series() == RAIN and some.targets == layout.targets and (some.series == layout.series).all()
