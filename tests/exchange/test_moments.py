"""Times as hosts write them."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import numpy as np
import pytest

from hydria_plugin.exchange import moment, moments


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-12-31T24:00:00", "2027-01-01T00:00:00"),
        ("2026-12-31T24:00", "2027-01-01T00:00:00"),
        ("2026-12-31 24:00:00.000Z", "2027-01-01T00:00:00"),
        ("2026-12-31T24:00:00+01:00", "2026-12-31T23:00:00"),
        ("2026-12-31T23:00:24", "2026-12-31T23:00:24"),
        ("2026-12-31T12:00:00-24:00", ""),
        ("2026-12-31T24:00:01", ""),
        ("2026-12-31T24:30:00", ""),
        ("9999-12-31T24:00:00", ""),
    ],
)
def test_the_day_ends_at_24(text: str, utc: str) -> None:
    assert str(moments([text])[0].astype("M8[s]")) == (utc or "NaT")


def test_the_day_ends_at_24_of_its_own_clock() -> None:
    """A day of 23 hours too."""
    assert moment("2026-03-29T24:00", ZoneInfo("Europe/Paris")) == np.datetime64("2026-03-29T22:00")
