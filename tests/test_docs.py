"""The docs cannot rot: every live hook stands in them with its signature, and their code is the tested code."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from hydria_plugin import hookspecs, testing

ROOT = Path(__file__).resolve().parents[1]
PLUGINS = (ROOT / "docs" / "plugins.md").read_text()
HOOKS = {name: spec for name, spec in vars(hookspecs).items() if name.startswith("hydria_")}


def test_there_are_hooks() -> None:
    assert len(HOOKS) == 10


@pytest.mark.parametrize("name", sorted(HOOKS))
def test_every_hook_is_documented_with_its_signature(name: str) -> None:
    arguments = ", ".join(inspect.signature(HOOKS[name]).parameters)
    assert f"### `{name}({arguments})`" in PLUGINS


def test_the_example_is_the_installed_one() -> None:
    tested = (ROOT / "tests" / "third_party" / "hydria_mean" / "hydria_mean.py").read_text()
    assert tested in PLUGINS


@pytest.mark.parametrize("check", [name for name in testing.__all__ if name.startswith("check_")])
def test_every_check_is_documented(check: str) -> None:
    assert f"`{check}`" in PLUGINS


@pytest.mark.parametrize("path", sorted(ROOT.glob("adapters/hydria_*")), ids=lambda p: p.name)
def test_every_adapter_has_its_readme_and_sample(path: Path) -> None:
    text = (path / "README.md").read_text()
    for heading in ("What it reads", "What it writes", "Configuration", "Limits", "Example"):
        assert f"## {heading}" in text, f"{path.name}/README.md lacks the heading {heading!r}"
    assert (path / "sample.toml").exists()


def test_paths_of_the_docs_exist() -> None:
    for word in ("adapters/hydria_csv", "hydria_plugin/forecasters/persistence.py", "hydria_plugin/stores"):
        assert (ROOT / word).exists(), f"docs/plugins.md points to {word}, which is not there"
