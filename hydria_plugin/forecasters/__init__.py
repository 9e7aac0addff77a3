"""Built-in forecasters, offered by the same door as everybody's. Each is imported when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hydria_plugin import Forecaster, Later, hookimpl


@hookimpl
def hydria_forecasters() -> Mapping[str, Callable[..., Forecaster]]:
    """The modules named here are light: torch and lightgbm are imported when a model is fitted, loaded or asked."""
    return {
        "persistence": Later(f"{__name__}.persistence", "Persistence"),
        "ridge": Later(f"{__name__}.ridge", "Ridge"),
        "boosting": Later(f"{__name__}.boosting", "Boosting"),
        "block-network": Later(f"{__name__}.block_network.forecaster", "BlockNetwork"),
        "lstm": Later(f"{__name__}.lstm.forecaster", "Lstm"),
        "host-forecast": Later(f"{__name__}.host_forecast", "HostForecast"),
        "blend": Later(f"{__name__}.blend", "Blend"),
    }
