"""One thing a plug-in offers, and what can be known of it: its options, what the house gives it, what it lacks."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .later import Later
from .option_types import kind_fault
from .secret import Secret

GIVEN = (  # by the house
    *("members", "shelf", "rng", "clock", "layout", "folder", "words", "places", "ratings", "thresholds"),
)
ADDRESS = "url"  # given to stores; an option of anything else


@dataclass(frozen=True, slots=True)
class Offer:
    """One thing a plug-in offers: a factory under a name, for a role."""

    role: str
    name: str
    offered: Callable[..., Any]
    package: str
    version: str

    @property
    def factory(self) -> Callable[..., Any]:
        """What was offered; imported now where it was offered for later."""
        return self.offered.found() if isinstance(self.offered, Later) else self.offered

    @property
    def package_name(self) -> str:
        """The name of the import package it comes from; nothing is imported."""
        home = self.offered.module if isinstance(self.offered, Later) else getattr(self.offered, "__module__", None)
        return (home or "").partition(".")[0]

    def state(self) -> str:
        """``ready``, or what must be installed first."""
        return (self.offered.lacking() if isinstance(self.offered, Later) else "") or "ready"

    def options(self) -> tuple[str, ...]:
        """The TOML options: the factory's keyword parameters, less what the house gives."""
        return tuple(p for p in self.parameters() if p not in self.given())

    def given(self) -> tuple[str, ...]:
        """The parameters that the house gives, where the factory names them."""
        return (*GIVEN, ADDRESS) if self.role == "store" else GIVEN

    def parameters(self) -> tuple[str, ...]:
        kinds = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        return tuple(p.name for p in inspect.signature(self.factory).parameters.values() if p.kind in kinds)

    def secrets(self) -> tuple[str, ...]:
        """Options annotated :class:`Secret`: their values come from the environment or a file."""
        known = inspect.signature(self.factory).parameters
        return tuple(p for p in self.options() if "Secret" in str(known[p].annotation))

    def kind_fault(self, option: str, value: Any) -> str:
        """Why ``value`` is not of the kind that the factory names; nothing of a secret is said."""
        fault = kind_fault(option, inspect.signature(self.factory).parameters[option].annotation, value)
        return f"{option} must be a text" if fault and option in self.secrets() else fault

    def required(self) -> tuple[str, ...]:
        """Options without a default."""
        known = inspect.signature(self.factory).parameters
        return tuple(p for p in self.options() if known[p].default is inspect.Parameter.empty)


def hidden(value: Any) -> Any:
    """A text, or each text of a list, as a Secret."""
    if isinstance(value, list | tuple):
        return [hidden(v) for v in value]
    return Secret(value) if isinstance(value, str) else value
