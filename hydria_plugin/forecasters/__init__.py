"""Built-in forecasters, offered by the same door as everybody's. Factories import their module when they are called."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hydria_plugin import Forecaster, hookimpl

from .blend import Blend
from .block_network.forecaster import BlockNetwork
from .boosting import Boosting
from .host_forecast import HostForecast
from .lstm.forecaster import Lstm
from .persistence import Persistence
from .ridge import Ridge


@hookimpl
def hydria_forecasters() -> Mapping[str, Callable[..., Forecaster]]:
    """The modules named here are light: torch and lightgbm are imported when a model is fitted, loaded or asked."""
    return {
        "persistence": Persistence,
        "ridge": Ridge,
        "boosting": Boosting,
        "block-network": BlockNetwork,
        "lstm": Lstm,
        "host-forecast": HostForecast,
        "blend": Blend,
    }
