"""Mail over SMTP: plain text, UTF-8."""

from __future__ import annotations

import io
import smtplib
import socket
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Final

from pki_reconciler.daemon.channels.channel import PATIENCE, Undelivered
from pki_reconciler.daemon.channels.connecting import connected
from pki_reconciler.daemon.notices import Notice
from pki_schema.errors import Severity

MOST_ANSWERED: Final = 65_536
"""Octets of answers in one session."""


@dataclass(frozen=True, kw_only=True)
class Mail:
    """``security`` is ``starttls``, ``ssl`` or ``plain``; it is never less than that."""

    name: str
    only: frozenset[Severity]
    host: str
    port: int
    security: str
    tls: ssl.SSLContext
    sender: str
    recipients: tuple[str, ...]
    login: tuple[str, str] | None = field(default=None, repr=False)
    patience: float = PATIENCE

    def send(self, notice: Notice) -> str:
        """Arrived is what the server took for one recipient; the remark says if not for all."""
        message = letter(notice, sender=self.sender, recipients=self.recipients)
        tls = self.tls if self.security == "ssl" else None
        with connected(self.host, self.port, tls=tls, seconds=self.patience) as channel:
            try:
                refused = self._deliver(channel, message)
            except smtplib.SMTPException as error:
                raise _undelivered(error) from None
        return f"{len(refused)} of {len(self.recipients)} recipients refused" if refused else ""

    def _deliver(self, channel: socket.socket, message: EmailMessage) -> Mapping[str, object]:
        # Its own name is not looked up: that may hang, too.
        own_name = self.sender.rpartition("@")[2]
        client = _Client(lambda: channel, self.host, self.port, own_name)
        try:
            if self.security == "starttls":
                client.starttls(context=self.tls)
            if self.login:
                client.login(*self.login)
            refused = client.send_message(message, self.sender, self.recipients)
            with suppress(smtplib.SMTPException, OSError):
                client.quit()  # it has taken the mail; how it says good-bye is its own business
            return refused
        finally:
            client.close()


def letter(notice: Notice, *, sender: str, recipients: tuple[str, ...]) -> EmailMessage:
    """The mail. Its headers are one line each, whatever is told."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = ", ".join(recipients)
    title = "".join(c if c.isprintable() else " " for c in notice.title)
    message["Subject"] = f"[VCC-PKI] {title[:200]}"
    message["Date"] = notice.at
    message["Message-ID"] = f"<{notice.identifier}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834 section 5: no replies, please
    message.set_content(notice.text, charset="utf-8", cte="quoted-printable")
    return message


class _Client(smtplib.SMTP):
    """smtplib over a connection that is there already, and with an end to what it reads."""

    def __init__(
        self, channel: Callable[[], socket.socket], host: str, port: int, own_name: str
    ) -> None:
        self._channel = channel
        super().__init__(host, port, local_hostname=own_name)

    def _get_socket(self, host: str, port: int, timeout: object) -> socket.socket:
        return self._channel()

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock is not None:
            self.file = _Capped(self.sock.makefile("rb"))
        return super().getreply()


class _Capped(io.BufferedIOBase):
    """A stream that fails when it does not end."""

    def __init__(self, stream: io.BufferedIOBase) -> None:
        self._stream = stream
        self._left = MOST_ANSWERED

    def readline(self, size: int | None = -1, /) -> bytes:
        line = self._stream.readline(size)
        self._left -= len(line)
        if self._left < 0:
            raise OSError("too long an answer")
        return line

    def close(self) -> None:
        self._stream.close()
        super().close()


def _undelivered(error: smtplib.SMTPException) -> Undelivered:
    """By the code alone: the text is the server's, and may repeat what it was told."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _ in error.recipients.values()]
        return Undelivered("every recipient was refused", lasting=min(codes, default=0) >= 500)
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return Undelivered("the server offers no such security or login", lasting=True)
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return Undelivered(f"the login is refused ({error.smtp_code})", lasting=True)
    if isinstance(error, smtplib.SMTPResponseException):
        return Undelivered(f"answers {error.smtp_code}", lasting=error.smtp_code >= 500)
    return Undelivered("the server ended the session")
