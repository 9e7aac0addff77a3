"""What a boosting's median is made of: the contributions of its columns, as LightGBM gives them, laid back on slots
and steps.

LightGBM's ``pred_contrib`` is TreeSHAP (Lundberg et al. 2020, Nature Machine Intelligence 2, 56-67): contributions are
against the mean over the rows that the trees were grown on, which is the line "usual". How a column of several steps is
shared out: feature_places.py. What the change is cut off by the range of training, and the level by the river's bed, is
the line "limits".
"""

from __future__ import annotations

import numpy as np

from hydria_plugin import Attribution
from hydria_plugin.values import LIMITS, USUAL, Floats

from .attributing import Parts
from .boosting_model import Boosted, between, quantiles
from .cases import Cases
from .feature_places import issue_places, lead_places
from .features import issue_features, lead_features
from .laying import Place, lay


def explain(model: Boosted, cases: Cases, stations: tuple[str, ...], num_threads: int) -> Attribution:
    """The parts of the median for N cases."""
    rows = np.maximum(cases.rows, 0)
    parts, usual = Parts.none(cases), np.zeros(cases.future.shape[:2])
    weave = between(model.knots, model.fit.horizon)
    for k, lead in enumerate(model.knots):
        reach = model.scales.unit[rows][:, None] * weave[:, k]  # (N, H)
        known = cases.foreseen[:, lead - 1]
        for form, here in ((0, ~known), (1, known)):
            for g in np.unique(model.group[rows][here]):
                mine = np.flatnonzero(here & (model.group[rows] == g))
                said = contributions(model, int(g), form, k, cases.take(mine), num_threads)
                places = [*places_of(model, int(g), cases, lead, form == 1), Place(USUAL)]
                usual[mine] += lay(parts, said, places, cases, mine, reach)[USUAL]
    found = parts.attribution(cases, stations, {USUAL: usual})
    return found.closed(LIMITS, quantiles(model, cases, num_threads)[..., model.fit.quantiles.index(0.5)])


def contributions(model: Boosted, g: int, form: int, k: int, cases: Cases, num_threads: int) -> Floats:
    """(N, F + 1) of the columns of one knot, mean over the folds' trees; last the mean of the training rows."""
    issue = issue_features(cases, model.scales, model.wide[g])
    known = issue, lead_features(cases, model.knots[k], model.scales, form == 1)
    x, trees = np.concatenate(known, axis=1), model.trees[g][form][k].centre
    return np.asarray(sum(one.predict(x, pred_contrib=True, num_threads=num_threads) for one in trees) / len(trees))


def places_of(model: Boosted, g: int, cases: Cases, lead: int, with_rain: bool) -> list[Place]:
    past, totals, static = cases.target.shape[1], cases.totals.shape[2], model.scales.static.shape[1]
    issue = issue_places(cases.kinds, past, totals, static, model.wide[g])
    return issue + lead_places(cases.kinds, past, lead, with_rain)
