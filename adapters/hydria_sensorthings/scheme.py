"""What the sink calls things, and what it writes of a bulletin: the admin's choices, checked at once."""

from __future__ import annotations

from dataclasses import dataclass

from hydria_plugin import Layout

from .naming import put_in, word_faults

ALERTS = ("news", "all")


@dataclass(frozen=True, slots=True)
class Scheme:
    """Templates of names, and switches; README.md says what each means."""

    thing: str
    datastream: str
    warning: str
    report: str
    create: bool
    alerts: str
    pictures: bool

    def faults(self) -> list[str]:
        """What is wrong, in words for the admin."""
        streams = ("station", "quantity", "quantile", "pipeline")
        faults = word_faults("thing", self.thing, ("station", "name"))
        faults += word_faults("datastream", self.datastream, streams, ("quantile",))
        faults += word_faults("warning", self.warning, ("station", "pipeline"))
        faults += word_faults("report", self.report, ("station", "kind"), ("kind",))
        switches = {"create": self.create, "pictures": self.pictures}
        faults += [f"{n} = {v!r} must be true or false" for n, v in switches.items() if not isinstance(v, bool)]
        return faults + ([] if self.alerts in ALERTS else [f"alerts = {self.alerts!r} must be 'news' or 'all'"])

    def thing_of(self, station: str, layout: Layout | None) -> str:
        """The name of a station's Thing."""
        known = dict(zip(layout.stations, layout.names, strict=False)) if layout else {}
        return put_in(self.thing, {"station": station, "name": known.get(station, station)})
