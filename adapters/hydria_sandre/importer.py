"""What Sandre messages say of sites, stations, gauges, thresholds and rating curves, for an admin to review."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hydria_plugin import ConfigError, FeedError, Inventory
from hydria_plugin.exchange import XmlLimits, gunzipped, xml_document

from .files import is_xml, listed
from .form import FORECAST, SERIES, as_patterns, checked, path_faults
from .inventory import Finding, inventory
from .ratings import ratings
from .referential import Referential, sites_of, sites_of_csv
from .series_xml import ROOT
from .source import PATTERNS
from .thresholds import BANDS, Bands, thresholds
from .times import LATEST, instant
from .tree import below, local, text

LARGEST = XmlLimits(size=1 << 28)  # the tree of a referential is held whole


class SandreImporter:
    """Reads a folder or a file of Sandre XML (v1.1, v2) and CSV drops of sites.

    ``natures`` and ``bands`` say which thresholds are taken, under what name; ``power_curves`` in which unit stages
    enter curves made of powers; ``at`` the day on which thresholds must be in force, else that of the newest message.
    """

    def __init__(
        self,
        *,
        path: str,
        folder: Path | str | None = None,
        clock: Callable[[], np.datetime64] | None = None,
        pattern: str | Sequence[str] = PATTERNS,
        series: str = SERIES,
        names: Mapping[str, str] | None = None,
        natures: Sequence[int] = (22,),
        bands: Mapping[str, Sequence[int]] | None = None,
        power_curves: str = "",
        at: str = "",
    ) -> None:
        faults = [*path_faults(path, pattern), *_faults(natures, bands, power_curves, at)]
        if faults:
            raise ConfigError([f"importer sandre: {fault}" for fault in faults])
        self._form = checked(
            "importer", series=series, forecast=FORECAST, names=names, units=None, csv_units=None, timezone="UTC",
            flags=None, forecast_value="moy", received="production",
        )  # fmt: skip
        chosen = {name: (int(low), int(high)) for name, (low, high) in (bands or BANDS).items()}
        self._path, self._patterns = Path(folder or ".") / path, as_patterns(pattern)
        self._bands, self._powers, self._clock, self._at = Bands(tuple(natures), chosen), power_curves, clock, at

    def survey(self) -> Inventory:
        """What all files together say; files that cannot be read are remarks. Raises FeedError when the path cannot be
        listed, or no file can be read."""
        finding, broken = Finding(Referential()), list[str]()
        files = listed(self._path, self._patterns)
        for name, (path, _) in files.items():
            try:
                self._read(name, gunzipped(path.read_bytes(), name, LARGEST.size), finding)
            except FeedError as error:
                broken.append(str(error))
            except OSError as error:
                broken.append(f"{name}: cannot be read ({error.strerror})")
        if len(broken) == len(files):
            raise FeedError("; ".join(broken) or f"{self._path}: no file matches {' or '.join(self._patterns)}")
        return inventory(finding, self._bands, self._form, self._now(finding), broken)

    def _read(self, name: str, data: bytes, finding: Finding) -> None:
        """One file. Raises FeedError."""
        if not is_xml(data[:4096]):
            finding.referential.add(sites_of_csv(data, name))
            return
        root = xml_document(data, name, LARGEST)
        if local(root) != ROOT:
            raise FeedError(f"{name}: its root is <{local(root)[:60]}>; allowed: <{ROOT}>, v1.1 or v2 of Sandre")
        finding.referential.add(sites_of(root))
        finding.thresholds += thresholds(root)
        curves, said = ratings(root, self._powers)
        finding.ratings += curves
        finding.said += said
        finding.created += [instant(text(s, "DateHeureCreationFichier")) for s in below(root, "Scenario")]

    def _now(self, finding: Finding) -> np.datetime64:
        if self._at:
            return instant(self._at)
        if self._clock is not None:
            return self._clock()
        known = [time for time in finding.created if not np.isnat(time)]
        return max(known) if known else LATEST  # nobody says when it is: what ended once has ended


def _faults(natures: object, bands: Any, power_curves: object, at: object) -> list[str]:
    faults = []
    if not isinstance(natures, list | tuple) or not all(type(n) is int for n in natures):
        faults.append(f"natures = {natures!r} must be a list of codes of nomenclature 529, such as [22]")
    if bands is not None:
        spans: dict[str, Any] = dict(bands) if isinstance(bands, Mapping) else {"?": bands}
        for name, span in spans.items():
            whole = isinstance(span, list | tuple) and len(span) == 2 and all(type(n) is int for n in span)
            if not whole or not 0 <= span[0] <= span[1] <= 100:
                faults.append(f"bands.{name} = {span!r} must be two severities such as [25, 48], from 0 to 100")
    if power_curves not in ("", "m", "mm"):
        faults.append(f"power_curves = {power_curves!r} must be 'm' or 'mm', or '' to leave such curves out")
    if not isinstance(at, str) or (at and np.isnat(instant(at))):
        faults.append(f"at = {at!r} must be a date such as '2026-11-26'")
    return faults
