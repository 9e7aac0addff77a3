"""A text that is not to be seen: a password, a token, an address that holds one."""

from __future__ import annotations

from typing import NoReturn

HIDDEN = "***"


class Secret:
    """Holds a text that no ``repr``, log, error or dump shows; :meth:`reveal` gives it to whom it is meant for.

    A factory's parameter annotated ``Secret`` is an option whose value must come from the environment or a file
    (``"${NAME}"``); the house makes the Secret of it.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text. Put it nowhere but where it is asked for."""
        return self._text

    def concealed(self, text: str) -> str:
        """``text`` with every mention of the secret replaced: for messages that others wrote."""
        return text.replace(self._text, HIDDEN) if self._text else text

    def __repr__(self) -> str:
        return f"Secret({HIDDEN})"

    def __str__(self) -> str:
        return HIDDEN

    def __format__(self, form: str) -> str:
        return HIDDEN

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled: give it anew where it is needed")
