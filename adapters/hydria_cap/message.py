"""A CAP message as values: what the elements of CAP 1.2 hold that this plug-in writes. Times are UTC, in seconds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Named = tuple[tuple[str, str], ...]  # valueName, value
Ring = tuple[tuple[float, float], ...]  # latitude, longitude; the last point is the first


@dataclass(frozen=True, slots=True)
class Area:
    """Where: rings, circles (latitude, longitude, km) and codes."""

    desc: str
    polygons: tuple[Ring, ...] = ()
    circles: tuple[tuple[float, float, float], ...] = ()
    geocodes: Named = ()


@dataclass(frozen=True, slots=True)
class Resource:
    """A document that goes with a message: by its address, or in it."""

    desc: str
    mime_type: str
    uri: str
    content: bytes = b""  # in base64 within the message, with its size and SHA-1


@dataclass(frozen=True, slots=True)
class Info:
    """What is said, in one language."""

    language: str
    category: str
    event: str
    response: str
    urgency: str
    severity: str
    certainty: str
    effective: np.datetime64
    onset: np.datetime64  # NaT = not known
    expires: np.datetime64
    sender_name: str
    headline: str
    description: str
    instruction: str = ""
    web: str = ""
    contact: str = ""
    parameters: Named = ()
    resources: tuple[Resource, ...] = ()
    areas: tuple[Area, ...] = ()


@dataclass(frozen=True, slots=True)
class Reference:
    """An earlier message."""

    sender: str
    identifier: str
    sent: np.datetime64


@dataclass(frozen=True, slots=True)
class Message:
    """One alert message."""

    identifier: str
    sender: str
    sent: np.datetime64
    status: str
    kind: str  # msgType
    scope: str
    restriction: str = ""
    addresses: str = ""
    note: str = ""
    references: tuple[Reference, ...] = ()
    incidents: str = ""
    infos: tuple[Info, ...] = ()

    @property
    def reference(self) -> Reference:
        """As a later message names it."""
        return Reference(self.sender, self.identifier, self.sent)
