"""What must hold for any feed: the two clocks, re-reading, order, restart, and agreement with the definition."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from memory_feed import Made, MemoryFeed, changed, future_of, made_up, moment, past_of
from test_buffer import same

from hydria_plugin.buffer import SeriesBuffer
from hydria_plugin.learning.record import read_history
from hydria_plugin.values import History, Observations, Window

seeds = st.integers(0, 2**32 - 1)
steps = st.sampled_from([60, 300, 600, 900, 3600, 21600, 86400])
labels = st.sampled_from(["end", "start"])
members = st.sampled_from([1, 3])
often = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))


def durations(made: Made) -> list[np.timedelta64]:
    return [np.timedelta64(d * made.step, "s") for d in (1, 3, 30)]


def buffer_over(made: Made, label: str = "end", restored: list[Observations] | None = None) -> SeriesBuffer:
    return SeriesBuffer(
        made.layout,
        made.feed if restored is None else None,
        durations=durations(made),
        overlap=made.overlap,
        rain_label=label,
        restored=restored or (),
    )


def cycles(made: Made, label: str = "end") -> tuple[list[Window], list[Observations]]:
    buffer, windows, batches = buffer_over(made, label), [], []
    for cycle in made.cycles:
        windows.append(buffer.window(*made.at(cycle)))
        batches.append(buffer.pending())
        buffer.commit()
    return windows, batches


@often
@given(seeds, steps, labels)
def test_the_past_is_what_the_definition_says(seed: int, step: int, label: str) -> None:
    made = made_up(seed, step)
    windows, _ = cycles(made, label)
    for (n, known), window in zip(made.cycles, windows, strict=True):
        for s, target in enumerate(made.layout.targets):
            expected = past_of(made.feed, made.layout, target, "level", n, known, label)
            np.testing.assert_array_equal(window.observed.values[s, 0], expected)
            for v, kind in enumerate(made.layout.kinds):
                expected = past_of(made.feed, made.layout, str(made.layout.series[s, v]), kind, n, known, label)
                np.testing.assert_allclose(window.past.values[s, 0, :, v], expected, rtol=1e-12)


@often
@given(seeds, steps, members)
def test_the_future_is_the_newest_issue(seed: int, step: int, members: int) -> None:
    made = made_up(seed, step, forecasts=True, members=members)
    windows, _ = cycles(made)
    for (n, known), window in zip(made.cycles, windows, strict=True):
        for s in range(len(made.layout.stations)):
            for v in range(len(made.layout.slots)):
                name = str(made.layout.series[s, v])
                issue = future_of(made.feed, made.layout, name, n, known) if name else {}
                scenarios = window.future.values[s, :, :, v]
                if not issue:
                    assert np.isnan(scenarios).all()
                    continue
                np.testing.assert_allclose(scenarios[0], np.mean(list(issue.values()), axis=0))
                for r, member in enumerate(range(window.scenarios - 1), start=1):
                    np.testing.assert_allclose(scenarios[r], issue.get(member, scenarios[0]))


@often
@given(seeds, steps, labels, st.booleans())
def test_neither_clock_can_be_cheated(seed: int, step: int, label: str, forecasts: bool) -> None:
    """Moving every value stamped after the step, issued after it, or received after the moment, moves nothing."""
    made = made_up(seed, step, forecasts=forecasts)
    n, known = made.cycles[-1]
    unknowable = [
        i
        for i, r in enumerate(made.feed.rows)
        if r.received > known or (r.time if r.issued is None else r.issued) > n * step
    ]
    other = replace(made, feed=changed(made.feed, unknowable, 1000.0))
    fewer = replace(made, feed=MemoryFeed([r for i, r in enumerate(made.feed.rows) if i not in set(unknowable)]))
    window = cycles(made, label)[0][-1]
    assert same(window, cycles(other, label)[0][-1])
    assert same(window, cycles(fewer, label)[0][-1])


@often
@given(seeds, steps, st.booleans())
def test_a_source_that_tells_too_much_is_not_believed(seed: int, step: int, forecasts: bool) -> None:
    """A source that ignores what it was asked and gives its whole record changes nothing."""
    made = made_up(seed, step, forecasts=forecasts)

    class Blurting(MemoryFeed):
        def read(self, wanted):  # type: ignore[no-untyped-def]
            far = replace(
                wanted, start=moment(-9e7).astype("M8[s]"), issued_at=moment(9e7), known_at=moment(9e8), end=moment(9e8)
            )
            return super().read(far)

    blurting = replace(made, feed=Blurting(made.feed.rows))
    for honest, other in zip(cycles(made)[0], cycles(blurting)[0], strict=True):
        assert same(honest, other)


@often
@given(seeds, steps, members)
def test_replayed_is_live_to_the_last_bit(seed: int, step: int, members: int) -> None:
    made = made_up(seed, step, forecasts=True, members=members)
    windows, batches = cycles(made)
    for k, (cycle, window) in enumerate(zip(made.cycles, windows, strict=True)):
        replay = buffer_over(made, restored=batches[: k + 1])
        assert same(replay.window(*made.at(cycle)), window)
    every = buffer_over(made, restored=batches)
    n, known = made.cycles[-1]
    assert same(every.window(*made.at((n, known))), windows[-1])


@often
@given(seeds, steps)
def test_restarting_changes_nothing(seed: int, step: int) -> None:
    made = made_up(seed, step, forecasts=True, cycles=8)
    windows, batches = cycles(made)
    cut = 1 + seed % 6
    again = SeriesBuffer(
        made.layout, made.feed, durations=durations(made), overlap=made.overlap, restored=batches[:cut]
    )
    for cycle, window, batch in zip(made.cycles[cut:], windows[cut:], batches[cut:], strict=True):
        assert same(again.window(*made.at(cycle)), window)
        again.commit()
        assert len(batch) >= 0


@often
@given(seeds, steps, st.booleans())
def test_reading_again_is_no_news(seed: int, step: int, forecasts: bool) -> None:
    made = made_up(seed, step, forecasts=forecasts)
    buffer = buffer_over(made)
    n, known = made.cycles[-1]
    window = buffer.window(*made.at((n, known + 100 * step)))  # all of the overlap has arrived
    buffer.commit()
    assert same(buffer.window(*made.at((n, known + 101 * step))), window)
    assert len(buffer.pending()) == 0


@often
@given(seeds, steps, labels)
def test_order_of_rows_and_stations_is_irrelevant(seed: int, step: int, label: str) -> None:
    made = made_up(seed, step)
    seen: dict[tuple[str, float, float], None] = {}
    rows = [
        r for r in made.feed.rows if (k := (r.series, r.time, r.received)) not in seen and not seen.update({k: None})
    ]
    rng = np.random.default_rng(seed)
    mixed = replace(made, feed=MemoryFeed([rows[i] for i in rng.permutation(len(rows))]))
    order = rng.permutation(len(made.layout.stations))
    turned = replace(made, feed=MemoryFeed(rows), layout=made.layout.only(order))
    for a, b, c in zip(
        cycles(replace(made, feed=MemoryFeed(rows)), label)[0],
        cycles(mixed, label)[0],
        cycles(turned, label)[0],
        strict=True,
    ):
        assert same(a, b)
        assert same(replace(a.only(order), layout=c.layout), c)


def history_of(made: Made, last: int, known: float, label: str) -> History:
    first, end = (made.at((k, 0.0))[0] for k in (last - 12, last))
    return read_history(
        made.feed, made.layout, first, end, durations=durations(made), rain_label=label, known_at=moment(known)
    )


@often
@given(seeds, steps, labels, st.booleans())
def test_window_is_a_slice_of_the_history(seed: int, step: int, label: str, forecasts: bool) -> None:
    made = made_up(seed, step, forecasts=forecasts)
    made = replace(
        made, feed=MemoryFeed([r for r in made.feed.rows if r.received <= (r.time if r.issued is None else r.issued)])
    )
    n, known = made.cycles[-1]
    window = buffer_over(made, label).window(*made.at((n, known)))
    history = history_of(made, n, known, label)
    p = made.layout.past
    assert np.array_equal(window.observed.values[:, 0], history.target.values[:, -p:], equal_nan=True)
    assert np.array_equal(window.observed.flags[:, 0], history.target.flags[:, -p:])
    assert np.array_equal(window.past.values[:, 0], history.inputs.values[:, -p:], equal_nan=True)
    assert np.array_equal(window.past.flags[:, 0], history.inputs.flags[:, -p:])
    assert np.array_equal(window.antecedent, history.totals[:, -1], equal_nan=True)
    for v, slot in enumerate(made.layout.slots):
        known_then = history.forecasts.get(slot)
        future = window.future.values[:, 0, :, v]
        assert np.isnan(future).all() if known_then is None else np.allclose(future, known_then[:, -1], equal_nan=True)
