"""The planted faults of the benchmark: the same draws whatever the rules, told with their size, counted as asked."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rivers_made import CUT, PAST, SERIES, columns, history, trained

from benchmarks.correction.cases import Case, by_size, cases, surprise_of
from benchmarks.correction.gauges import Record, records
from benchmarks.correction.made_faults import FAULTS, swing_of
from hydria_plugin.correctors.quality.corrector import Quality


def record() -> Record:
    """The valley by the corrector's own order of its series."""
    known = trained()
    feeds, _ = known.for_layout(history().layout)
    x = columns()[:, [SERIES.index(name) for name in feeds.names]]
    return Record("made", history(), known, x, feeds.names, tuple(feeds.is_rain))


def drawn(found: list[Case]) -> list[tuple[object, ...]]:
    return [(c.series, c.kind, c.time, c.size) for c in found]


def test_the_same_faults_are_planted_whatever_the_rules_say_and_whatever_else_is_looked_at() -> None:
    known = cases(record(), 2, 7, ("spike", "dump"))
    strangers = cases(replace(record(), corrector=Quality()), 2, 7, ("spike", "dump"))
    spikes = cases(record(), 2, 7, ("spike",))
    assert drawn(known) == drawn(strangers) and len({c.kind for c in known}) == 2
    assert drawn([c for c in known if c.kind == "spike"]) == drawn(spikes)
    assert sum(c.failed for c in known) > sum(c.failed for c in strangers)


def test_another_seed_plants_others() -> None:
    one, other = (drawn(cases(record(), 2, seed, ("spike",))) for seed in (7, 8))
    assert one != other and len(one) == len(other)


def test_a_case_tells_how_large_its_fault_is() -> None:
    for c in cases(record(), 3, 7, ("spike", "shift")):
        x = record().x[:, record().names.index(c.series)]
        assert 0.5 <= abs(c.of_swing) <= 2
        assert c.size * surprise_of(x) == pytest.approx(c.of_swing * swing_of(x))
        assert c.rain >= 0 and c.doubted >= c.failed and c.kind in FAULTS


def made(kind: str, size: float, failed: bool) -> Case:
    return Case("made", "target", kind, np.datetime64("2024-01-01"), size, 1.0, 0.0, failed, True)


def test_counts_by_size_hold_every_case_once() -> None:
    lines = by_size([made("shift", 0.5, False), made("shift", -3.0, True), made("shift", 9.0, True)])
    assert lines[-3] == "| shift | 0/1 |  | 1/1 | 1/1 | 3/3 |"


def test_only_the_records_asked_for_are_read(tmp_path: Path) -> None:
    (tmp_path / "basin").mkdir()
    times = np.datetime64("2024-01-01T00", "h") + np.arange(400)
    rows = [f"{t}:00:00,{0.5 + 0.01 * (i % 9)}" for i, t in enumerate(times)]
    for name in ("one", "other"):
        (tmp_path / "basin" / f"{name}.csv.gz").write_bytes(packed("time_utc,level_m\n" + "\n".join(rows)))
    assert [r.name for r in records(tmp_path)] == ["basin/one", "basin/other"]
    assert [r.name for r in records(tmp_path, only=["basin/ot"])] == ["basin/other"]


def packed(text: str) -> bytes:
    return gzip.compress(text.encode())


def test_windows_judged_at_once_are_judged_as_each_by_itself() -> None:
    valley = record()
    at = np.arange(CUT + 60, CUT + 900, 97)
    x = valley.x.copy()
    x[at[3] - 5 : at[3], valley.names.index("target")] = 0.0
    x[at[5] - 1, valley.names.index("up")] *= 9
    windows = np.stack([x[t - PAST + 1 : t + 1] for t in at])
    together = valley.flags(windows)
    assert (together != 0).any()
    for one, flags in zip(windows, together, strict=True):
        np.testing.assert_array_equal(valley.flags(one[None])[0], flags)
