"""Every step to one end: catch-up, late data, failing feeds, wrong clocks."""

from __future__ import annotations

import time

import numpy as np
from trial_host import Opener, Trial


def at(text: str) -> np.datetime64:
    return np.datetime64(text, "s")


# ---- every step ----


def test_a_new_platform_begins_with_the_newest_step(trial: Trial) -> None:
    trial.host.tick()
    assert trial.ends == {"03-05T00:00": "issued"}


def test_every_step_has_one_end(trial: Trial) -> None:
    trial.go(5, times=60)
    assert set(trial.ends.values()) == {"issued"} and len(trial.ends) == 21
    assert [b for b, _ in trial.notebook.bulletins] == sorted(str(s.issued_at) for s in trial.steps)


def test_catching_up_takes_the_newest_first_and_alarms_nobody(trial: Trial) -> None:
    trial.host.tick()
    trial.go(60 * 6)  # 24 steps at once, the flood has come
    order = [b for b, _ in trial.notebook.bulletins[1:]]
    assert order == sorted(order, reverse=True) and len(order) == 24
    assert {str(a.issued_at) for a in trial.notebook.alerts} == {"2026-03-05T06:00:00"}
    assert all(not line["news"] for line in trial.diary if line["at"] != "2026-03-05T06:00:00")
    assert set(trial.ends.values()) == {"issued"} and len(trial.ends) == 25


def test_what_is_too_old_is_skipped_with_a_reason(trial: Trial) -> None:
    trial.host.tick()
    trial.go(60 * 24)
    assert len(trial.ends) == 97  # nothing missing
    skipped = [s for s in trial.steps if s.state == "skipped"]
    assert len(skipped) == 96 - 25 and {s.reason for s in skipped} == {
        "nothing ran, or could run, until the step was older than the horizon of 6 h"
    }
    assert [s.issued_at for s in skipped] == [at("2026-03-05T00:15") + np.timedelta64(15 * i, "m") for i in range(71)]


def test_a_restart_goes_on_where_the_other_ended(open_trial: Opener) -> None:
    first = open_trial()
    first.go(15, times=3)
    first.host.close()
    second = open_trial(now="2026-03-05T02:00:30")
    second.host.tick()
    assert list(second.ends.values()) == ["issued"] * 8 and len(second.notebook.bulletins) == 5
    assert len(second.diary) == 8


def test_a_step_that_was_running_when_all_died_is_made_again(trial: Trial) -> None:
    trial.host.store.begin("river", at("2026-03-05T00:00"), trial.clock())
    trial.host.store.begin("river", at("2026-03-04T23:45"), trial.clock())
    trial.host.tick()
    assert trial.ends == {"03-04T23:45": "issued", "03-05T00:00": "issued"}


def test_late_data_make_a_revision(open_trial: Opener) -> None:
    trial = open_trial(late=4)  # the value of every full hour comes at twenty past
    trial.go(1)
    before = trial.bulletin("2026-03-05T00:00")
    assert before.revision == 0
    trial.go(1, times=13)
    assert trial.bulletin("2026-03-05T00:00").revision == 0
    trial.go(45, times=1)  # 01:00:30: the value of 01:00 is not there yet
    trial.go(5, times=2)
    assert trial.bulletin("2026-03-05T01:00").revision == 0
    trial.go(5, times=4)
    assert trial.bulletin("2026-03-05T01:15").revision == 1  # made again at 01:20 with the hour's value
    assert len(trial.diary) == len(trial.notebook.bulletins)


def test_looking_for_late_data_does_not_wear_out_the_feed(trial: Trial) -> None:
    source = trial.host.pipelines["river"].buffer.inner.feeds[0].source  # type: ignore[attr-defined]
    trial.host.tick()
    reads = source.reads
    trial.go(1 / 12, times=12 * 14)  # fourteen minutes of ticks
    assert source.reads - reads <= 4


# ---- failures ----


def test_a_dead_feed_is_tried_again_and_every_step_still_ends(trial: Trial) -> None:
    trial.host.tick()
    (trial.folder / "down").touch()
    trial.go(5, times=6)  # two steps due in vain
    assert list(trial.ends.values()) == ["issued", "running", "running"]
    assert [step for step, _ in trial.notebook.failures] == ["2026-03-05T00:15:00", "2026-03-05T00:30:00"]
    assert "does not answer" in trial.host.status()["pipelines"]["river"]["last_error"]
    (trial.folder / "down").unlink()
    trial.go(5)
    assert list(trial.ends.values()) == ["issued"] * 3


def test_a_feed_that_is_dead_for_long_ends_steps_as_failed(trial: Trial) -> None:
    trial.host.tick()
    (trial.folder / "down").touch()
    trial.go(15, times=40)
    states = list(trial.ends.values())
    assert states == ["issued", *["failed"] * 15, *["running"] * 25]
    assert {s.reason for s in trial.steps if s.state == "failed"} == {"the river's server does not answer"}
    (trial.folder / "down").unlink()
    trial.go(15)
    assert list(trial.ends.values()) == ["issued", *["failed"] * 16, *["issued"] * 25]


def test_tries_in_vain_become_rarer(trial: Trial) -> None:
    trial.host.tick()
    source = trial.host.pipelines["river"].buffer.inner.feeds[0].source  # type: ignore[attr-defined]
    (trial.folder / "down").touch()
    trial.go(15)
    reads = source.reads
    trial.go(1 / 12, times=12 * 14)
    assert 5 <= source.reads - reads <= 14  # after 5, 10, 20, 40, 80 s, then every two minutes


def test_a_clock_set_back_stops_nothing(trial: Trial) -> None:
    trial.go(15, times=4)
    trial.clock.advance(-24 * 60)
    trial.host.tick()
    trial.go(15, times=2)
    assert "failed" not in trial.ends.values()
    trial.clock.set("2026-03-05T01:15:30")
    trial.go(0.1)
    assert trial.ends["03-05T01:15"] == "issued"


def test_a_clock_put_forward_makes_no_mass_run(trial: Trial) -> None:
    trial.host.tick()
    begun = time.monotonic()
    trial.clock.set("2028-03-04T00:00:30")
    trial.host.tick()
    assert len(trial.notebook.bulletins) <= 26
    assert time.monotonic() - begun < 60
    trial.clock.set("2026-03-05T00:15:30")  # and back again
    trial.go(0.1)
    assert trial.ends["03-05T00:15"] == "issued"
