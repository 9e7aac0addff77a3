"""Each adapter's extra installs the libraries that its code names, and no others; its README has the fixed headings."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
ADAPTERS = sorted(place for place in (ROOT / "adapters").iterdir() if (place / "__init__.py").exists())
EXTRAS = {"hydria_csv": ("sftp",), "hydria_sensorthings": ("sensorthings", "mqtt")}  # others: as they are called
DISTRIBUTION = {"paho": "paho-mqtt"}
THROUGH = {"xml_document": "lxml", "xml_elements": "lxml", "Web": "httpx"}  # of hydria_plugin.exchange
HEADINGS = ["What it reads", "What it writes", "Configuration", "Limits", "Example"]


def word(requirement: str) -> str:
    return requirement.partition(">")[0].partition("[")[0].partition("=")[0]


def needed(place: Path) -> set[str]:
    """What the code of an adapter imports beyond the project's own dependencies, within functions too."""
    found = set[str]()
    for file in place.glob("*.py"):
        text = file.read_text()
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                found.add(node.module.partition(".")[0])
                if node.module == "hydria_plugin.exchange":
                    found |= {THROUGH[alias.name] for alias in node.names if alias.name in THROUGH}
        found |= {"psycopg"} if "+psycopg" in text else set()  # SQLAlchemy imports it by its name
    extras = {word(one) for some in PROJECT["optional-dependencies"].values() for one in some}
    return {DISTRIBUTION.get(name, name) for name in found} & extras


@pytest.mark.parametrize("place", ADAPTERS, ids=lambda p: p.name)
def test_an_extra_of_its_own_with_what_it_needs(place: Path) -> None:
    own = EXTRAS.get(place.name, (place.name.removeprefix("hydria_"),))
    installed = {word(one) for extra in own for one in PROJECT["optional-dependencies"][extra]}
    assert needed(place) == installed
    assert set(own) <= set(PROJECT["optional-dependencies"]["hosts"][0].partition("[")[2].strip("]").split(","))


@pytest.mark.parametrize("place", ADAPTERS, ids=lambda p: p.name)
def test_the_readme_has_the_fixed_headings_and_a_sample_lies_beside(place: Path) -> None:
    lines = (place / "README.md").read_text().splitlines()
    assert [line[3:] for line in lines if line.startswith("## ")] == HEADINGS
    assert tomllib.loads((place / "sample.toml").read_text())


def test_nine_adapters() -> None:
    assert {place.name for place in ADAPTERS} == set(PROJECT["entry-points"]["hydria"].values())
