"""Mail as it goes out: headers, plain text, HTML and the picture within. Made again it is the same, byte for byte."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

import numpy as np

from .content import Content, one_line
from .picture import Picture
from .words import TEXT

LONGEST_SUBJECT = 180
POLICY = policy.SMTP.clone(cte_type="7bit", utf8=False)  # what every server on the way takes


@dataclass(frozen=True, slots=True)
class Thread:
    """The mails of one event: each knows the first and the one before it."""

    pipeline: str
    event: str
    domain: str

    def identity(self, name: str) -> str:
        """A Message-ID that is the same for the same mail, and no other's."""
        own = hashlib.sha256("\0".join([self.pipeline, self.event, name]).encode()).hexdigest()[:32]
        return f"<{own}@{self.domain}>"

    def before(self, name: str, sequence: int) -> tuple[str, ...]:
        """The first mail of the event and the one before ``name``."""
        earlier = [self.identity(alert_name(n)) for n in (0, sequence - 1) if n >= 0]
        return tuple(dict.fromkeys(one for one in earlier if one != self.identity(name)))


def alert_name(sequence: int) -> str:
    return f"{sequence:05d}"


def letter(
    content: Content,
    picture: Picture | None,
    *,
    sender: Address,
    to: str,
    identity: str,
    references: Sequence[str],
    sent: np.datetime64,
    is_urgent: bool,
) -> EmailMessage:
    """One mail to one reader."""
    mail = EmailMessage(policy=POLICY)
    mail["From"] = sender
    mail["To"] = to
    mail["Subject"] = one_line(content.subject)[:LONGEST_SUBJECT]
    mail["Date"] = format_datetime(datetime.fromtimestamp(int(sent.astype("datetime64[s]").astype(np.int64)), UTC))
    mail["Message-ID"] = identity
    if references:
        mail["In-Reply-To"] = references[-1]
        mail["References"] = " ".join(references)
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail["Content-Language"] = content.language
    if is_urgent:
        mail["Importance"] = "high"
        mail["X-Priority"] = "1"
    is_inline = picture is not None and picture.is_inline
    attached = TEXT[content.language]["attached"] if picture is not None and not is_inline else ""
    mail.set_content(content.text + (f"\n{attached}\n" if attached else ""), cte="quoted-printable")
    image = f"hydrograph.{identity.strip('<>')}" if is_inline else ""
    mail.add_alternative(content.html(image), subtype="html", cte="quoted-printable")
    if picture is not None:
        _with_picture(mail, picture, image)
    _settle(mail, identity)
    return mail


def _with_picture(mail: EmailMessage, picture: Picture, image: str) -> None:
    """Within the HTML where it can be shown there, else attached."""
    name = f"hydrograph.{picture.ending}"
    if not image:
        mail.add_attachment(picture.content, maintype="image", subtype=picture.subtype, filename=name)
        return
    html = mail.get_body(("html",))
    assert isinstance(html, EmailMessage), "it was added just before"
    html.add_related(
        picture.content, maintype="image", subtype=picture.subtype, cid=f"<{image}>", filename=name,
        disposition="inline",
    )  # fmt: skip


def _settle(mail: EmailMessage, identity: str) -> None:
    """Boundaries that do not change from one making to the next; no header of a part that says it again."""
    for number, part in enumerate(mail.walk()):
        if part.is_multipart():
            part.set_boundary(f"=_{hashlib.sha256(f'{identity} {number}'.encode()).hexdigest()[:32]}")
