"""The designed columns of ridge and boosting against sums done by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hydria_plugin.forecasters.arx import ahead_sums, block_means, blocks, future_columns, gauges_of, past_columns
from hydria_plugin.forecasters.boosting_model import between
from hydria_plugin.forecasters.cases import cases_of_history
from hydria_plugin.forecasters.features import Scales, issue_features, lead_features, running
from hydria_plugin.testing.samples import sample_history, sample_layout

LAYOUT = sample_layout(past=30)
HISTORY = sample_history(LAYOUT, 200, gaps=0.0)
CASES = cases_of_history(HISTORY, 0, np.arange(40, 180), True, 0, 6)
ONES = np.ones(len(CASES))
SCALES = Scales(np.zeros(3), np.ones(3), np.zeros((3, 3)), np.ones((3, 3)), np.zeros((3, 1)))


@pytest.mark.parametrize("length", [1, 3, 6, 7, 24, 72, 200])
def test_blocks_cover_every_lag_once(length: int) -> None:
    found = np.concatenate([np.arange(first, last + 1) for first, last in blocks(length)])
    np.testing.assert_array_equal(found, np.arange(length))


def test_block_means_by_hand() -> None:
    values = np.array([[1.0, np.nan, 3.0, 4.0, 8.0]])
    means = block_means(values, np.array([[0, 0], [1, 2], [3, 3], [3, 4]]))
    np.testing.assert_array_equal(means, [[8.0, 3.5, np.nan, 1.0]])


def test_rain_until_the_valid_time() -> None:
    future = np.array([[1.0, 2.0, 4.0, 8.0]])
    sums = ahead_sums(future, np.array([[0, 0], [1, 2], [3, 3]]))[0]
    np.testing.assert_array_equal(sums, [[1, 0, 0], [2, 1, 0], [4, 3, 0], [8, 6, 1]])
    future[0, 2] = np.nan
    unknown = np.isnan(ahead_sums(future, np.array([[0, 0], [3, 3]]))[0])
    assert unknown[2:].any(axis=1).all() and not unknown[:2].any()


def test_running_sums_scale_over_gaps() -> None:
    sums = running(np.array([[np.nan, np.nan, 3.0, np.nan, 1.0]]))[0]
    np.testing.assert_allclose(sums, [1.0, 2.0, 6.0, 8.0, np.nan])


def test_every_column_knows_its_gauge() -> None:
    columns = past_columns(CASES, ONES, ONES)
    gauges = gauges_of(LAYOUT.kinds, LAYOUT.past, 0)
    assert columns.shape == (len(CASES), len(gauges))
    blind = CASES.inputs.copy()
    blind[:, :, 2] = np.nan
    lost = np.isnan(past_columns(replace(CASES, inputs=blind), ONES, ONES)).any(axis=0)
    np.testing.assert_array_equal(lost, gauges == 3)


def test_one_case_has_the_numbers_it_has_among_many() -> None:
    for pick in (slice(0, 1), slice(17, 18), slice(5, 9)):
        alone = CASES.take(pick)
        np.testing.assert_array_equal(issue_features(alone, SCALES), issue_features(CASES, SCALES)[pick])
        for lead in (1, 3, 6):
            many = lead_features(CASES, lead, SCALES, True)
            np.testing.assert_array_equal(lead_features(alone, lead, SCALES, True), many[pick])


def test_no_column_looks_beyond_its_lead() -> None:
    future = CASES.future.copy()
    future[:, 3:] = 1e6
    changed = replace(CASES, future=future)
    for lead in (1, 2, 3):
        np.testing.assert_array_equal(
            lead_features(changed, lead, SCALES, True), lead_features(CASES, lead, SCALES, True)
        )
    same = future_columns(changed, ONES, ONES)[:, :3]
    np.testing.assert_allclose(same, future_columns(CASES, ONES, ONES)[:, :3])


def test_without_rain_to_come_nothing_of_it_is_seen() -> None:
    assert lead_features(CASES, 3, SCALES, False).shape[1] == 0


def test_between_the_knots_is_linear() -> None:
    weave = between((1, 3, 6), 6)
    np.testing.assert_allclose(weave @ [1.0, 3.0, 6.0], np.arange(1, 7))
    np.testing.assert_allclose(weave[[0, 2, 5]], np.eye(3))
