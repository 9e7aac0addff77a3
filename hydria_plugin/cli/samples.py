"""A plug-in's sample configuration: the ``sample.toml`` in its folder, or one written from its factory's signature."""

from __future__ import annotations

import inspect
import json
from importlib import resources
from typing import Any

from ..config.places import meant
from ..errors import ConfigError, PluginError
from ..offers import Offer
from ..plugins import load_plugins

BLANKS = (
    ("Sequence", "[]"), ("list", "[]"), ("tuple", "[]"), ("Mapping", "{}"), ("dict", "{}"),
    ("bool", "false"), ("int", "0"), ("float", "0.0"),
)  # fmt: skip
TABLES = {"forecaster": "forecaster", "corrector": "corrector", "explainer": "explainer"}


def sample_of(name: str) -> str:
    """The sample of every plug-in that is called ``name``, whatever its role.

    Raises ConfigError where none is, PluginError where it is broken.
    """
    registry = load_plugins()
    offers = [offer for (_, offered), offer in sorted(registry.offers.items()) if offered == name]
    if not offers:
        for row in registry.problems:
            if row.name == name:
                raise PluginError(f"{name!r} of {row.package} {row.version} cannot be used: {row.state}")
        installed = sorted({offered for _, offered in registry.offers})
        raise ConfigError(f"no plug-in is named {name!r}{meant(name, installed)}; allowed: {', '.join(installed)}")
    shipped = next((text for offer in offers if (text := shipped_sample(offer))), None)
    return shipped or "\n".join(written_sample(offer) for offer in offers)


def shipped_sample(offer: Offer) -> str | None:
    """The ``sample.toml`` beside the factory's package; built-ins share one folder and have none."""
    package = offer.package_name
    if not package or package == "hydria_plugin":
        return None
    try:
        file = resources.files(package) / "sample.toml"
        return file.read_text(encoding="utf-8") if file.is_file() else None
    except (ModuleNotFoundError, TypeError, OSError):
        return None


def written_sample(offer: Offer) -> str:
    """A TOML table with every option and its default."""
    what = (inspect.getdoc(offer.factory) or "").partition("\n\n")[0]  # its first paragraph, sentences whole
    told = [f"# {line}" for line in what.splitlines()]
    head = [f"# {offer.role} {offer.name!r} of {offer.package} {offer.version}", *told]
    known = inspect.signature(offer.factory).parameters
    options = [option_line(o, known[o]) for o in offer.options()]
    if offer.role in TABLES:
        return "\n".join([*head, f"[pipelines.NAME.{offer.role}.{quoted_key(offer.name)}]", *options, ""])
    if offer.role == "store":
        return "\n".join([*head, "[platform]", f'store = "{offer.name}://..."', ""])
    table = "[pipelines.NAME.source]" if offer.role == "source" else "[[pipelines.NAME.sinks]]"
    return "\n".join([*head, table, f'use = "{offer.name}"', *options, ""])


def quoted_key(name: str) -> str:
    return name if name.replace("-", "").replace("_", "").isalnum() else json.dumps(name)


def option_line(option: str, known: inspect.Parameter) -> str:
    """``# folds = 5``; what has no default stands without the comment sign."""
    if known.default is inspect.Parameter.empty:
        return f'{option} = "..."  # must be given'
    if known.default is None:
        return f"# {option} = {blank(str(known.annotation))}  # not set"
    return f"# {option} = {toml_value(known.default)}"


def blank(annotation: str) -> str:
    """Nothing, in the form that an option of this annotation takes."""
    return next((form for word, form in BLANKS if annotation.startswith(word)), '""')


def toml_value(value: Any) -> str:
    """A default as TOML; what TOML has no word for as text."""
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml_value(v) for v in value) + "]"
    return (
        json.dumps(value, ensure_ascii=False) if isinstance(value, bool | int | float | str) else json.dumps(str(value))
    )
