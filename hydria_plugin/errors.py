"""The errors a person can act on. Each says what was tried, the value, what is allowed, and raises ``from`` its cause.

HydriaError
├── ConfigError    the admin can mend it: carries every fault of the configuration at once
├── PluginError    a plug-in is missing, broken or misbehaved: names the plug-in and its package
├── FeedError      the host or the network: a retry may help
├── StoreError     the memory of the system cannot be read or written
└── ModelError     a model file is missing, damaged or does not fit the configuration
"""

from __future__ import annotations

from collections.abc import Sequence


class HydriaError(Exception):
    """Anything hydria raises on purpose; its text is fit for the person who reads it."""


class ConfigError(HydriaError):
    """The configuration is wrong: ``faults`` holds one line each, naming the place, the value and what is allowed."""

    def __init__(self, faults: str | Sequence[str]) -> None:
        self.faults: tuple[str, ...] = (faults,) if isinstance(faults, str) else tuple(faults)
        super().__init__("\n".join(self.faults))

    def __reduce__(self) -> tuple[type[ConfigError], tuple[tuple[str, ...]]]:
        return type(self), (self.faults,)


class PluginError(HydriaError):
    """A plug-in cannot be used, or gave back something other than its role promises."""


class FeedError(HydriaError):
    """A source could not be read; a later try may work."""


class StoreError(HydriaError):
    """The store could not be read or written, or is held by another instance."""


class ModelError(HydriaError):
    """A trained model is missing, damaged or made for another configuration."""
