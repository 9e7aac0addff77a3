"""So many threads, for networks of any size."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from hydria_plugin.correctors import side_by_side


@contextmanager
def threads(many: int) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(side_by_side, "MANY", 0)
        patch.setattr(side_by_side, "MOST", many)
        patch.setattr(side_by_side, "cores", lambda: many)
        yield
