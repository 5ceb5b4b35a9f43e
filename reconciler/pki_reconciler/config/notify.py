"""``[[notify]]``: who is told of what changed its state, read as strictly as the rest."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from pki_reconciler.config.settings import (
    AppriseSettings,
    ChannelSettings,
    MailSettings,
    WebhookSettings,
)
from pki_reconciler.config.sheet import Place, Sheet, Table
from pki_schema.errors import FieldError, Severity
from pki_schema.fields import Name

_COMMON: Final = frozenset({"name", "kind", "only"})
_KEYS: Final = {
    "webhook": _COMMON | {"url", "url_file", "secret_file", "ca_file"},
    "smtp": _COMMON
    | {"host", "port", "security", "from", "to", "user", "password_file", "ca_file"},
    "apprise": _COMMON | {"url_file"},
}
_PORTS: Final = {"starttls": 587, "ssl": 465, "plain": 25}
LONGEST_URL: Final = 2_048
_HOST: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9A-Fa-f:]{2,45}")
# Narrower than RFC 5321 section 4.1.2 allows: no quoting, nothing that a header could break at.
_MAILBOX: Final = re.compile(r"[A-Za-z0-9._%+=/-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251})")


def url_fault(url: str) -> str:
    """Why a webhook is not sent there, or an empty text. It does not show the URL, a secret."""
    if not re.fullmatch(rf"https?://[!-~]{{1,{LONGEST_URL}}}", url):
        return "is no http or https URL in ASCII"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "has no host and port that can be read"
    if "@" in parts.netloc:
        return "carries a password"
    if not _HOST.fullmatch(host) or port == 0:
        return "has no host and port that can be read"
    return "has a fragment" if "#" in url else ""


def channels(sheet: Sheet) -> tuple[ChannelSettings, ...]:
    """The channels in the file's order, as far as they could be read."""
    tables = sheet.several("notify", frozenset[str]().union(*_KEYS.values()))
    found = tuple(one for nth, table in enumerate(tables) for one in _channel(sheet, nth, table))
    names = [one.name for one in found]
    for nth, name in enumerate(names):
        if name and name in names[:nth]:
            place = Place("notify", "name", nth)
            sheet.report(place, "PKI2310", f"another channel is called {name}")
    return found


def secrets(settings: ChannelSettings) -> Iterator[tuple[str, Path]]:
    """The files of a channel that nobody else may read, by key."""
    for key in ("url_file", "secret_file", "password_file"):
        path = getattr(settings, key, None)
        if path:
            yield key, path


def _channel(sheet: Sheet, nth: int, table: Table) -> Iterator[ChannelSettings]:
    """One of a kind that there is; nothing else can be said of another."""
    place = Place("notify", "kind", nth)
    kind = sheet.word(place, table)
    if kind in _KEYS:
        known = sheet.known(Place("notify", nth=nth), table, _KEYS[kind])
        yield _READ[kind](_Entry(sheet, nth, known))
    elif kind:
        hint = f"use one of: {', '.join(sorted(_KEYS))}"
        sheet.report(place, "PKI2304", f"kind {kind[:80]!r} is none", hint)


@dataclass(frozen=True)
class _Entry:
    """One table of ``[[notify]]``, being read."""

    sheet: Sheet
    nth: int
    table: Table

    def place(self, key: str) -> Place:
        return Place("notify", key, self.nth)

    def fault(self, key: str, message: str, hint: str = "") -> None:
        self.sheet.report(self.place(key), "PKI2310", message, hint)

    def word(self, key: str, default: str | None = None) -> str:
        return self.sheet.word(self.place(key), self.table, default)

    def file(self, key: str) -> Path | None:
        return self.sheet.path_at(self.place(key), self.table) if key in self.table else None

    def words(self, key: str) -> list[str]:
        """A list of lines of text, not an empty one; anything else is reported."""
        written = self.table.get(key)
        if written is None:
            self.word(key)  # which reports that it is missing
            return []
        if isinstance(written, list) and written and all(isinstance(one, str) for one in written):
            return written
        self.sheet.report(self.place(key), "PKI2304", f"{key} is a list of texts")
        return []

    def name(self) -> Name:
        word = self.word("name")
        try:
            return Name.parse(word) if word else Name("")
        except FieldError as error:
            self.sheet.report(self.place("name"), error.code, error.message, error.hint)
            return Name("")

    def only(self) -> frozenset[Severity]:
        if "only" not in self.table:
            return frozenset(Severity)
        words = self.words("only")
        for word in words:
            if word not in set(Severity):
                hint = f"use some of: {', '.join(Severity)}"
                self.fault("only", f"{word[:80]!r} is no severity", hint)
        return frozenset(one for one in Severity if one in words)


def _webhook(entry: _Entry) -> WebhookSettings:
    url = entry.word("url") if "url" in entry.table else ""
    if ("url" in entry.table) == ("url_file" in entry.table):
        hint = "name the file in url_file where the URL itself is a secret"
        entry.fault("url", "a webhook needs url or url_file, and not both", hint)
    fault = url_fault(url) if url else ""
    if fault:
        entry.fault("url", f"url {fault}", "write e.g. https://alerts.vcc.internal/hooks/pki")
    if url.startswith("http:") and "ca_file" in entry.table:
        entry.fault("ca_file", "ca_file needs a URL with https")
    return WebhookSettings(
        name=entry.name(),
        only=entry.only(),
        url=url,
        url_file=entry.file("url_file"),
        secret_file=entry.file("secret_file"),
        ca_file=entry.file("ca_file"),
    )


def _mail(entry: _Entry) -> MailSettings:
    security = entry.word("security", "starttls")
    if security and security not in _PORTS:
        hint = f"use one of: {', '.join(_PORTS)}"
        entry.fault("security", f"{security[:80]!r} is no security of SMTP", hint)
    host = entry.word("host")
    if host and not _HOST.fullmatch(host):
        entry.fault("host", f"host {host[:80]!r} is neither a name nor an address")
    if ("user" in entry.table) != ("password_file" in entry.table):
        entry.fault("user", "a login needs both user and password_file")
    if "user" in entry.table and security == "plain":
        hint = "use security starttls or ssl, or take the login out"
        entry.fault("security", "a password would cross the network in the clear", hint)
    return MailSettings(
        name=entry.name(),
        only=entry.only(),
        host=host,
        port=_port(entry, security),
        security=security,
        sender=_mailbox(entry, "from", entry.word("from")),
        recipients=tuple(_mailbox(entry, "to", one) for one in entry.words("to")),
        user=entry.word("user") if "user" in entry.table else "",
        password_file=entry.file("password_file"),
        ca_file=entry.file("ca_file"),
    )


def _apprise(entry: _Entry) -> AppriseSettings:
    url_file = entry.sheet.path_at(entry.place("url_file"), entry.table)
    return AppriseSettings(name=entry.name(), only=entry.only(), url_file=url_file)


def _port(entry: _Entry, security: str) -> int:
    port: object = entry.table.get("port", _PORTS.get(security, 25))
    if isinstance(port, int) and not isinstance(port, bool) and 0 < port < 65536:
        return port
    entry.sheet.report(entry.place("port"), "PKI2304", "port must be a number from 1 to 65535")
    return 25


def _mailbox(entry: _Entry, key: str, word: str) -> str:
    if word and not _MAILBOX.fullmatch(word):
        entry.fault(key, f"{word[:80]!r} is no mail address", "write e.g. pki@vcc.internal")
    return word


_READ: Final[Mapping[str, Callable[[_Entry], ChannelSettings]]] = {
    "webhook": _webhook,
    "smtp": _mail,
    "apprise": _apprise,
}
