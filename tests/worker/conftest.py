"""A maker of isolated forecasters that ends their processes."""

from __future__ import annotations

from typing import Any

import pytest

from hydria_plugin.worker import Isolated


@pytest.fixture
def isolate() -> Any:
    made: list[Isolated] = []

    def make(forecaster: Any, deadline: float = 20.0, **more: Any) -> Isolated:
        made.append(Isolated(forecaster, "x", deadline, **more))
        return made[-1]

    yield make
    for each in made:
        each.close()
