"""The picture in words: its title, what it says under it, and the summary for those who cannot see it."""

from __future__ import annotations

import numpy as np

from ..values import Basis, Reason
from .paper import Paper


def title(paper: Paper) -> str:
    return f"{paper.scene.name} · {paper.words[paper.scene.quantity]}"


def issued(paper: Paper) -> str:
    w, s = paper.words, paper.scene
    return f"{w['issued']} {w.moment(s.issued_at)}"


def maker(paper: Paper) -> str:
    w, s = paper.words, paper.scene
    if not s.there:
        return w["none"]
    return f"{w['by']} {s.made_by}" + (f" ({w['fallback'].format(s.rung)})" if s.rung > 0 else "")


def summary(paper: Paper) -> str:
    """The picture in words."""
    s, w = paper.scene, paper.words
    told = [f"{issued(paper)}, {maker(paper)}." if s.there else f"{issued(paper)}. {w['none']}"]
    if s.last is not None:
        told.append(w["last"].format(paper.amount(s.last[1]), w.moment(s.last[0])))
    if s.there:
        told.append(highest(paper))
    told += [s.doubt] if s.doubt else []
    told += [w["threshold"].format(name, paper.amount(limit)) for name, _, limit in s.limits]
    return " ".join([*told, alert_of(paper)]).strip()


def highest(paper: Paper) -> str:
    """Where the median is highest, and the band of eight chances in ten where the quantiles reach so far."""
    s, w = paper.scene, paper.words
    lead = int(s.median.argmax())
    shown = (paper.amount(float(s.median[lead])), w.moment(s.valid[lead]))
    if s.quantiles[0] > 0.1 or s.quantiles[-1] < 0.9:
        return w["median only"].format(*shown)
    low, high = (paper.amount(float(np.interp(p, s.quantiles, s.values[lead]))) for p in (0.1, 0.9))
    return w["highest"].format(*shown, low, high)


def alert_of(paper: Paper) -> str:
    alert, w = paper.scene.alert, paper.words
    if alert is None:
        return ""
    if alert.reason is Reason.CLEARED:
        return w["cleared"].format(alert.threshold)
    if alert.basis is Basis.OBSERVED:
        return w["seen"].format(alert.threshold)
    if np.isnan(alert.probability):
        return w["held"].format(alert.threshold)
    chance = w.percent(alert.probability)
    chance = w["at least"].format(chance) if alert.is_lower_bound else chance
    return w["alert"].format(alert.threshold, chance, w.duration(paper.scene.step * len(paper.scene.valid)))
