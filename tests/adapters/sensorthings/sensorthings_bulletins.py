"""A bulletin that takes few calls to write: three stations, three quantiles."""

from __future__ import annotations

from dataclasses import replace

from csv_bulletins import bulletin

from hydria_plugin import Bulletin

KEPT = [1, 3, 5]


def few_quantiles() -> Bulletin:
    made = bulletin()
    quantiles = tuple(made.layout.quantiles[q] for q in KEPT)
    forecast = replace(made.forecast, quantiles=quantiles, values=made.forecast.values[:, :, KEPT])
    return replace(made, forecast=forecast, raw=forecast, layout=replace(made.layout, quantiles=quantiles))
