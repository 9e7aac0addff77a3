import numpy as np

from hydria_plugin import Forecast, Window, hookimpl


class Mean:
    def __init__(self, *, steps: int = 24) -> None:
        self.steps = steps

    def forecast(self, window: Window) -> Forecast:
        past = window.observed.values[:, 0, -self.steps :]
        quantiles = np.nanquantile(past, window.quantiles, axis=1).T  # (S, Q)
        return Forecast.of(window, np.repeat(quantiles[:, None], window.layout.horizon, axis=1), "mean")


@hookimpl
def hydria_forecasters() -> dict[str, type]:
    return {"mean": Mean}
