"""From a TOML file to Settings, or to every fault at once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import ConfigError
from ..plugins import Registry, load_plugins
from .pipelines import read_pipeline
from .places import Faults
from .platform import read_platform
from .plugging import Part
from .schema import Document
from .settings import Settings
from .toml_file import TomlFile, read_toml, validate
from .variables import expand


@dataclass(frozen=True)
class Examination:
    """What a configuration is worth: ``settings`` is None where there are ``faults``."""

    faults: tuple[str, ...]
    warnings: tuple[str, ...]
    settings: Settings | None
    parts: tuple[Part, ...]  # what could be built, for probing


def read_config(
    path: Path | str, environ: Mapping[str, str] | None = None, registry: Registry | None = None
) -> Settings:
    """The settings in the TOML file at ``path``. Raises ConfigError with every fault, one line each."""
    found = examine(path, environ, registry)
    if found.settings is None:
        raise ConfigError(found.faults)
    return found.settings


def examine(
    path: Path | str, environ: Mapping[str, str] | None = None, registry: Registry | None = None
) -> Examination:
    """Read and check the configuration, files and plug-ins included, and go on after every fault."""
    faults, warnings, parts = Faults(), list[str](), list[Part]()
    file = read_toml(Path(path).absolute(), faults)
    if file is None:
        return Examination(tuple(faults.lines), (), None, ())
    document = validate(file, expand(file, os.environ if environ is None else environ))
    installed = registry or load_plugins()
    settings = read_document(file, document, installed, warnings, parts)
    return Examination(tuple(faults.lines), tuple(warnings), settings, tuple(parts))


def read_document(
    file: TomlFile, document: Document, registry: Registry, warnings: list[str], parts: list[Part]
) -> Settings | None:
    """The settings; None where a fault was noted on the way."""
    platform = read_platform(file, document.platform, registry)
    if not document.pipelines and not file.as_written("pipelines"):
        file.faults.add(file.place("pipelines"), "there is no pipeline", "at least one table [pipelines.NAME]")
    pipelines = {
        name: read_pipeline(file, name, table, registry, warnings, parts) for name, table in document.pipelines.items()
    }
    whole = {name: pipeline for name, pipeline in pipelines.items() if pipeline is not None}
    if file.faults or platform is None:
        return None
    return Settings(file.path, platform, whole, tuple(warnings))
