"""No water below nothing, but where the river runs backwards."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hydria_plugin import Signal
from hydria_plugin.forecasters.trajectories import above_nothing
from hydria_plugin.testing import sample_layout, sample_window


def test_a_discharge_is_not_below_nothing_but_in_a_tidal_river_and_a_level_may_be() -> None:
    layout = replace(sample_layout(), quantities=("discharge", "discharge", "level"), units=("m3/s", "m3/s", "m"))
    window = sample_window(layout, gaps=0.0)
    seen = np.abs(np.array(window.observed.values))
    seen[1, :, 3] = -4.0
    window = replace(window, observed=Signal.measured(seen))
    values = np.tile(np.array([-6.5, -1.0, 0.0, 2.0, 3.0, 5.0, 9.0]), (3, layout.horizon, 1))
    found = above_nothing(values, window)
    np.testing.assert_array_equal(found[0], np.maximum(values[0], 0.0))
    np.testing.assert_array_equal(found[1:], values[1:])
