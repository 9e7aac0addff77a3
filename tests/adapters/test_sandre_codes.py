"""Codes of quality, method and status to flags."""

from __future__ import annotations

import pytest

from hydria_plugin import Flag
from hydria_sandre.codes import Trust, judged, number


@pytest.mark.parametrize(
    ("quality", "flag"),
    [(20, Flag.GOOD), (16, Flag.UNKNOWN), (0, Flag.UNKNOWN), (-1, Flag.UNKNOWN), (99, Flag.UNKNOWN),
     (4, Flag.SUSPECT), (8, Flag.SUSPECT), (12, Flag.SUSPECT)],
)  # fmt: skip
def test_quality_of_what_was_measured(quality: int, flag: Flag) -> None:
    assert judged(quality, 0, 4) is flag


@pytest.mark.parametrize("method", [4, 12, 14])
@pytest.mark.parametrize("status", [-1, 4, 16])
def test_what_was_not_measured_is_doubted(method: int, status: int) -> None:
    assert judged(20, method, status) is Flag.SUSPECT


@pytest.mark.parametrize("status", [12, 16])
def test_a_review_counts_for_what_nobody_doubted(status: int) -> None:
    assert judged(16, 0, status) is Flag.GOOD
    assert judged(12, 0, status) is Flag.SUSPECT
    assert judged(16, 8, status) is Flag.GOOD  # computed from a curve, as every discharge


def test_raw_and_corrected_are_not_reviewed() -> None:
    assert judged(16, 0, 0) is judged(16, 0, 4) is judged(16, 0, 8) is Flag.UNKNOWN


def test_the_admins_flags_stand_before_all() -> None:
    trust = Trust({12: Flag.FAIL})
    assert trust["12", "0", "16"] == Flag.FAIL
    assert trust["8", "0", ""] == Flag.SUSPECT
    assert len(trust) == 2


@pytest.mark.parametrize("text", ["", "x", "-4", "4.0", "٤", "9" * 400])
def test_no_code(text: str) -> None:
    assert number(text) == -1
