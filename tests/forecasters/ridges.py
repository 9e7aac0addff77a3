"""A fitted ridge and what it is asked, for the tests that look inside it."""

from __future__ import annotations

import numpy as np

from hydria_plugin.forecasters.cases import Cases, cases_of_window
from hydria_plugin.forecasters.ridge import Ridge
from hydria_plugin.forecasters.ridge_model import Model
from hydria_plugin.testing.samples import sample_layout, sample_window

from .records import fitted


def model() -> Model:
    ridge = fitted("ridge")
    assert isinstance(ridge, Ridge) and ridge.model is not None
    return ridge.model


def cases(seed: int, gaps: float = 0.0, future: bool = True) -> Cases:
    """A window's cases, one per station."""
    window = sample_window(sample_layout(), seed, gaps, future)
    return cases_of_window(window, 0, np.arange(len(window.stations)), 3)
