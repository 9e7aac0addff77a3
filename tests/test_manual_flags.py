"""What people say of values: kept in a file, laid over every window, record and replay; new imports change nothing."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hydria_plugin import METHODS, ConfigError, Flag, Window
from hydria_plugin.config import build_pipeline, read_config
from hydria_plugin.cycle import run_cycle
from hydria_plugin.host.replay import as_of_then, buffer_of_then
from hydria_plugin.manual_flags import (
    NEVER,
    FlaggedBuffer,
    ManualFlag,
    flagged_history,
    flagged_window,
    read_flags,
    write_flags,
)
from hydria_plugin.plugins import load_plugins
from hydria_plugin.stores.memory import MemoryStore
from hydria_plugin.testing.samples import HOUR, ISSUED_AT, sample_history, sample_layout, window_of
from hydria_plugin.workshop import run_backtest
from hydria_plugin.workshop.flags import add_flag, flags_in, take_back
from tests.site_files import write_site

NOW = np.datetime64("2021-04-07T10:03", "us")
STEP = np.datetime64("2021-04-07T10:00", "s")
SET = np.datetime64("2026-01-01T00:00", "s")


def flag(series: str = "level@s1", back: int = 3, long: int = 2, **more: Any) -> ManualFlag:
    first = ISSUED_AT - back * HOUR
    made = ManualFlag(1, series, first, first + (long - 1) * HOUR, "bad", "float stuck", "ana", SET)
    return replace(made, **more)


def plain() -> Window:
    return window_of(sample_history(sample_layout(), 300, gaps=0.0), 299)


def test_the_file_says_what_was_written_and_people_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "manual_flags.csv"
    flags = (
        flag(),
        flag(id=2, last=NEVER, as_="good", reason='said "no", twice; twice, I say'),
        flag(id=3, withdrawn_at=SET + HOUR, withdrawn_by="béa"),
    )
    write_flags(path, flags)
    again = read_flags(path)
    assert [str(f) for f in again] == [str(f) for f in flags]
    assert path.read_text().splitlines()[1].startswith("1,level@s1,2026-03-01T09:00:00Z,2026-03-01T10:00:00Z,bad,")
    assert read_flags(tmp_path / "none.csv") == ()


@pytest.mark.parametrize(("text", "words"), [
    ("id,series\n1,x\n", ["manual_flags.csv:2", "allowed: id, series"]),
    ("id,series,from,to,as,reason,author,set_at,withdrawn_at,withdrawn_by\nx,a,2026-01-01Z,,bad,r,a,2026-01-01Z,,\n",
     [":2", "invalid literal"]),
    ("id,series,from,to,as,reason,author,set_at,withdrawn_at,withdrawn_by\n1,a,2026-01-01Z,,odd,r,a,2026-01-01Z,,\n",
     ["'odd'", "bad, suspect, good"]),
    ("id,series,from,to,as,reason,author,set_at,withdrawn_at,withdrawn_by\n1,a,,,bad,r,a,2026-01-01Z,,\n",
     ["must be given"]),
])  # fmt: skip
def test_a_file_that_says_nothing_sensible_is_refused_line_by_line(tmp_path: Path, text: str, words: list[str]) -> None:
    path = tmp_path / "manual_flags.csv"
    path.write_text(text)
    with pytest.raises(ConfigError) as refused:
        read_flags(path)
    assert all(word in str(refused.value) for word in words)


def test_bad_is_a_gap_wherever_the_series_stands() -> None:
    before, after = plain(), flagged_window(plain(), [flag()])
    assert np.isnan(after.observed.values[0, 0, -4:-2]).all() and np.isfinite(after.observed.values[0, 0, -2:]).all()
    assert (after.observed.flags[0, 0, -4:-2] == Flag.FAIL).all()
    assert {METHODS[m] for m in after.observed.method[0, 0, -4:-2]} == {"manual"}
    np.testing.assert_array_equal(after.observed.raw, before.observed.raw)
    np.testing.assert_array_equal(after.observed.values[1:], before.observed.values[1:])
    assert not after.observed.trusted[0, 0, -4]
    slot = flagged_window(plain(), [flag("rain.1@s2")])
    assert np.isnan(slot.past.values[1, 0, -4:-2, 0]).all() and np.isfinite(slot.past.values[1, 0, :, 1:]).all()


def test_suspect_stays_and_good_overrules_the_host() -> None:
    window = plain()
    doubted = flagged_window(window, [flag(as_="suspect")])
    np.testing.assert_array_equal(doubted.observed.values, window.observed.values)
    assert (doubted.observed.flags[0, 0, -4:-2] == Flag.SUSPECT).all()
    flags = np.full(window.observed.flags.shape, np.uint8(Flag.FAIL))
    host = replace(window, observed=replace(window.observed, flags=flags))
    good = flagged_window(host, [flag(as_="good")])
    assert (good.observed.flags[0, 0, -4:-2] == Flag.GOOD).all() and good.observed.trusted[0, 0, -4:-2].all()


def test_a_later_word_stands_over_an_earlier_one() -> None:
    after = flagged_window(plain(), [flag(long=3), flag(long=1, as_="good")])
    assert after.observed.flags[0, 0, -4:-1].tolist() == [Flag.GOOD, Flag.FAIL, Flag.FAIL]


def test_nothing_said_changes_nothing() -> None:
    window, record = plain(), sample_history()
    assert flagged_window(window, []) is window
    assert flagged_window(window, [flag("elsewhere")]) is window
    assert flagged_window(window, [flag(back=500)]) is window
    assert flagged_history(record, [flag("elsewhere")]) is record


def test_a_gap_stays_missing() -> None:
    window = window_of(sample_history(sample_layout(), 300, gaps=1.0), 299)
    after = flagged_window(window, [flag()])
    assert (after.observed.flags == Flag.MISSING).all() and not after.observed.method.any()


def test_a_record_has_the_flags_in_force_now() -> None:
    record = sample_history()
    ends = record.times[-1]
    after = flagged_history(record, [flag(first=ends, last=NEVER), flag("level@s2", withdrawn_at=SET)])
    assert np.isnan(after.target.told[0, -1]) and np.isfinite(after.target.raw[0, -1])
    np.testing.assert_array_equal(after.target.values[1], record.target.values[1])


# ---- on a platform ----


def clock() -> np.datetime64:
    return NOW


def built(config: Path) -> Any:
    registry = load_plugins()
    settings = read_config(config, environ={}, registry=registry)
    rng = np.random.default_rng(0)
    return build_pipeline(settings, "river", registry, MemoryStore(), clock=clock, rng=rng)


def set_bad(config: Path) -> dict[str, str]:
    return add_flag(config, "h_down", STEP - HOUR, STEP, "bad", "float stuck", "ana")


def set_at(config: Path, at: str) -> None:
    """As if all flags had been set at ``at``."""
    path = config.parent / "manual_flags.csv"
    write_flags(path, [replace(f, set_at=np.datetime64(at, "s")) for f in read_flags(path)])


def test_a_flag_makes_a_revision_and_can_be_taken_back(tmp_path: Path) -> None:
    config = write_site(tmp_path)
    pipeline = built(config)
    first = run_cycle(pipeline, STEP, NOW)
    assert run_cycle(pipeline, STEP, NOW) is not None and first.revision == 0
    set_bad(config)
    set_at(config, "2021-04-07T10:02")
    second = run_cycle(pipeline, STEP, NOW)
    assert second.revision == 1 and np.isnan(second.window.observed.values[1, 0, -2:]).all()  # type: ignore[union-attr]
    take_back(config, 1, "béa")
    assert [f["id"] for f in flags_in(config, False)] == [] and [f["id"] for f in flags_in(config, True)] == ["1"]
    path = config.parent / "manual_flags.csv"
    write_flags(path, [replace(read_flags(path)[0], withdrawn_at=np.datetime64("2021-04-07T10:02:30", "s"))])
    assert run_cycle(pipeline, STEP, NOW).revision == 2


def test_it_outlives_a_new_import_of_the_same_values(tmp_path: Path) -> None:
    config = write_site(tmp_path)
    pipeline = built(config)
    set_bad(config)
    set_at(config, "2021-04-07T10:02")
    run_cycle(pipeline, STEP, NOW)
    feed = config.parent / "feeds" / "river.csv"
    lines = feed.read_text().splitlines()
    feed.write_text("\n".join([*lines, *lines[-60:]]) + "\n")
    os.utime(feed)
    later = run_cycle(pipeline, STEP + HOUR, NOW + HOUR)
    assert np.isnan(later.window.observed.values[1, 0, -3:-1]).all()  # type: ignore[union-attr]
    assert np.isfinite(later.window.observed.values[1, 0, -1])  # type: ignore[union-attr]


def test_a_replay_knows_the_flags_of_then(tmp_path: Path) -> None:
    config = write_site(tmp_path)
    pipeline = built(config)
    made = run_cycle(pipeline, STEP, NOW)
    set_bad(config)  # set now, years after that cycle
    then = as_of_then(pipeline, buffer_of_then(pipeline, made), pipeline.store, made)
    assert isinstance(then.buffer, FlaggedBuffer)
    assert run_cycle(then, STEP, NOW).digests["inputs"] == made.digests["inputs"]


def test_a_backtest_has_the_flags_of_now_in_inputs_and_truth(tmp_path: Path) -> None:
    config = write_site(tmp_path)
    registry = load_plugins()
    settings = read_config(config, environ={}, registry=registry)
    before, _ = run_backtest(settings, "river", registry, STEP - 3 * HOUR, STEP)
    set_bad(config)
    after, _ = run_backtest(settings, "river", registry, STEP - 3 * HOUR, STEP)
    assert np.isnan(after.truth).sum() > np.isnan(before.truth).sum()
    assert not np.array_equal(before.values, after.values, equal_nan=True)


def test_a_file_that_breaks_is_told_and_what_it_said_stays(tmp_path: Path) -> None:
    config = write_site(tmp_path)
    pipeline = built(config)
    set_bad(config)
    set_at(config, "2021-04-07T10:02")
    assert np.isnan(pipeline.buffer.window(STEP, NOW).observed.values[1, 0, -1])
    (tmp_path / "manual_flags.csv").write_text("nonsense\n1\n")
    window = pipeline.buffer.window(STEP, NOW)
    assert np.isnan(window.observed.values[1, 0, -1])
    (problem,) = [p for p in pipeline.buffer.problems() if p.stage == "flags"]
    assert "manual_flags.csv:2" in problem.error and "stay in force" in problem.error
    (tmp_path / "manual_flags.csv").unlink()
    assert np.isfinite(pipeline.buffer.window(STEP, NOW).observed.values[1, 0, -1])
