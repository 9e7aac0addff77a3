"""The skill benchmark's own arithmetic: scores, verdicts, splits, peers that see nothing they may not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.skill.basins import HORIZON, PAST, first_part, split_in_time, step_at, with_events
from benchmarks.skill.columns import coming, designed, lagged
from benchmarks.skill.peers import Task, lightgbm_direct, persistence, ridge, table_of
from benchmarks.skill.report import Line, lines_of, verdicts, write_markdown
from benchmarks.skill.scoring import Case, block_sums, score_all
from hydria_plugin import Signal
from hydria_plugin.testing.samples import sample_history, sample_layout

HISTORY = sample_history(sample_layout(stations=1, past=PAST, horizon=HORIZON), 1500, gaps=0.0)


def case_scores(better: float) -> dict[str, object]:
    rng = np.random.default_rng(1)
    truth = np.cumsum(rng.normal(size=2000))
    times = np.datetime64("2026-01-01", "s") + 3600 * np.arange(2000)
    noise = rng.normal(size=2000)
    centres = {
        "persistence": [truth + 2 * noise],
        "ridge ARX": [truth + 1.5 * noise],
        "LightGBM": [truth + noise],
        "hydria blend": [truth + better * noise],
    }
    return score_all(truth, centres, {}, times, 1.0)  # type: ignore[return-value]


def test_scores_by_hand() -> None:
    scores = case_scores(0.5)
    blend = scores["hydria blend"]
    assert blend.ratio == pytest.approx(0.25) and blend.ratio_high == pytest.approx(0.25)  # type: ignore[attr-defined]
    assert blend.index == pytest.approx(1 - 0.25 / 4)  # type: ignore[attr-defined]
    assert scores["LightGBM"].ratio == pytest.approx(1.0), "the better rival is the measure"  # type: ignore[attr-defined]


def test_the_verdict_names_where_we_lose() -> None:
    case = Case("basin.x", False, 3, 30, True)
    lost = verdicts(lines_of(case, case_scores(1.2)))  # type: ignore[arg-type]
    assert "no rain, lead 3, counted: median squared error / best rival 1.440 (1)" in lost
    assert "interval of the ratio above 1.00: 1 of 1 counted cases, 1 of 1 shown" in lost
    assert "interval of the ratio above 1.00: basin.x: no rain 3" in lost
    won = verdicts(lines_of(case, case_scores(0.9)))  # type: ignore[arg-type]
    assert "interval of the ratio above 1.00: 0 of 1 counted cases, 0 of 1 shown" in won
    assert not any("basin.x" in line for line in won)


def test_basins_with_few_events_are_shown_not_counted(tmp_path: Path) -> None:
    lines = lines_of(Case("small", False, 1, 3, False), case_scores(2.5))  # type: ignore[arg-type]
    said = verdicts(lines)
    assert not any(", counted: median" in line for line in said)
    assert "no rain, lead 1, all shown: median squared error / best rival 6.250 (1)" in said
    below = "lower limit of the persistence index below -0.02"
    assert f"{below}: 0 of 0 counted cases, 1 of 1 shown" in said, "persistence must hold everywhere"
    assert f"{below}: small (shown only): no rain 1" in said
    pytest.importorskip("mlforecast")
    pytest.importorskip("hydrogr")
    write_markdown(tmp_path / "r.md", lines, (1,), False)
    assert "(shown only, 3 events)" in (tmp_path / "r.md").read_text()


def test_counted_and_shown_medians_stand_apart() -> None:
    lines = [
        *lines_of(Case("big", False, 6, 20, True), case_scores(0.5)),  # type: ignore[arg-type]
        *lines_of(Case("small", False, 6, 19, False), case_scores(1.0)),  # type: ignore[arg-type]
    ]
    said = verdicts(lines)
    assert "no rain, lead 6, counted: median squared error / best rival 0.250 (1)" in said
    assert "no rain, lead 6, all shown: median squared error / best rival 0.625 (2)" in said


def test_crps_is_compared_only_where_the_quantile_rival_was_run() -> None:
    score = case_scores(1.0)["hydria blend"]
    lines = [
        Line(Case(station, True, 1, 25, True), name, replace(score, crps=crps))  # type: ignore[type-var]
        for station, name, crps in (
            ("a", "hydria blend", 0.8), ("a", "LightGBM quantile", 1.0), ("b", "hydria blend", 0.1),
        )
    ]  # fmt: skip
    assert any(line.endswith("median CRPS / LightGBM quantile 0.800 (1)") for line in verdicts(lines))


def test_misses_of_one_station_share_a_line() -> None:
    scores = case_scores(2.5)
    lines = [x for f in (False, True) for h in (1, 12) for x in lines_of(Case("s", f, h, 3, False), scores)]  # type: ignore[arg-type]
    assert any(line.endswith("s (shown only): no rain 1, 12; perfect rain 1, 12") for line in verdicts(lines))
    assert max(map(len, verdicts(lines))) <= 120


def test_weeks_are_drawn_whole() -> None:
    sums = block_sums({"a": np.array([1.0, 2.0, 4.0])}, np.array([5, 9, 5]))
    np.testing.assert_array_equal(sums["a"], [5.0, 2.0])


def test_the_split_counts_known_values() -> None:
    target = HISTORY.target.values.copy()
    target[:, 200:700] = np.nan
    seasonal = replace(HISTORY, target=Signal.measured(target))
    known = np.isfinite(target[0])
    assert known[: step_at(seasonal, 0.6)].sum() == pytest.approx(0.6 * known.sum(), abs=2)
    split = split_in_time(seasonal)
    for earlier, later in ((split.fit, split.stop), (split.stop, split.test)):
        assert np.flatnonzero(earlier[0]).max() + HORIZON < np.flatnonzero(later[0]).min()
    assert len(first_part(seasonal)) < 1500 and with_events(seasonal, split).events.max() >= 0


def test_peers_columns_end_at_the_issue_time() -> None:
    cut = 800
    target, inputs = HISTORY.target.values.copy(), HISTORY.inputs.values.copy()
    target[:, cut + 1 :], inputs[:, cut + 1 :] = 99.0, 99.0
    spoilt = replace(HISTORY, target=Signal.measured(target), inputs=Signal.measured(inputs))
    np.testing.assert_array_equal(designed(spoilt).to_numpy()[: cut + 1], designed(HISTORY).to_numpy()[: cut + 1])
    np.testing.assert_allclose(lagged(spoilt, 3, False)[100 : cut + 1], lagged(HISTORY, 3, False)[100 : cut + 1])
    ahead = coming(HISTORY, 3).to_numpy()[: cut - 2]
    np.testing.assert_allclose(coming(spoilt, 3).to_numpy()[: cut - 2], ahead)


@pytest.mark.parametrize("future", [False, True])
def test_peers_are_strong_where_rain_tells(future: bool) -> None:
    pytest.importorskip("sklearn")
    split = split_in_time(HISTORY)
    task = Task(HISTORY, split, future, 3, 1, table_of(HISTORY))
    truth = HISTORY.target.values[0][task.test + 3]
    naive = np.mean((persistence(task).centre - truth) ** 2)
    for peer in (ridge, lightgbm_direct):
        assert np.mean((peer(task).centre - truth) ** 2) < (0.5 if future else 0.9) * naive
