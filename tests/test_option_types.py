"""Options of another kind than their factory names are told in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from hydria_plugin import PluginError, Secret, hookimpl
from hydria_plugin.option_types import kind_fault
from hydria_plugin.plugins import load_plugins


@pytest.mark.parametrize(
    ("annotation", "right", "wrong", "words"),
    [
        ("str", "a", 1, "must be a text"),
        ("int", 2.0, 2.5, "must be a whole number"),
        ("int | None", 3, True, "must be a whole number"),
        ("float", 2, "2", "must be a number"),
        ("float", float("nan"), False, "must be a number"),
        ("bool", False, 0, "must be true or false"),
        ("Sequence[str]", ["a"], "a", "must be a list, each a text"),
        ("Sequence[str] | None", [], ["a", 1], "must be a list, each a text"),
        ("str | Sequence[str]", "a", {"a": 1}, "must be a text or a list, each a text"),
        ("Mapping[str, float] | None", {"a": 1}, {"a": "1"}, "must be a table, each value a number"),
        ("Mapping[str, Sequence[int]]", {"a": [1]}, {"a": 1}, "each value a list, each a whole number"),
        ("collections.abc.Sequence[str]", ("a",), 1, "must be a list"),
        (str, "a", [], "must be a text"),
    ],
)
def test_kinds(annotation: object, right: Any, wrong: Any, words: str) -> None:
    assert kind_fault("o", annotation, right) == ""
    assert words in kind_fault("o", annotation, wrong)


@pytest.mark.parametrize(
    "annotation", ["Any", "Words | None", "Callable[[], int]", "<class 'x'>", "dict", "Literal['a']"]
)
def test_what_is_not_known_takes_all(annotation: str) -> None:
    assert all(kind_fault("o", annotation, value) == "" for value in (1, "a", [], {}, None))


def test_a_long_value_is_cut() -> None:
    assert len(kind_fault("o", "str", ["x" * 10_000])) < 120


class Made:
    def __init__(
        self, *, path: str, names: Mapping[str, str] | None = None, days: Sequence[int] = (), key: Secret | None = None
    ):
        self.path = path

    def write(self, bulletin: object) -> None: ...


class Plugin:
    @hookimpl
    def hydria_sinks(self) -> Mapping[str, Any]:
        return {"made": Made}


def test_all_of_them_at_once_and_no_secret() -> None:
    registry = load_plugins(extra=[Plugin()], points=[])
    with pytest.raises(PluginError) as refused:
        registry.build(
            "sink", "made", {"path": 0.5, "names": ["a"], "days": [1, "b"], "key": [{"deep": "hidden-word"}]}
        )
    told = str(refused.value)
    for words in (
        "path = 0.5 must be a text",
        "names = ['a'] must be a table",
        "days = [1, 'b'] must be a list",
        "key must",
    ):
        assert f"sink 'made': {words}" in told
    assert "hidden-word" not in told
    assert registry.build("sink", "made", {"path": "p", "names": {"a": "b"}, "days": [1]}).path == "p"
