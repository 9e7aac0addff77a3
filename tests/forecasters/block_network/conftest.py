"""The study's first basin, small: what the tests of the twin fit one on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hydria_plugin import History, Split
from hydria_plugin.learning.basin_cases import A
from hydria_plugin.learning.fictitious_basin import Record, simulate
from hydria_plugin.learning.fictitious_cases import history_of, study_split


@pytest.fixture(scope="module")
def record() -> Record:
    return simulate(replace(A, events=20), np.random.default_rng(5))


@pytest.fixture(scope="module")
def history(record: Record) -> History:
    return history_of(record)


@pytest.fixture(scope="module")
def split(record: Record) -> Split:
    return study_split(record, np.random.default_rng(6))
