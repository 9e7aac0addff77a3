"""What tells a new datum from water at the third value, and what a lone rain gauge dumps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from rivers_made import history

from hydria_plugin import Flag
from hydria_plugin.correctors.quality.context import Pace
from hydria_plugin.correctors.quality.feeds import Feeds
from hydria_plugin.correctors.quality.jumps import judge_jumps
from hydria_plugin.correctors.quality.learning import learn
from hydria_plugin.correctors.quality.limits import Limits
from hydria_plugin.correctors.quality.rains import Beside, dumps
from hydria_plugin.values import Floats

HOURLY, DAILY = Pace(48, 1.0), Pace(30, 24.0)


def limits(resolution: float = 1.0) -> Limits:
    """Of one river in mm, that changes by up to 70 a step."""
    quiet = dict.fromkeys(("up_quiet", "down_quiet", "spike_quiet", "up_active", "down_active", "spike_active"), 70.0)
    found = {**quiet, "shift_quiet": 200.0, "shift_active": 200.0, "resolution": resolution, "floor": 800.0}
    return replace(Limits.unknown(1), **{name: np.array([value]) for name, value in found.items()})


def judged(y: Floats) -> list[int]:
    """Flags of a river that was on the move."""
    wet, no = np.ones((len(y), 1), dtype=bool), np.zeros((len(y), 1), dtype=bool)
    return judge_jumps(y[:, None], limits(), wet, no, no, HOURLY).flag[:, 0].tolist()


def test_a_recession_that_goes_on_from_another_level_has_another_datum() -> None:
    recession = 3200.0 - 60 * np.arange(12)
    recession[8:] += 4600
    assert judged(recession[:11])[8:] == [Flag.FAIL] * 3


def test_a_rise_out_of_a_recession_that_turns_into_a_wave_is_water() -> None:
    wave = 3200.0 - 60 * np.arange(12)
    wave[8:] = wave[7] + [4600.0, 4750.0, 4930.0, 4990.0]
    assert Flag.FAIL not in judged(wave)


def test_one_value_of_many_times_the_river_is_failed_when_it_comes_back_though_water_moves() -> None:
    """356, 18,615, 364 m3/s: seen at a dam, within an hour of one of its largest values."""
    assert judged(np.array([352.0, 358, 361, 364, 356, 18615, 364, 364]))[5:7] == [Flag.FAIL, 0]


@pytest.mark.parametrize(("ticks", "verdict"), [(2, Flag.FAIL), (30, Flag.GOOD)])
def test_two_ticks_are_no_movement(ticks: int, verdict: Flag) -> None:
    """A gauge of whole millimetres that stands 1,200 higher, and moves by ``ticks`` after that."""
    y = np.full(12, 900.0)
    y[8:] += 1200 + np.array([0, ticks, 0, 0])
    flags = judged(y[:11])
    assert (flags[8] == Flag.FAIL) == (verdict == Flag.FAIL)


def test_a_short_record_calls_a_datum_of_a_quarter_of_its_range_only_when_it_is_far_beyond_all_it_did() -> None:
    record = history()
    feeds = Feeds.of(record.layout)
    x = feeds.gathered(np.asarray(record.target.values), np.asarray(record.inputs.values))[:1500]
    at = feeds.names.index("target")
    calm = learn(feeds, x, np.ones(x.shape, dtype=bool), HOURLY)
    restless = x.copy()
    restless[::7, at] += 0.1 * np.ptp(x[:, at])
    other = learn(feeds, restless, np.ones(x.shape, dtype=bool), HOURLY)
    assert np.isinf(calm.leap[at]), "less than a season"
    assert 0.5 * calm.coarse[at] <= calm.shift_quiet[at] <= calm.coarse[at] == calm.shift_active[at]
    assert other.shift_quiet[at] >= other.coarse[at]


@pytest.mark.parametrize(("pace", "found"), [(DAILY, 12.0), (HOURLY, 0.0)])
def test_what_a_lone_gauge_gives_after_days_of_silence_is_a_dump(pace: Pace, found: float) -> None:
    """12 mm are no rare day and no rare hour of its record: of an hour after three it may be a storm."""
    own = np.array([0.0, 2.0, np.nan, np.nan, np.nan, 12.0])[:, None]
    nobody = Beside(np.full(own.shape, np.nan), np.full(own.shape, np.nan))
    assert dumps(own, nobody, np.array([20.0]), np.array([30.0]), pace)[-1, 0] == found
    assert dumps(own, nobody, np.array([20.0]), np.array([10.0]), pace)[-1, 0] == 12.0, "a rare one is"
    own[2:5] = 0.0
    assert dumps(own, nobody, np.array([20.0]), np.array([30.0]), pace)[-1, 0] == 0.0, "zeros are no gap"


def test_a_gauge_that_jumps_to_and_fro_is_doubted_only_from_the_fourth_jump_on() -> None:
    """Gates: 480 down and back within a few steps, again and again."""
    lim = replace(limits(), lowest=np.array([665.0]), low=np.array([100.0]))
    y = np.full(40, 1100.0)
    for first in (5, 12, 19, 26, 33):
        y[first] = 450.0
    no = np.zeros((40, 1), dtype=bool)
    flag = judge_jumps(y[:, None], lim, no, no, no, HOURLY).flag[:, 0]
    assert flag[[5, 12, 19]].tolist() == [Flag.FAIL] * 3
    assert flag[[26, 33]].tolist() == [Flag.SUSPECT] * 2
    short = [no[: t + 1] for t in (5, 26)]
    newest = [judge_jumps(y[: len(n), None], lim, n, n, n, HOURLY).flag[-1, 0] for n in short]
    assert newest == [Flag.FAIL, Flag.SUSPECT], "at first sight too"


@pytest.mark.parametrize(("now", "found"), [(2.0, 20.0), (12.0, 0.0)])
def test_a_dump_while_it_still_rains_is_told_by_the_usual_of_the_others(now: float, found: float) -> None:
    """After four steps of silence; one of three others is in a cell of its own. As much on all is a cloudburst."""
    own = np.array([0.0, 2.0, np.nan, np.nan, np.nan, np.nan, 20.0])[:, None]
    low = np.array([0.0, 2.0, 4.0, 4.0, 4.0, 4.0, now])[:, None]
    most = np.array([0.0, 2.0, 9.0, 9.0, 9.0, 11.0, 14.0])[:, None]
    assert dumps(own, Beside(low, most), np.array([20.0]), np.array([30.0]), HOURLY)[-1, 0] == found
