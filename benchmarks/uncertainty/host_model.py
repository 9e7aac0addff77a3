"""What ``error-model`` makes of the platform's own model:   python -m benchmarks.uncertainty.host_model

The host's model is GR4H, calibrated on the first 80 % of the record and run on with the rain as it came; its series is
the forecast at every lead (``host-forecast``). Over the last 20 %, step by step, each truth arriving when its time
comes: squared error with and without the correction, beside the peer that carries the last error on by a factor fitted
per lead, and by how much each comes late: the shift in time at which forecast and truth agree best around the ten
largest floods (a correction that only repeats the last observation comes late by its lead).
"""

from __future__ import annotations

import argparse

import numpy as np

from benchmarks.skill.basins import BASINS, QUANTILES, first_part, read, split_in_time
from benchmarks.skill.gr4h import corrected, simulated
from benchmarks.skill.runs import LEADS
from hydria_plugin import Forecast, History, Verified
from hydria_plugin.correctors.error_model.corrector import ErrorModel
from hydria_plugin.testing.samples import window_of
from hydria_plugin.values import Floats, Ints

from .coverage import DATA

HORIZON, MIDDLE = max(LEADS), QUANTILES.index(0.5)
FLOODS, AROUND, APART = 10, 48, 120  # floods looked at, steps around their peak, and between them


def issued(history: History, at: Ints, host: Floats) -> Floats:
    """(N, H) the medians after ``error-model``, which learns on the way; ``host`` (N, H)."""
    corrector, state = ErrorModel(layout=history.layout), {}
    out, place = np.empty_like(host), {int(t): i for i, t in enumerate(at)}
    truth = np.asarray(history.target.told[0])
    leads, base = np.arange(HORIZON), window_of(history, int(at[0]), False)
    for i, t in enumerate(at.tolist()):
        made = np.array([place.get(t - f - 1, -1) for f in leads])
        if (made >= 0).any():
            state = corrector.learn(met(host, made, float(truth[t])), state)
        window = base.__class__(**{n: getattr(base, n) for n in base.__dataclass_fields__ if n != "learned"},
                                learned={"error-model": state})  # fmt: skip
        raw = Forecast.of(window, np.repeat(host[i][None, :, None], len(QUANTILES), axis=2), "host-forecast")
        out[i] = corrector.correct_forecast(raw, window).median[0]
    return out


def met(host: Floats, made: Ints, truth: float) -> Verified:
    """What was forecast at ``made`` (H; -1 = nothing), one lead after the other, met ``truth``."""
    values = np.where(made >= 0, host[made, np.arange(len(made))], np.nan)
    many = np.repeat(values[None, :, None], len(QUANTILES), axis=2)
    return Verified(
        np.datetime64(0, "s"), (BASINS[0].stations[0].name,), QUANTILES, many, np.array([truth]),
        np.ones(1, np.uint8), raw=many,
    )  # fmt: skip


def lateness(truth: Floats, forecast: Floats) -> float:
    """Mean over the largest floods of the shift, in steps, at which the two (N) agree best; positive = late."""
    left, shifts = np.where(np.isfinite(truth), truth, -np.inf), []
    for _ in range(FLOODS):
        peak = int(left.argmax())
        left[max(0, peak - APART) : peak + APART] = -np.inf
        near = np.arange(max(peak - AROUND, AROUND), min(peak + AROUND, len(truth) - AROUND))
        tried = {k: np.nanmean((forecast[near + k] - truth[near]) ** 2) for k in range(-24, 25)}
        shifts.append(min(tried, key=tried.__getitem__))
    return float(np.mean(shifts))


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.uncertainty.host_model", description=__doc__)
    parser.add_argument("--develop", action="store_true", help="the first 80 %% of the record only")
    develop = parser.parse_args().develop
    if not DATA.is_dir():
        raise SystemExit(f"skipped: no data at {DATA}")
    history = read(BASINS[0], DATA)[0]
    if develop:
        history = first_part(history)
    split = split_in_time(history)
    at = np.flatnonzero(split.test[0])
    whole, _ = simulated(history, split, 1)
    host = whole[at[:, None] + np.arange(1, HORIZON + 1)]
    ours, truth = issued(history, at, host), np.asarray(history.target.told[0])
    names = ("error-model / host", "factor per lead / host", "PI host", "PI error-model")
    print("| lead | " + " | ".join((*names, "late: host", "error-model", "factor")) + " |")
    print("|---|---|---|---|---|---|---|---|")
    for lead in LEADS:
        y, peer = truth[at + lead], corrected(history, split, True, lead, 1)
        held = np.nanmean((y - truth[at]) ** 2)
        raw, mine, its = (float(np.nanmean((y - f) ** 2)) for f in (host[:, lead - 1], ours[:, lead - 1], peer))
        late = [lateness(y, f) for f in (host[:, lead - 1], ours[:, lead - 1], peer)]
        cells = (mine / raw, its / raw, 1 - raw / held, 1 - mine / held, *late)
        print(f"| {lead} | " + " | ".join(f"{c:.3f}" for c in cells) + " |", flush=True)


if __name__ == "__main__":
    main()
