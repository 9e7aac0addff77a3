"""The explainer: when a station is in the news, what its networks know of where its floods come from.

The reading was made when the model was trained and lies with it on the shelf: nothing is computed here, and a model in
a process of its own is not asked.
"""

from __future__ import annotations

from collections.abc import Sequence

from hydria_plugin import Forecast, Forecaster, Report, Window
from hydria_plugin.drawing.words import Words
from hydria_plugin.learning.shelf import Shelf

from .document import station_facts
from .figures import Site
from .keeping import reigning_readings
from .plate import plate
from .readings import Reading
from .words import Speech, headline

KIND = "knox"


class Knox:
    """One report per station whose reigning models hold a reading: that of the forecaster asked, else of the first
    other on the shelf. ``language``: en or fr; by default that of ``words``, the platform's. Raises ValueError for
    another one."""

    def __init__(self, *, shelf: Shelf, words: Words | None = None, language: str = "") -> None:
        self.speech = Speech(language or (words.language if words is not None else "en"))
        self._shelf = shelf
        self._held: dict[str, tuple[str, dict[str, Reading]]] = {}  # forecaster -> version, readings

    def explain(self, window: Window, forecast: Forecast, forecaster: Forecaster) -> Sequence[Report]:
        """Stations without a reading are passed over. Raises ModelError when a model is damaged."""
        layout = window.layout
        names = layout.names or layout.stations
        found = self.readings_for(layout.stations, str(getattr(forecaster, "name", "")))
        return [
            self.report(*found[station], Site(name))
            for station, name in zip(layout.stations, names, strict=True)
            if station in found
        ]

    def readings_for(self, stations: Sequence[str], first: str) -> dict[str, tuple[str, str, Reading]]:
        """Station -> forecaster, version, reading; those of ``first`` before all others."""
        found: dict[str, tuple[str, str, Reading]] = {}
        for name in sorted(self._shelf.names(), key=lambda n: n != first):
            version, readings = self.held(name)
            for station in stations:
                if station in readings and station not in found:
                    found[station] = (name, version, readings[station])
        return found

    def held(self, name: str) -> tuple[str, dict[str, Reading]]:
        """The readings of the reigning version, read again only when another one reigns."""
        version = self._shelf.active(name) or ""
        if name not in self._held or self._held[name][0] != version:
            self._held[name] = reigning_readings(self._shelf, name)
        return self._held[name]

    def report(self, forecaster: str, version: str, reading: Reading, site: Site) -> Report:
        """The body is the station's part of the KnoX document, and the plate."""
        subtitle = self.speech["subtitle"].format(pipeline=self._shelf.pipeline, forecaster=forecaster, version=version)
        body = {
            "forecaster": forecaster,
            "version": version,
            **station_facts(reading, self.speech),
            "svg": plate(reading, site, self.speech.language, subtitle),
        }
        return Report(KIND, reading.station, "", headline(reading, self.speech, site.gauges), body)
