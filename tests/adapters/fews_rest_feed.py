"""The web service of a test, and how it is read."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
from fews_platform import NAMES
from fews_service import PiServer
from whole_loop import BEGIN, DAYS, STEP

from hydria_fews.pi_json import pi_json
from hydria_fews.pi_series import PiSeries
from hydria_fews.rest import FewsRestSource
from hydria_plugin import Layout, Wanted
from hydria_plugin.testing import sample_layout

HISTORY = DAYS * 24
WANTED = Wanted(tuple(NAMES.values()), BEGIN + 10 * STEP, BEGIN + 20 * STEP, BEGIN + 20 * STEP, BEGIN + 26 * STEP, STEP)


def put(host: PiServer, series: list[PiSeries]) -> None:
    host.keep("application/json", json.dumps(pi_json(series)).encode())


def source(host: PiServer, **options: Any) -> FewsRestSource:
    return FewsRestSource(url=host.url, filter="hydria", timeout_s=20.0, **options)


def problems(table: Any) -> list[str]:
    return [p.error for p in table.attrs["problems"]]


def layout() -> Layout:
    made = sample_layout(1, 1)
    return replace(
        made, targets=(NAMES["q_up"],), quantities=("discharge",), units=("l/s",),
        series=np.array([[NAMES["r1"]]]), slots=("rain.1",), kinds=("rain",),
    )  # fmt: skip
