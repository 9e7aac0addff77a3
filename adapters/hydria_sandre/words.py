"""What people read in the host, in French: the comment of a forecast, and the text of an event."""

from __future__ import annotations

import numpy as np

from hydria_plugin import Alert, Basis, Bulletin, Reason, Report

from .times import sandre_time

LONGEST = 1000  # characters of a comment


def comment(bulletin: Bulletin, row: int) -> str:
    """Who made the forecast, what is wrong with it, and the alert of its station where there is one."""
    station, made_by = bulletin.layout.stations[row], bulletin.forecast.made_by[row]
    parts = [f"Modèle {made_by}" if made_by else "", f"révision {bulletin.revision}" if bulletin.revision else ""]
    parts += [f"mode dégradé : {bulletin.forecast.rung[row]}" if bulletin.forecast.rung[row] > 0 else ""]
    told = [about(a, bulletin.layout.units[row]) for a in bulletin.alerts if a.station == station]
    return shortened(". ".join([*told, ", ".join(filter(None, parts))]))


def about(alert: Alert, unit: str) -> str:
    """One alert in one sentence, with its event so that it is found again."""
    if alert.reason is Reason.CLEARED:
        return f"FIN D'ALERTE {alert.threshold} (événement {alert.event})"
    limit = f"seuil {alert.threshold} {number(alert.limit)} {unit}"
    if alert.basis is Basis.OBSERVED:
        cause = f"{limit} dépassé, observé {number(alert.observed)} {unit}"
    else:
        chance = "" if np.isnan(alert.probability) else f" à {100 * alert.probability:.0f} %"
        least = "au moins " if alert.is_lower_bound and chance else ""
        when = "" if np.isnat(alert.crosses_at) else f" vers {sandre_time(alert.crosses_at)} UTC"
        cause = f"{limit}, dépassement prévu {least}{chance.strip()}{when}".replace("  ", " ").strip()
    peak = ""
    if np.isfinite(alert.peak):
        at = "" if np.isnat(alert.peak_at) else f" le {sandre_time(alert.peak_at)} UTC"
        peak = f", maximum {number(alert.peak)} {unit}{at}"
    return f"ALERTE {cause}{peak} (événement {alert.event})"


def described(report: Report) -> str:
    """The text of the host's event that tells a report."""
    event = f" (événement {report.event})" if report.event else ""
    return shortened(f"{report.headline}{event}", len(event))


def shortened(text: str, tail: int = 0) -> str:
    """At most ``LONGEST`` characters, the last ``tail`` of them kept; no control characters, which XML cannot hold."""
    plain = "".join(c if c.isprintable() else " " for c in text)
    return plain if len(plain) <= LONGEST else plain[: LONGEST - tail - 3] + "..." + (plain[-tail:] if tail else "")


def number(value: float) -> str:
    """Four digits, with the comma people expect."""
    return f"{value:.4g}".replace(".", ",")
