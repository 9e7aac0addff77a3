"""What may follow what in the ledger: a bulletin stands above a failure, a failure above a skipped step."""

from __future__ import annotations

from hydria_plugin import Bulletin, StoreError

from .documents import plain

BULLETIN_ENDS = ("issued", "degraded")
OTHER_ENDS = ("failed", "skipped")
LONGEST_REASON = 500  # characters: ten thousand stations without a forecast have one reason, not ten thousand


def bulletin_end(bulletin: Bulletin) -> tuple[str, str]:
    """The end that a bulletin brings, and why it is not the full one."""
    why = bulletin.degraded
    return ("degraded" if why else "issued"), plain(shortened(why))


def shortened(reasons: tuple[str, ...]) -> str:
    """The first reasons that fit, and how many there are besides."""
    text = ""
    for i, reason in enumerate(reasons):
        if text and len(text) + len(reason) > LONGEST_REASON:
            return f"{text}; and {len(reasons) - i} more"
        text = f"{text}; {reason}" if text else reason[: 2 * LONGEST_REASON]
    return text


def replaces(new: str, old: str | None) -> bool:
    """Whether the end ``new`` (failed or skipped) may take the place of ``old`` (None: no line yet)."""
    if new not in OTHER_ENDS:
        raise StoreError(f"a step ends as {' or '.join(OTHER_ENDS)}, or with a bulletin, not as {new!r}")
    return old in (None, "running") or (new == "failed" and old in OTHER_ENDS)


def may_begin(old: str | None) -> bool:
    """A step that has its bulletin stays issued while a revision is tried."""
    return old not in BULLETIN_ENDS
