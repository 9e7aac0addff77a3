"""Whether an option is of the kind that its factory names: a text where a text is wanted. Factories check values;
without this each would have to check kinds as well, or fail with a sentence that no admin can use.

Only plain kinds are judged (text, number, true or false, lists and tables of them); any other annotation takes all.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

Judge = Callable[[Any], bool]
SHOWN = 60
WORDS = {"str": "a text", "int": "a whole number", "float": "a number", "bool": "true or false", "Secret": "a secret"}
LISTS, TABLES = ("Sequence", "list", "tuple"), ("Mapping", "dict")


def kind_fault(option: str, annotation: object, value: Any) -> str:
    """What is wrong with the kind of ``value``, in a sentence; "" where nothing is, or it cannot be told."""
    node = parsed(annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation)))
    if node is None or fits(node, value):
        return ""
    shown = repr(value)
    short = shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}..."
    return f"{option} = {short} must be {wanted(node)}"


@lru_cache(maxsize=500)
def parsed(annotation: str) -> ast.expr | None:
    try:
        return ast.parse(annotation, mode="eval").body
    except SyntaxError:  # <class '...'>
        return None


def fits(node: ast.expr, value: Any) -> bool:
    match node:
        case ast.BinOp(left=left, right=right):
            return fits(left, value) or fits(right, value)
        case ast.Constant(value=None):
            return value is None
        case ast.Name(id=name) if name in WORDS:
            return of_kind(name, value)
        case ast.Subscript(value=outer, slice=inner) if last(outer) in LISTS:
            parts = inner.elts[:1] if isinstance(inner, ast.Tuple) else [inner]
            return isinstance(value, list | tuple) and all(fits(part, one) for part in parts for one in value)
        case ast.Subscript(value=outer, slice=ast.Tuple(elts=[_, inner])) if last(outer) in TABLES:
            return isinstance(value, Mapping) and all(fits(inner, one) for one in value.values())
    return True


def of_kind(name: str, value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    match name:
        case "str":
            return isinstance(value, str)
        case "bool":
            return isinstance(value, bool)
        case "float":
            return is_number
        case "int":
            return is_number and float(value).is_integer()
    return isinstance(value, str) or type(value).__name__ == "Secret"


def wanted(node: ast.expr) -> str:
    """In words."""
    match node:
        case ast.BinOp(left=left, right=right):
            either = [wanted(one) for one in (left, right) if not is_none(one)]
            return " or ".join(either)
        case ast.Name(id=name):
            return WORDS.get(name, name)
        case ast.Subscript(value=outer, slice=inner) if last(outer) in LISTS:
            return f"a list, each {wanted(inner)}"
        case ast.Subscript(value=outer, slice=ast.Tuple(elts=[_, inner])) if last(outer) in TABLES:
            return f"a table, each value {wanted(inner)}"
    return ast.unparse(node)


def is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def last(node: ast.expr) -> str:
    """The name after the last full stop."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
