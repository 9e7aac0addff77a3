"""The long table of ``hydria verify``: every number of the facts once, with its bounds."""

from __future__ import annotations

from typing import Any

import numpy as np

from hydria_plugin.verification.score_table import COLUMNS, score_table


def facts(pipeline: str = "p") -> dict[str, Any]:
    line = {"station": "s1", "lead": 2, "pairs": 9, "crps": 0.5, "nse": None, "crps_low": 0.4, "crps_high": 0.6}
    regimes = [
        {"station": "s1", "lead": 2, "regime": "all", "pairs": 9, "crps": 0.5},
        {"station": "s1", "lead": 2, "regime": "rising", "pairs": 3, "crps": 0.7},
    ]
    drawn = {
        "station": "", "lead": 2, "pairs": 9, "levels": [0.1, 0.9], "share": [0.2, 0.8], "ticks": [0.0, 0.1],
        "low": [0.05, None], "high": [0.15, None], "ranks": [0.2, 0.6, 0.2], "reliability": 0.8,
    }  # fmt: skip
    return {"pipeline": pipeline, "scores": [line], "regimes": regimes, "diagrams": [drawn]}


def test_columns_and_bounds() -> None:
    table = score_table([facts()])
    assert tuple(table.columns) == COLUMNS
    crps = table[table.score == "crps"]
    assert crps[["regime", "value"]].to_numpy().tolist() == [["all", 0.5], ["rising", 0.7]]
    assert crps[["low", "high"]].to_numpy()[0].tolist() == [0.4, 0.6]
    assert not table.score.str.endswith(("_low", "_high")).any()


def test_what_is_no_number_is_empty() -> None:
    table = score_table([facts()])
    assert np.isnan(table[table.score == "nse"].value).all()
    share = table[table.score == "share"]
    assert share.level.tolist() == [0.1, 0.9] and np.isnan(share.low.to_numpy()[1])


def test_ranks_by_their_upper_level() -> None:
    table = score_table([facts()])
    rank = table[table.score == "rank"]
    assert rank.level.tolist() == [0.1, 0.9, 1.0]
    assert rank.value.sum() == 1.0
    assert (rank.station == "").all()


def test_pipelines_follow_one_another() -> None:
    table = score_table([facts("a"), facts("b")])
    assert table.pipeline.drop_duplicates().tolist() == ["a", "b"]
    assert len(table) == 2 * len(score_table([facts()]))
