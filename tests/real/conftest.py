"""The real data beside the checkout, where they are."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[3] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder ../shared beside the checkout."""
    if not (SHARED / "data").is_dir():
        pytest.skip("the real data (../shared/data beside the checkout) are not here")
    return SHARED
