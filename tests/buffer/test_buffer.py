"""The buffer, case by case."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from memory_feed import MemoryFeed, Row, layout_of, moment, past_of, step_at

from hydria_plugin.buffer import SeriesBuffer
from hydria_plugin.depth import memory_of
from hydria_plugin.errors import FeedError
from hydria_plugin.values import Flag, Layout, Observations, Wanted, Window

HOUR = 3600
OVERLAP = np.timedelta64(3, "h")


def two_stations() -> Layout:
    return layout_of([["rain1", "up"], ["rain1", ""]], ("rain", "level"))


def steady(names: tuple[str, ...], hours: int, late: float = 0.0) -> list[Row]:
    return [Row(s, h * HOUR, 100.0 * i + h, h * HOUR + late) for h in range(-30, hours) for i, s in enumerate(names)]


def same(a: Window, b: Window) -> bool:
    """Equal to the last bit."""
    signals = ((a.observed, b.observed), (a.past, b.past), (a.future, b.future))
    pairs = [(getattr(x, f), getattr(y, f)) for x, y in signals for f in ("values", "flags", "sigma", "method")]
    pairs.append((a.antecedent, b.antecedent))
    return all(p.shape == q.shape and np.array_equal(p, q, equal_nan=p.dtype.kind == "f") for p, q in pairs)


def test_window_holds_the_newest_steps() -> None:
    layout = two_stations()
    feed = MemoryFeed(steady(("level@s0", "level@s1", "rain1", "up"), 50))
    window = SeriesBuffer(layout, feed, overlap=OVERLAP).window(step_at(10, HOUR), moment(10 * HOUR))
    assert window.observed.values[:, 0].tolist() == [[5, 6, 7, 8, 9, 10], [105, 106, 107, 108, 109, 110]]
    assert window.past.values[0, 0, :, 1].tolist() == [305, 306, 307, 308, 309, 310]
    assert np.isnan(window.past.values[1, 0, :, 1]).all()  # absent
    assert (window.past.flags[1, 0, :, 1] == Flag.MISSING).all()
    assert np.isnan(window.future.values).all() and window.scenarios == 1


def test_only_what_may_be_new_is_asked_for() -> None:
    layout = two_stations()
    feed = MemoryFeed(steady(("level@s0", "level@s1", "rain1", "up"), 50))
    buffer = SeriesBuffer(layout, feed, overlap=OVERLAP, durations=[np.timedelta64(12, "h")])
    buffer.window(step_at(10, HOUR), moment(10 * HOUR))
    first = feed.given
    buffer.window(step_at(11, HOUR), moment(11 * HOUR))
    assert feed.asked[0].start <= step_at(10 - 12 - layout.past, HOUR)
    assert feed.asked[1].start == step_at(11 - 3 - 1, HOUR)  # overlap, and the step that is dropped
    assert feed.given - first <= 4 * 6
    buffer.window(step_at(11, HOUR), moment(11 * HOUR))
    assert len(feed.asked) == 2  # nothing more can be known at the same moment


def test_pending_is_news_only_and_goes_with_commit() -> None:
    layout = two_stations()
    feed = MemoryFeed(steady(("level@s0", "level@s1", "rain1", "up"), 50))
    buffer = SeriesBuffer(layout, feed, overlap=OVERLAP)
    buffer.window(step_at(10, HOUR), moment(10 * HOUR))
    assert len(buffer.pending()) > 0
    buffer.commit()
    buffer.window(step_at(11, HOUR), moment(11 * HOUR))
    news = buffer.pending()
    assert len(news) == 4 and (news.times == step_at(11, HOUR)).all()
    buffer.window(step_at(11, HOUR), moment(11 * HOUR + 60))
    assert len(buffer.pending()) == 4  # read again: nothing new
    buffer.commit()
    assert len(buffer.pending()) == 0


def test_late_and_corrected_values_change_the_past() -> None:
    layout = two_stations()
    rows = [*steady(("level@s0",), 50), Row("level@s0", 9 * HOUR, -1.0, 10.5 * HOUR)]
    rows.append(Row("rain1", 9 * HOUR, 7.0, 10.5 * HOUR))
    buffer = SeriesBuffer(layout, MemoryFeed(rows), overlap=OVERLAP)
    before = buffer.window(step_at(10, HOUR), moment(10 * HOUR))
    buffer.commit()
    after = buffer.window(step_at(10, HOUR), moment(10.6 * HOUR))
    assert before.observed.values[0, 0, -2] == 9.0 and np.isnan(before.past.values[0, 0, -2, 0])
    assert after.observed.values[0, 0, -2] == -1.0 and after.past.values[0, 0, -2, 0] == 7.0
    news = buffer.pending()
    assert sorted(news.values.tolist()) == [-1.0, 7.0]
    assert (news.received_at == moment(10.5 * HOUR)).all()


def test_finer_rows_read_again_are_not_summed_twice() -> None:
    layout = two_stations()
    rows = [Row("rain1", h * 600, 1.0, h * 600) for h in range(-60, 120)]
    buffer = SeriesBuffer(layout, MemoryFeed(rows), overlap=OVERLAP)
    for hour in range(5, 12):
        window = buffer.window(step_at(hour, HOUR), moment(hour * HOUR))
        assert window.past.values[0, 0, :, 0].tolist() == [6.0] * 6


@pytest.mark.parametrize(("label", "newest", "before"), [("end", 21.0, 6.0), ("start", 20.0 + 6.0, np.nan)])
def test_rain_label(label: str, newest: float, before: float) -> None:
    """Rows stamped 8:00, 8:30 and 9:00: with the start label the first two are the hour to nine."""
    layout = two_stations()
    rows = [Row("rain1", 8 * HOUR, 6.0, 0), Row("rain1", 8.5 * HOUR, 20.0, 0), Row("rain1", 9 * HOUR, 1.0, 0)]
    buffer = SeriesBuffer(layout, MemoryFeed(rows), overlap=OVERLAP, rain_label=label)
    window = buffer.window(step_at(9, HOUR), moment(9 * HOUR))
    by_hand = past_of(MemoryFeed(rows), layout, "rain1", "rain", 9, 9 * HOUR, label)
    assert np.array_equal(window.past.values[0, 0, :, 0], by_hand, equal_nan=True)
    np.testing.assert_array_equal(window.past.values[0, 0, -2:, 0], [before, newest])


def test_catching_up_gives_the_window_as_of_then() -> None:
    layout = two_stations()
    feed = MemoryFeed(steady(("level@s0", "level@s1", "rain1", "up"), 80))
    durations = [np.timedelta64(h, "h") for h in (3, 24, 70)]
    live = SeriesBuffer(layout, feed, overlap=OVERLAP, durations=durations)
    live.window(step_at(60, HOUR), moment(60 * HOUR))
    for hour in (59, 50, 40, 30, 61):
        known = moment(max(60, hour) * HOUR)
        fresh = SeriesBuffer(layout, feed, overlap=OVERLAP, durations=durations)
        assert same(live.window(step_at(hour, HOUR), known), fresh.window(step_at(hour, HOUR), known))


def test_an_earlier_moment_is_read_anew() -> None:
    layout = two_stations()
    feed = MemoryFeed(steady(("level@s0",), 50, late=1800))
    buffer = SeriesBuffer(layout, feed, overlap=OVERLAP)
    assert buffer.window(step_at(10, HOUR), moment(10.9 * HOUR)).observed.values[0, 0, -1] == 10
    assert np.isnan(buffer.window(step_at(10, HOUR), moment(10.2 * HOUR)).observed.values[0, 0, -1])


def batches_of(buffer: SeriesBuffer, hours: range) -> tuple[list[Window], list[Observations]]:
    windows, batches = [], []
    for hour in hours:
        windows.append(buffer.window(step_at(hour, HOUR), moment(hour * HOUR + 60)))
        batches.append(buffer.pending())
        buffer.commit()
    return windows, batches


def test_replay_and_restart() -> None:
    layout = two_stations()
    rows = steady(("level@s0", "level@s1", "rain1", "up"), 60, late=30)
    rows += [Row("rain1", h * HOUR, -5.0, (h + 2) * HOUR) for h in range(0, 60, 7)]
    durations = [np.timedelta64(h, "h") for h in (3, 24, 70)]
    live = SeriesBuffer(layout, MemoryFeed(rows), overlap=OVERLAP, durations=durations)
    windows, batches = batches_of(live, range(10, 30))
    for k, hour in enumerate(range(10, 30)):
        replay = SeriesBuffer(layout, None, overlap=OVERLAP, durations=durations, restored=batches[: k + 1])
        assert same(replay.window(step_at(hour, HOUR), moment(hour * HOUR + 60)), windows[k])
        assert len(replay.pending()) == 0
    feed = MemoryFeed(rows)
    restarted = SeriesBuffer(layout, feed, overlap=OVERLAP, durations=durations, restored=batches)
    assert same(
        restarted.window(step_at(30, HOUR), moment(31 * HOUR)), live.window(step_at(30, HOUR), moment(31 * HOUR))
    )
    assert len(restarted.pending()) == len(live.pending())


def test_a_replay_counts_a_correction_further_back_than_it_holds() -> None:
    """A replay asks nobody again and holds less; what is corrected 35 hours later counts once in its totals."""
    rows = [Row("rain1", h * HOUR, 1.0, h * HOUR) for h in range(-140, 60)]
    rows.append(Row("rain1", 10 * HOUR, 100.0, 45 * HOUR))
    durations = [np.timedelta64(96, "h")]
    live = SeriesBuffer(two_stations(), MemoryFeed(rows), overlap=np.timedelta64(40, "h"), durations=durations)
    windows, batches = batches_of(live, range(40, 50))
    assert [w.antecedent[0, 0, 0] for w in windows] == [96.0] * 5 + [195.0] * 5
    zero = np.timedelta64(0, "h")
    replay = SeriesBuffer(two_stations(), None, overlap=zero, durations=durations, restored=batches)
    assert same(replay.window(step_at(49, HOUR), moment(49 * HOUR + 60)), windows[-1])


def test_a_restart_from_what_memory_holds_asks_for_the_overlap_only() -> None:
    layout, durations = two_stations(), [np.timedelta64(h, "h") for h in (3, 70)]
    rows = steady(("level@s0", "level@s1", "rain1", "up"), 300)
    live = SeriesBuffer(layout, MemoryFeed(rows), overlap=OVERLAP, durations=durations)
    _, batches = batches_of(live, range(10, 210, 20))
    since = step_at(195, HOUR) - memory_of(layout, durations, OVERLAP)
    kept = [batch.where(batch.times >= since) for batch in batches]
    feed = MemoryFeed(rows)
    restarted = SeriesBuffer(layout, feed, overlap=OVERLAP, durations=durations, restored=kept)
    at = step_at(195, HOUR), moment(195 * HOUR)
    assert same(restarted.window(*at), live.window(*at))
    assert [w.start for w in feed.asked] == [step_at(190 - OVERLAP // np.timedelta64(1, "h"), HOUR)]


def test_issue_time_off_the_grid_is_refused() -> None:
    buffer = SeriesBuffer(two_stations(), MemoryFeed([]), overlap=OVERLAP)
    with pytest.raises(ValueError, match="multiple of the step"):
        buffer.window(moment(1800).astype("M8[s]"), moment(1800))


class Failing(MemoryFeed):
    def read(self, wanted: Wanted) -> pd.DataFrame:
        raise FeedError("the host does not answer")


def test_a_source_that_fails_leaves_what_is_held() -> None:
    layout = two_stations()
    feed = MemoryFeed(steady(("level@s0",), 50))
    buffer = SeriesBuffer(layout, feed, overlap=OVERLAP)
    before = buffer.window(step_at(10, HOUR), moment(10 * HOUR))
    read, feed.read = feed.read, Failing([]).read  # type: ignore[method-assign]
    with pytest.raises(FeedError, match="does not answer"):
        buffer.window(step_at(11, HOUR), moment(11 * HOUR))
    feed.read = read  # type: ignore[method-assign]
    assert same(buffer.window(step_at(10, HOUR), moment(10 * HOUR)), before)
    assert buffer.window(step_at(11, HOUR), moment(11 * HOUR)).observed.values[0, 0, -1] == 11


def test_what_cannot_be_read_is_a_problem_of_that_window() -> None:
    layout = two_stations()
    rows = [*steady(("level@s0",), 50), Row("level@s0", 9.5 * HOUR, float("inf"), 0), Row("up", 9 * HOUR, 1e308, 0)]
    buffer = SeriesBuffer(layout, MemoryFeed(rows), overlap=np.timedelta64(0, "h"))
    window = buffer.window(step_at(10, HOUR), moment(10 * HOUR))
    assert window.observed.values[0, 0, -1] == 10
    assert ["level@s0" in p.error for p in buffer.problems()] == [True, False]
    buffer.window(step_at(11, HOUR), moment(11 * HOUR))
    buffer.window(step_at(12, HOUR), moment(12 * HOUR))
    assert buffer.problems() == ()


def test_a_failed_value_is_shown_with_its_flag_and_left_out_of_totals() -> None:
    layout = two_stations()
    rows = [Row("rain1", h * HOUR, 1.0, 0, flag=4 if h == 9 else 1) for h in range(-30, 11)]
    day = np.timedelta64(24, "h")
    window = SeriesBuffer(layout, MemoryFeed(rows), overlap=OVERLAP, durations=[day]).window(
        step_at(10, HOUR), moment(10 * HOUR)
    )
    assert window.past.values[0, 0, -2, 0] == 1.0 and window.past.flags[0, 0, -2, 0] == Flag.FAIL
    assert window.antecedent[0, 0, 0] == pytest.approx(24.0)  # 23 of 24, scaled


def test_a_gap_as_long_as_the_buffer_leaves_nothing_old_behind() -> None:
    layout = two_stations()
    feed = MemoryFeed([*steady(("level@s0", "rain1"), 50), Row("level@s0", 5000 * HOUR, 3.0, 0)])
    buffer = SeriesBuffer(layout, feed, overlap=OVERLAP, durations=[np.timedelta64(100, "h")])
    buffer.window(step_at(40, HOUR), moment(40 * HOUR))
    window = buffer.window(step_at(5000, HOUR), moment(5000 * HOUR))
    assert np.isnan(window.observed.values[0, 0, :-1]).all() and window.observed.values[0, 0, -1] == 3.0
    assert np.isnan(window.antecedent).all()


def test_a_new_series_in_the_configuration_is_read_in_full() -> None:
    rows = steady(("level@s0", "level@s1", "rain1", "up"), 60)
    old = SeriesBuffer(layout_of([["rain1"], ["rain1"]], ("rain",)), MemoryFeed(rows), overlap=OVERLAP)
    old.window(step_at(40, HOUR), moment(40 * HOUR))
    feed = MemoryFeed(rows)
    buffer = SeriesBuffer(two_stations(), feed, overlap=OVERLAP, restored=[old.pending()])
    window = buffer.window(step_at(41, HOUR), moment(41 * HOUR))
    assert window.past.values[0, 0, :, 1].tolist() == [336, 337, 338, 339, 340, 341]
    assert [w.series for w in feed.asked] == [("level@s0", "level@s1", "rain1", "up"), ("up",)]
    assert feed.asked[0].start == step_at(41 - 1 - 3, HOUR)


def test_a_new_series_counts_in_totals_as_far_back_as_they_reach() -> None:
    rows = steady(("level@s0", "level@s1", "rain1"), 160)
    rows += [Row("up", h * HOUR, 1.0 + h, h * HOUR) for h in range(-30, 160)]
    more = {"overlap": OVERLAP, "durations": [np.timedelta64(h, "h") for h in (3, 96)]}
    old = SeriesBuffer(layout_of([["rain1"], ["rain1"]], ("rain",)), MemoryFeed(rows), **more)  # type: ignore[arg-type]
    old.window(step_at(140, HOUR), moment(140 * HOUR))
    started = SeriesBuffer(two_stations(), MemoryFeed(rows), restored=[old.pending()], **more)  # type: ignore[arg-type]
    window = started.window(step_at(141, HOUR), moment(141 * HOUR))
    assert window.antecedent[0, 1].tolist() == pytest.approx([141.0, 94.5], abs=0.01)
    fresh = SeriesBuffer(two_stations(), MemoryFeed(rows), **more)  # type: ignore[arg-type]
    assert same(window, fresh.window(step_at(141, HOUR), moment(141 * HOUR)))


def test_the_past_of_a_simulation_is_its_newest_issue_then() -> None:
    layout = layout_of([["sim"]], ("simulation",), past=4, horizon=3)
    rows = [
        Row("sim", (issue + lead) * HOUR, 100.0 * issue + lead, (issue + 0.25) * HOUR, issue * HOUR)
        for issue in range(-30, 40, 2)
        for lead in range(6)
    ]
    buffer = SeriesBuffer(layout, MemoryFeed(rows), overlap=OVERLAP)
    window = buffer.window(step_at(9, HOUR), moment(9 * HOUR))
    assert window.past.values[0, 0, :, 0].tolist() == [600, 601, 800, 801]
    assert window.future.values[0, 0, :, 0].tolist() == [802, 803, 804]
    later = buffer.window(step_at(11, HOUR), moment(11 * HOUR))
    assert later.past.values[0, 0, :, 0].tolist() == [800, 801, 1000, 1001]
    assert later.future.values[0, 0, :, 0].tolist() == [1002, 1003, 1004]


def test_an_issue_that_ended_leaves_nothing_known() -> None:
    layout = layout_of([["rain1"]], ("rain",), past=4, horizon=3)
    rows = [Row("rain1", (2 + lead) * HOUR, 1.0, 2 * HOUR, 2 * HOUR) for lead in range(1, 4)]
    buffer = SeriesBuffer(layout, MemoryFeed(rows), overlap=OVERLAP)
    ends = [buffer.window(step_at(n, HOUR), moment(n * HOUR)).future.values[0, 0, :, 0] for n in range(1, 7)]
    assert [int(np.isfinite(e).sum()) for e in ends] == [0, 3, 2, 1, 0, 0]


def test_members_of_an_ensemble_become_scenarios() -> None:
    layout = layout_of([["rain1", "rain2"], ["rain2", ""]], ("rain", "rain"), past=4, horizon=3)
    rows = [Row("rain1", (5 + k) * HOUR, m * 10.0 + k, 5 * HOUR, 5 * HOUR, m) for m in (1, 2, 4) for k in (1, 2, 3)]
    rows += [Row("rain2", (5 + k) * HOUR, 7.0, 5 * HOUR, 5 * HOUR) for k in (1, 2)]
    window = SeriesBuffer(layout, MemoryFeed(rows), overlap=OVERLAP).window(step_at(5, HOUR), moment(5 * HOUR))
    assert window.scenarios == 4 and window.observed.values.strides[1] == 0 and window.past.values.strides[1] == 0
    assert window.future.values[0, :, 0, 0].tolist() == [(11 + 21 + 41) / 3, 11, 21, 41]
    np.testing.assert_array_equal(window.future.values[1, :, :, 0], [[7, 7, np.nan]] * 4)
    assert np.isnan(window.future.values[1, :, :, 1]).all()
