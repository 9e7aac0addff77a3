"""Where the water comes from: KnoX reads the networks of the first site, told beside the truth that is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ModelError
from ..values import Floats, History, Layout, Signal
from .platform import PIPELINE, Case

if TYPE_CHECKING:
    from ..explainers.knox.readings import Reading

MEMBERS = 10  # networks to read: a demonstration in a hurry; `hydria train` makes 40
SEED = 1
PAGE, PLATE = "knox.html", "knox.svg"


@dataclass(frozen=True)
class Zones:
    """What was read of the rain zones, in the order of ``names``."""

    names: tuple[str, ...]  # of the rain series
    true: tuple[float, ...]  # shares of the gain, sum 1
    read: tuple[float, ...]
    cautions: tuple[str, ...]  # in words
    files: tuple[Path, ...]

    def facts(self) -> dict[str, Any]:
        """For machines."""
        return {
            "zones": [
                {"series": n, "true": t, "read": r}
                for n, t, r in zip(self.names, self.true, self.read, strict=True)
            ],
            "warnings": list(self.cautions),
            "files": [str(path) for path in self.files],
        }  # fmt: skip


def explain_zones(folder: Path, case: Case, language: str, members: int = MEMBERS) -> Zones | None:
    """Fit the networks that are made for being read on what lies before the flood, read them, write page and plate;
    None where the truth is not known, or the record does not suffice."""
    if not case.shares:
        return None
    try:
        reading = read_case(case, members)
    except ModelError:
        return None
    from ..explainers.knox.words import Speech, cautions_in_words

    names = {series: series.removeprefix("rain.") for series in case.shares}
    told = tuple(cautions_in_words(reading, Speech(language), names))
    files = write_report(folder, case, reading, language)
    read = tuple(slot.share.median for slot in reading.slots)
    return Zones(tuple(case.shares), tuple(case.shares.values()), read, told, files)


def read_case(case: Case, members: int) -> Reading:
    """Raises ModelError where there is too little to learn from."""
    from dataclasses import replace

    from ..explainers.knox.reading import read_twin
    from ..forecasters.block_network.twin import RECIPE, fit_twin
    from ..learning.splits import split

    history = rain_and_river(case)
    recipe = replace(RECIPE, members=members)
    return read_twin(fit_twin(history, split(history), 0, np.random.default_rng(SEED), recipe))


def rain_and_river(case: Case) -> History:
    """The first site and its rain gauges, as read, from the first step of training to the last before the flood."""
    site, known = case.sites[0], slice(case.first_trained, case.first)
    hours = (case.times[1] - case.times[0]).astype("timedelta64[s]")
    layout = Layout(
        stations=(site.station,),
        names=(site.name,),
        targets=(site.target,),
        quantities=(site.quantity,),
        units=(site.unit,),
        slots=tuple(f"rain.{i}" for i in range(1, len(case.shares) + 1)),
        kinds=("rain",) * len(case.shares),
        series=np.array([tuple(case.shares)]),
        step=hours,
        past=24,
        horizon=6,
        quantiles=(0.1, 0.5, 0.9),
    )
    rain = np.stack([case.series[name][known] for name in case.shares], axis=1)
    none: Floats = np.empty((1, len(rain), len(case.shares), 0))
    river = Signal.measured(case.series[site.target][known][None])
    return History(layout, case.times[known], river, Signal.measured(rain[None]), none)


def write_report(folder: Path, case: Case, reading: Reading, language: str) -> tuple[Path, ...]:
    """The page and the plate for print."""
    from ..explainers.knox.figures import Site
    from ..explainers.knox.page import page, plotly_script
    from ..explainers.knox.plate import plate
    from ..explainers.knox.words import Speech

    gauges = {series: series.removeprefix("rain.") for series in case.shares}
    site = Site(case.sites[0].name, gauges)
    about = {"pipeline": PIPELINE, "forecaster": "block-network", "version": "demo"}
    subtitle = Speech(language)["subtitle"].format(**about)
    written = {
        PAGE: page([reading], {reading.station: site}, language, **about, script=plotly_script()),
        PLATE: plate(reading, site, language, subtitle),
    }
    for name, text in written.items():
        (folder / name).write_text(text, encoding="utf-8")
    return tuple(folder / name for name in written)


def in_percent(shares: Sequence[float]) -> str:
    """``45/30/15/10``."""
    return "/".join(f"{100 * share:.0f}" for share in shares)
