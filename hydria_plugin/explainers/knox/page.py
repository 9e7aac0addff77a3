"""The reading as one HTML page that needs nothing else: works offline, in a mail, under a strict content policy.

The figures are interactive where the package plotly is installed (its script is put into the page), drawn otherwise.
On paper the page shows the plate instead.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from hydria_plugin import __version__

from .colours import colour
from .figures import Figure, Site, contributions, gauge_map, lag_curves
from .plate import plate
from .readings import VARIANTS, Reading, SlotReading
from .style import FRENCH_BUTTONS, POLICY, STYLE
from .words import Speech, capital, cautions_in_words, facts_in_words, headline, labels, method_in_words, skill_in_words

CONFIG = {
    "displaylogo": False,
    "responsive": True,
    "showSendToCloud": False,
    "showEditInChartStudio": False,
    "plotlyServerURL": "",
    "modeBarButtonsToRemove": ["sendDataToCloud", "editInChartStudio", "select2d", "lasso2d", "autoScale2d"],
    "toImageButtonOptions": {"format": "svg"},
}


def page(
    readings: Sequence[Reading],
    sites: Mapping[str, Site],
    language: str,
    *,
    pipeline: str,
    forecaster: str,
    version: str,
    script: str | None,
) -> str:
    """One HTML document for the ``readings``, in their order. ``sites`` by station; ``script``: plotly's, None where
    it is not installed. Raises ValueError for another language."""
    speech = Speech(language)
    subtitle = speech["subtitle"].format(pipeline=pipeline, forecaster=forecaster, version=version)
    parts = [station_part(n, r, sites.get(r.station, Site()), speech, subtitle, script) for n, r in enumerate(readings)]
    known = [sites.get(r.station, Site()).name or r.station for r in readings]
    title = speech["title"].format(station=known[0]) if len(known) == 1 else f"KnoX · {pipeline}"
    return "\n".join(
        [
            f'<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title>\n<style>{STYLE}</style>",
            f"<script>{script}</script>" if script else "",
            f"</head>\n<body>\n{contents(known, speech)}",
            *parts,
            "" if script else f'<p class="quiet">{escape(speech["static"])}</p>',
            f'<footer class="quiet">{escape(speech["made by"].format(version=__version__))}</footer>',
            "</body>\n</html>\n",
        ]
    )


def plotly_script() -> str | None:
    """The script of the installed package plotly; None without it."""
    try:
        from plotly.offline import get_plotlyjs
    except ImportError:
        return None
    return str(get_plotlyjs()).replace("</script", "<\\/script")


def contents(known: Sequence[str], speech: Speech) -> str:
    """Links to the stations, where there are several."""
    if len(known) == 1:
        return ""
    links = "".join(f'<li><a href="#station-{n}">{escape(name)}</a></li>' for n, name in enumerate(known))
    return f"<nav><h2>{escape(speech['contents'])}</h2><ul>{links}</ul></nav>"


def station_part(n: int, reading: Reading, site: Site, speech: Speech, subtitle: str, script: str | None) -> str:
    """All about one station."""
    drawing = plate(reading, site, speech.language, subtitle)
    title = speech["title"].format(station=site.name or reading.station)
    head = (
        f'<section id="station-{n}"><header><h1>{escape(title)}</h1><p class="quiet">{escape(subtitle)}</p>'
        f'<p class="headline">{escape(headline(reading, speech, site.gauges))}</p></header>'
    )
    body = [warnings_box(reading, site, speech)]
    if script:
        body += [figures(n, reading, site, speech)]
    else:
        body += [f'<div class="scroll">{drawing}</div>']
    body += [
        f'<p class="quality">{escape(skill_in_words(reading, speech))} {escape(facts_in_words(reading, speech))}</p>',
        heading(speech["numbers"], table(reading, site, speech)),
        heading(speech["variants"], variants(reading, site, speech)),
        f'<p class="method">{escape(method_in_words(reading, speech, site.name))}</p>',
    ]
    paper = f'<div class="paper">{drawing}</div>' if script else ""
    return f'{head}<div class="screen">{"".join(body)}</div>{paper}</section>'


def warnings_box(reading: Reading, site: Site, speech: Speech) -> str:
    said = cautions_in_words(reading, speech, site.gauges)
    if not said:
        return f'<p class="fine">{escape(speech["no cautions"])}</p>'
    lines = "".join(f"<li>{escape(sentence)}</li>" for sentence in said)
    return f'<aside class="caution"><h2>{escape(speech["caution title"])}</h2><ul>{lines}</ul></aside>'


def figures(n: int, reading: Reading, site: Site, speech: Speech) -> str:
    """The interactive ones, each with its title."""
    made = (
        ("contributions", contributions(reading, site, speech)),
        ("lags", lag_curves(reading, site, speech)),
        ("map", gauge_map(reading, site, speech)),
    )
    return "".join(
        heading(speech[key], interactive(f"{key}-{n}", drawn, speech)) for key, drawn in made if drawn is not None
    )


def interactive(identity: str, drawn: Figure, speech: Speech) -> str:
    config: dict[str, Any] = {**CONFIG, "locale": speech.language}
    if speech.language == "fr":
        config["locales"] = {"fr": {"dictionary": FRENCH_BUTTONS, "format": {"decimal": ",", "thousands": "\u202f"}}}
    given = ", ".join(in_script(value) for value in (identity, drawn["data"], drawn["layout"], config))
    height = int(drawn["layout"]["height"])
    return f'<div id="{identity}" style="height:{height}px"></div><script>Plotly.newPlot({given});</script>'


def in_script(value: Any) -> str:
    """JSON that cannot end the script it stands in. Raises ValueError for NaN."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c").replace(">", "\\u003e")


def heading(title: str, inside: str) -> str:
    return f"<h2>{escape(title)}</h2>{inside}"


def table(reading: Reading, site: Site, speech: Speech) -> str:
    """All numbers of all zones, and on a line of its own what comes from the state of the basin."""
    keys = ("zone", "share", "spread", "volume share", "per std share", "mode", "centroid", "width")
    moist = any(slot.wet_share is not None or slot.dry_share is not None for slot in reading.slots)
    head = [speech[key] for key in (*keys, *(("wet", "dry") if moist else ()))]
    rows = [
        [name, *numbers(slot, reading, speech), *(moisture(slot, speech) if moist else ())]
        for slot, name in zip(reading.slots, labels(reading, site.gauges), strict=True)
    ]
    state = [speech["state"], speech.percent(reading.state_share), *[""] * (len(head) - 2)]
    return html_table(head, rows, state)


def numbers(slot: SlotReading, reading: Reading, speech: Speech) -> list[str]:
    s, r = slot.share, slot.response

    def time(steps: float) -> str:
        return speech.duration(steps, reading.step)

    shares = [speech.percent(s.median), f"{speech.percent(s.q25)} – {speech.percent(s.q75)}"]
    others = [speech.percent(slot.volume_share), speech.percent(slot.per_std_share)]
    if r is None:
        return [*shares, *others, *[speech["none"]] * 3]
    return [*shares, *others, time(r.mode), time(r.centroid), f"{time(r.p10)} – {time(r.p90)}"]


def moisture(slot: SlotReading, speech: Speech) -> list[str]:
    return ["–" if share is None else speech.percent(share) for share in (slot.wet_share, slot.dry_share)]


def variants(reading: Reading, site: Site, speech: Speech) -> str:
    """The shares of every zone by every read-out."""
    names = [name for name in VARIANTS if name in reading.variants]
    names += [name for name in reading.variants if name not in names]
    rows = [
        [zone, *(speech.percent(reading.variants[name][i]) for name in names)]
        for i, zone in enumerate(labels(reading, site.gauges))
    ]
    told = f"<p>{escape(speech['variants text'].format(variant=reading.variant))}</p>"
    meant = "".join(f"<dt>{escape(n)}</dt><dd>{escape(capital(speech.rule(n)))}.</dd>" for n in names if speech.rule(n))
    return f'{told}{html_table([speech["zone"], *names], rows)}<dl class="quiet">{meant}</dl>'


def html_table(head: Sequence[str], rows: Sequence[Sequence[str]], last: Sequence[str] = ()) -> str:
    """The first cell of a row names it, with the colour of its zone; ``last``: a row that is of no zone."""
    heads = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    lines = "".join(
        f'<tr><th scope="row"><i style="background:{colour(i)}"></i>{escape(row[0])}</th>'
        f"{''.join(f'<td>{escape(cell)}</td>' for cell in row[1:])}</tr>"
        for i, row in enumerate(rows)
    )
    foot = f'<th scope="row">{escape(last[0])}</th>{"".join(f"<td>{escape(c)}</td>" for c in last[1:])}' if last else ""
    body = f"<tbody>{lines}</tbody>{f'<tfoot><tr>{foot}</tr></tfoot>' if foot else ''}"
    return f'<div class="scroll"><table><thead><tr>{heads}</tr></thead>{body}</table></div>'
