"""The page's figures, as plotly takes them: plain dicts of data and layout, no plotly needed to make them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hydria_plugin.values import Floats

from .colours import STATION, colour, dash
from .readings import Reading, SlotReading
from .words import HOUR, Names, Speech, labels

Figure = dict[str, Any]
Place = tuple[float, float]  # latitude, longitude in degrees


@dataclass(frozen=True, slots=True)
class Site:
    """What is known of a station beside its reading: names for people, and where things are."""

    name: str = ""
    gauges: Names = field(default_factory=dict)  # series -> name
    place: Place | None = None
    places: Mapping[str, Place] = field(default_factory=dict)  # series -> place of its gauge


def contributions(reading: Reading, site: Site, speech: Speech) -> Figure:
    """A bar per zone with the middle half of its initialisations; the two other shares as marks."""
    zones, slots = labels(reading, site.gauges), reading.slots
    shares = np.array([100 * s.share.median for s in slots])
    bar = {
        "type": "bar", "orientation": "h", "name": speech["share"], "y": zones, "x": shares.tolist(),
        "marker": {"color": [colour(i) for i in range(len(slots))], "opacity": 0.85},
        "text": [speech.percent(s.share.median) for s in slots], "textposition": "inside", "insidetextanchor": "start",
        "textangle": 0, "constraintext": "none",
        "error_x": {
            "type": "data", "symmetric": False, "thickness": 2, "width": 6, "color": STATION,
            "array": [max(100 * s.share.q75 - m, 0.0) for s, m in zip(slots, shares, strict=True)],
            "arrayminus": [max(m - 100 * s.share.q25, 0.0) for s, m in zip(slots, shares, strict=True)],
        },
        "hovertemplate": "%{y}: %{x:.1f} %<extra>" + speech["share"] + "</extra>",
    }  # fmt: skip
    others = [
        marks(speech[key], zones, [100 * getattr(s, field) for s in slots], symbol)
        for key, field, symbol in (
            ("volume share", "volume_share", "diamond-open"), ("per std share", "per_std_share", "circle-open"),
        )
    ]  # fmt: skip
    layout = {
        "xaxis": {"ticksuffix": "\u00a0%", "rangemode": "tozero", "gridcolor": "#e3e7ec", "zeroline": True},
        "yaxis": {"autorange": "reversed", "automargin": True, "type": "category"},
        "height": 150 + 44 * len(zones),
    }
    return figure([bar, *others], layout, speech)


def marks(name: str, zones: list[str], values: list[float], symbol: str) -> Figure:
    marker = {"symbol": symbol, "size": 11, "color": STATION, "line": {"width": 2}}
    hover = "%{y}: %{x:.1f} %<extra>" + name + "</extra>"
    return {"type": "scatter", "mode": "markers", "name": name, "y": zones, "x": values, "marker": marker,
            "hovertemplate": hover}  # fmt: skip


def lag_curves(reading: Reading, site: Site, speech: Speech) -> Figure:
    """A curve per zone over the time after the rain; the mean delay is a mark on it."""
    hourly = reading.step >= HOUR
    unit = float(reading.step / (HOUR if hourly else np.timedelta64(60, "s")))
    drawn: list[Figure] = []
    for i, (slot, zone) in enumerate(zip(reading.slots, labels(reading, site.gauges), strict=True)):
        if slot.response is None:
            continue
        times, shares = np.arange(len(slot.lags)) * unit, 100 * np.array(slot.lags)
        drawn += band(slot, times, zone, colour(i))
        line = {"color": colour(i), "dash": dash(i), "width": 2.5}
        hover = f"{zone}<br>%{{x:g}} {'h' if hourly else 'min'}: %{{y:.1f}} %<extra></extra>"
        drawn.append({"type": "scatter", "mode": "lines", "name": zone, "x": times.tolist(), "y": shares.tolist(),
                      "line": line, "legendgroup": zone, "hovertemplate": hover})  # fmt: skip
        mean = slot.response.centroid * unit
        drawn.append({"type": "scatter", "mode": "markers", "x": [mean], "y": [float(np.interp(mean, times, shares))],
                      "marker": {"color": colour(i), "size": 11, "symbol": "diamond"}, "showlegend": False,
                      "legendgroup": zone,
                      "hovertemplate": f"{zone}<br>{speech['centroid']}: %{{x:.1f}}<extra></extra>"})  # fmt: skip
    layout = {
        "xaxis": {"title": {"text": speech["time" if hourly else "minutes"]}, "gridcolor": "#e3e7ec", "zeroline": True,
                  "range": [0, unit * span_shown(reading)]},
        "yaxis": {"title": {"text": speech["share of response"]}, "ticksuffix": "\u00a0%", "gridcolor": "#e3e7ec",
                  "rangemode": "tozero"},
        "height": 380,
    }  # fmt: skip
    return figure(drawn, layout, speech)


def band(slot: SlotReading, times: Floats, zone: str, fill: str) -> list[Figure]:
    """Between the quartiles of a zone's lags, where they are known."""
    if not len(slot.lags_q25) == len(slot.lags_q75) == len(slot.lags):
        return []
    edge = {"type": "scatter", "mode": "lines", "x": times.tolist(), "line": {"width": 0}, "hoverinfo": "skip",
            "legendgroup": zone, "showlegend": False}  # fmt: skip
    low, high = ([100 * share for share in lags] for lags in (slot.lags_q25, slot.lags_q75))
    return [{**edge, "y": low}, {**edge, "y": high, "fill": "tonexty", "fillcolor": fill + "33"}]


def span_shown(reading: Reading) -> float:
    """Steps in the first view of the lags: twice what the slowest zone needs, at most the window."""
    slowest = max((s.response.p90 for s in reading.slots if s.response is not None), default=0.0)
    return max(min(2.0 * slowest, reading.window - 1.0), 2.0)


def gauge_map(reading: Reading, site: Site, speech: Speech) -> Figure | None:
    """The gauges by their share, and the station, true to scale, without a background; None where no gauge has a
    place."""
    zones = labels(reading, site.gauges)
    placed = [(i, site.places[s.series]) for i, s in enumerate(reading.slots) if s.series in site.places]
    if not placed:
        return None
    shares = [max(reading.slots[i].share.median, 0.0) for i, _ in placed]
    drawn: list[Figure] = [{
        "type": "scatter", "mode": "markers+text", "name": speech["gauge"], "showlegend": False,
        "x": [place[1] for _, place in placed], "y": [place[0] for _, place in placed],
        "text": [f"{zones[i]}<br>{speech.percent(reading.slots[i].share.median)}" for i, _ in placed],
        "textposition": "middle right", "cliponaxis": False, "hoverinfo": "text",
        "marker": {"size": [12 + 48 * share**0.5 for share in shares], "opacity": 0.8,
                   "color": [colour(i) for i, _ in placed], "line": {"width": 1, "color": "#ffffff"}},
    }]  # fmt: skip
    if site.place is not None:
        drawn.append({
            "type": "scatter", "mode": "markers+text", "x": [site.place[1]], "y": [site.place[0]], "hoverinfo": "text",
            "text": [site.name or reading.station], "textposition": "middle left", "showlegend": False,
            "marker": {"symbol": "triangle-up", "size": 15, "color": STATION},
        })  # fmt: skip
    return figure(drawn, map_axes([p for _, p in placed] + ([site.place] if site.place else []), speech), speech)


def map_axes(places: list[Place], speech: Speech) -> Figure:
    """One degree of longitude is shorter than one of latitude, by the cosine of the latitude."""
    at = np.array(places)
    low, high = at.min(axis=0), at.max(axis=0)
    pad = np.maximum(0.18 * (high - low).max(), 0.02)
    ratio = 1.0 / float(np.cos(np.deg2rad(at[:, 0].mean())))
    axis = {"gridcolor": "#e3e7ec", "zeroline": False}
    return {
        "xaxis": {**axis, "title": {"text": speech["longitude"]}, "ticksuffix": "°", "constrain": "domain",
                  "range": [low[1] - pad, high[1] + 1.8 * pad]},
        "yaxis": {**axis, "title": {"text": speech["latitude"]}, "ticksuffix": "°", "scaleanchor": "x",
                  "scaleratio": ratio, "range": [low[0] - pad, high[0] + pad]},
        "height": 460,
    }  # fmt: skip


def figure(data: list[Figure], layout: Figure, speech: Speech) -> Figure:
    """With what all figures share: the font, room for the legend, the decimal sign of the language."""
    house = {
        "font": {"family": "Inter, 'Segoe UI', Roboto, 'Helvetica Neue', 'DejaVu Sans', Arial, sans-serif", "size": 13,
                 "color": STATION},
        "separators": ",\u202f" if speech.language == "fr" else ".,",
        "margin": {"l": 60, "r": 24, "t": 16, "b": 56},
        "paper_bgcolor": "#ffffff", "plot_bgcolor": "#ffffff", "hovermode": "closest",
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    }  # fmt: skip
    return {"data": data, "layout": {**house, **layout}}
