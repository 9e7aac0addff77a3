"""import: ask a host what it has, and write it down for an admin to review."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import ConfigError, PluginError
from .speaking import Json, guarded, tell

ALLOWED = "NAME=VALUE, such as url=https://host.example or stations='[\"Y1612020\"]'"


def register(app: typer.Typer) -> None:
    app.command("import")(guarded(import_))


def import_(
    host: Annotated[str, typer.Argument(help="Which kind of host: an importer of `hydria plugins`.")],
    options: Annotated[
        list[str] | None,
        typer.Argument(help=f"Its options: {ALLOWED}. Secrets as '${{NAME}}', from the environment or NAME_FILE."),
    ] = None,
    out: Annotated[str, typer.Option(help="The folder to write into.")] = ".",
    gauges: Annotated[int, typer.Option(help="How many of the nearest rain gauges a station is given.", min=0)] = 4,
    replace: Annotated[bool, typer.Option(help="Overwrite files that are there.")] = False,
    as_json: Json = False,
) -> None:
    """Write stations.csv, inputs.csv and ratings.csv from what the host says it has, to be reviewed and used."""
    from ..plugins import load_plugins
    from ..workshop.inventory_files import write_inventory

    registry = load_plugins()
    try:
        given = chosen(options or (), os.environ, registry.offer("importer", host).secrets())
        if faults := registry.check_options("importer", host, given):
            raise ConfigError(faults)
        importer = registry.build("importer", host, given, {"folder": Path()})
    except PluginError as error:  # a wrong name or value: the command is wrong, not the host
        raise ConfigError(str(error)) from error
    found = importer.survey()
    paths, remarks = write_inventory(found, Path(out), gauges, replace)
    facts = {
        "exit": 0,
        "files": [str(path) for path in paths],
        "stations": len(found.stations),
        "inputs": len(found.inputs),
        "ratings": len(found.ratings),
        "remarks": list(remarks),
    }
    tell(as_json, facts, "\n".join(told(facts)))


def told(facts: Mapping[str, Any]) -> list[str]:
    """For people."""
    counts = ", ".join(f"{facts[name]} {name}" for name in ("stations", "inputs", "ratings"))
    lines = [f"found {counts}", *(f"wrote {path}" for path in facts["files"])]
    lines += [f"look at: {remark}" for remark in facts["remarks"]]
    return [*lines, "review them, then name them in the configuration and run `hydria check`"]


def chosen(words: Sequence[str], environ: Mapping[str, str], secrets: Sequence[str]) -> dict[str, Any]:
    """The options of ``NAME=VALUE`` words, values as TOML where they are TOML and as text otherwise. Raises ConfigError
    with every fault, secrets not quoted."""
    from ..config.variables import VARIABLE, value_of

    faults: list[str] = []
    found: dict[str, Any] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not name:
            faults.append(f"option {word!r} is none; allowed: {ALLOWED}")
            continue
        if name in secrets and not VARIABLE.search(text):
            faults.append(f"option {name} is a secret, and written out; allowed: {name}='${{NAME}}'")
            continue

        def refuse(what: str, allowed: str, name: str = name) -> None:
            faults.append(f"option {name} {what}; allowed: {allowed}")

        filled = text
        for variable in VARIABLE.findall(text):
            filled = filled.replace("${" + variable + "}", value_of(variable, environ, refuse) or "")
        found[name] = filled if name in secrets else as_toml(filled)
    if faults:
        raise ConfigError(faults)
    return found


def as_toml(text: str) -> Any:
    """``3``, ``true``, ``["a"]`` or ``{ a = 1 }`` as what they are; anything else as text."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
