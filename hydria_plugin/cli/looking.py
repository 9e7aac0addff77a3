"""check, plugins, sample: what is there, and would it work?"""

from __future__ import annotations

import typer

from .speaking import Config, Json, columns, guarded, tell


def register(app: typer.Typer) -> None:
    app.command("check")(guarded(check))
    app.command("plugins")(guarded(plugins))
    app.command("sample")(guarded(sample))


def check(config: Config, as_json: Json = False) -> int:
    """Everything that can be known before starting; sources and sinks are probed.

    Exit code 0: it can start (warnings may stand); 2: the configuration is wrong; 1: a probe failed.
    """
    from .checking import examined

    return examined(config).tell(as_json)


def plugins(as_json: Json = False) -> None:
    """Every plug-in found: name, role, package, version, state."""
    from ..plugins import load_plugins

    head = ("name", "role", "package", "version", "state")
    rows = [(r.name, r.role, r.package, r.version, r.state) for r in load_plugins().listing()]
    tell(as_json, [dict(zip(head, row, strict=True)) for row in rows], columns(rows, head))


def sample(
    name: str = typer.Argument(help="A plug-in's name, as `hydria plugins` lists it."), as_json: Json = False
) -> None:
    """A plug-in's sample configuration."""
    from .samples import sample_of

    text = sample_of(name)
    tell(as_json, {"name": name, "sample": text}, text.rstrip())
