"""Challengers beside the reigning model, as ``hydria verify`` tells of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import HydriaError
from ..verification.shadows import Duel, duels, shadow_name
from .doubting import rounded
from .speaking import columns

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..values import Bulletin
    from ..verification.backtest import Backtest

TEXT: Mapping[str, Mapping[str, str]] = {
    "en": {
        "head": "in the shadow (skill above 0 = better than the model that reigns; 5-95 % by blocks):",
        "columns": "shadow|station|lead|pairs|failed|crps|its crps|skill|5 %|95 %",
        "none": "in the shadow: {} has no forecast in this span",
    },
    "fr": {
        "head": "dans l'ombre (gain supérieur à 0 = meilleur que le modèle en service ; 5-95 % par blocs) :",
        "columns": "candidat|station|échéance|paires|manquées|crps|son crps|gain|5 %|95 %",
        "none": "dans l'ombre : {} n'a aucune prévision sur cette période",
    },
}


def duel_facts(
    reigning: Backtest, challengers: Sequence[str], read: Callable[[str], list[Bulletin]]
) -> list[dict[str, Any]]:
    """Every challenger's lines, flat. ``read``: the first bulletins under a name; HydriaError where there are none."""
    found: list[dict[str, Any]] = []
    for challenger in challengers:
        try:
            bulletins = read(shadow_name(reigning.pipeline, challenger))
        except HydriaError:
            continue
        times = np.array([b.issued_at for b in bulletins], dtype="datetime64[s]")
        values = np.stack([b.forecast.values for b in bulletins])
        found += [flat(duel) for duel in duels(reigning, replace(reigning, issued_at=times, values=values), challenger)]
    return found


def flat(duel: Duel) -> dict[str, Any]:
    """What is no number is null in JSON."""
    return {k: rounded(v) if isinstance(v, float) else v for k, v in asdict(duel).items()}


def duel_table(facts: Sequence[Mapping[str, Any]], challengers: Sequence[str], language: str) -> list[str]:
    """For people; nothing without a challenger."""
    words, told = TEXT[language], {line["shadow"] for line in facts}
    missing = [words["none"].format(name) for name in challengers if name not in told]
    rows = [[shown(value) for value in line.values()] for line in facts]
    table = [words["head"], columns(rows, words["columns"].split("|"))] if rows else []
    return [*table, *missing]


def shown(value: str | float | None) -> str:
    return "-" if value is None else f"{value:.3g}" if isinstance(value, float) else str(value)
