"""One conversation with the mail server: encrypted and verified unless the admin says otherwise."""

from __future__ import annotations

import smtplib
import ssl
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import EmailMessage

from hydria_plugin import FeedError, Secret


class Rejected(FeedError):
    """The server will never take this mail for this reader (5xx)."""


@dataclass(frozen=True, slots=True)
class Server:
    """``security``: "starttls", "tls" or "none"; ``ca``: a file of certificates to trust instead of the usual ones."""

    host: str
    port: int
    security: str
    user: str
    password: Secret | None
    ca: str
    timeout_s: float
    own_name: str  # how we introduce ourselves

    @property
    def place(self) -> str:
        return f"mail server {self.host}:{self.port}"

    @contextmanager
    def opened(self) -> Iterator[smtplib.SMTP]:
        """A connection that may send. Raises FeedError."""
        try:
            connection = self._connected()
        except (OSError, smtplib.SMTPException) as error:
            raise FeedError(f"{self.place}: {self._said(error)}") from None
        try:
            yield connection
        finally:
            with suppress(OSError, smtplib.SMTPException):
                connection.quit()

    def send(self, connection: smtplib.SMTP, mail: EmailMessage, sender: str, to: str) -> None:
        """Raises Rejected where the server will never take it, FeedError where it may later."""
        try:
            connection.sendmail(sender, [to], mail.as_bytes())
        except smtplib.SMTPRecipientsRefused as error:
            code, said = error.recipients[to]
            raise self._refusal(code, said, f"for {to}") from None
        except smtplib.SMTPSenderRefused as error:
            raise FeedError(f"{self.place}: does not take mail from {sender}: {self._said(error)}") from None
        except smtplib.SMTPResponseException as error:
            raise self._refusal(error.smtp_code, error.smtp_error, f"for {to}") from None
        except (OSError, smtplib.SMTPException) as error:
            raise FeedError(f"{self.place}: {self._said(error)}") from None

    def _connected(self) -> smtplib.SMTP:
        context = None if self.security == "none" else ssl.create_default_context(cafile=self.ca or None)
        if self.security == "tls":
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                self.host, self.port, self.own_name, timeout=self.timeout_s, context=context
            )
        else:
            connection = smtplib.SMTP(self.host, self.port, self.own_name, timeout=self.timeout_s)
        try:
            if self.security == "starttls":
                connection.starttls(context=context)
            if self.password is not None:
                connection.login(self.user, self.password.reveal())
        except BaseException:
            connection.close()
            raise
        return connection

    def _refusal(self, code: int, said: bytes | str, about: str) -> FeedError:
        text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
        message = self._concealed(f"{self.place}: {code} {about}: {' '.join(text.split())[:300]}")
        return Rejected(message) if 500 <= code < 600 else FeedError(message)

    def _said(self, error: Exception) -> str:
        """What went wrong, with a remedy where there is one; without the password."""
        text = self._concealed(" ".join(f"{type(error).__name__}: {error}".split())[:400])
        if isinstance(error, smtplib.SMTPAuthenticationError):
            return f"refuses user and password ({text})"
        if isinstance(error, smtplib.SMTPNotSupportedError):
            return f"{text}; allowed for security: tls, starttls, or none within a trusted network"
        if isinstance(error, ssl.SSLError):
            return f"its certificate or encryption is refused ({text}); ca names a file of certificates to trust"
        return text

    def _concealed(self, text: str) -> str:
        """Nor the forms in which the password travels."""
        if self.password is None:
            return text
        held = self.password.reveal()
        forms = (f"\0{self.user}\0{held}", held)
        for form in forms:
            text = Secret(b64encode(form.encode()).decode()).concealed(text)
        return self.password.concealed(text)
