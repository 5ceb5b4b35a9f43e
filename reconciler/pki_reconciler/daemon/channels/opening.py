"""From settings to channels. Secrets are read when they are needed, so that one that is missing or
was renewed needs no restart, and none lies about in memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pki_reconciler.config.notify import url_fault
from pki_reconciler.config.private_files import read_secret
from pki_reconciler.config.settings import (
    AppriseSettings,
    ChannelSettings,
    Config,
    MailSettings,
    WebhookSettings,
)
from pki_reconciler.daemon.channels.channel import Channel, Undelivered
from pki_reconciler.daemon.channels.connecting import trusting
from pki_reconciler.daemon.channels.mail import Mail
from pki_reconciler.daemon.channels.others import others
from pki_reconciler.daemon.channels.webhook import Webhook
from pki_reconciler.daemon.notices import Notice
from pki_schema.errors import Severity, WorldFailed


@dataclass(frozen=True, kw_only=True)
class Configured:
    """A channel as ``vcc-pki.toml`` sets it."""

    settings: ChannelSettings
    environ: Mapping[str, str]

    @property
    def name(self) -> str:
        return str(self.settings.name)

    @property
    def only(self) -> frozenset[Severity]:
        return self.settings.only

    def fault(self) -> str:
        """Why it could not send anything now, as far as files tell; mostly empty."""
        try:
            _open(self.settings, self.environ)
        except WorldFailed as failure:
            return _sentence(failure)
        return ""

    def send(self, notice: Notice) -> str:
        """As the channel does."""
        try:
            channel = _open(self.settings, self.environ)
        except WorldFailed as failure:
            raise Undelivered(_sentence(failure)) from None
        return channel.send(notice)


def configured(config: Config, environ: Mapping[str, str]) -> tuple[Configured, ...]:
    """Every channel that is set, whether it could work or not: nothing shall wait for them."""
    return tuple(Configured(settings=one, environ=environ) for one in config.notify)


def _open(settings: ChannelSettings, environ: Mapping[str, str]) -> Channel:
    match settings:
        case WebhookSettings():
            return _webhook(settings, environ)
        case MailSettings():
            return _mail(settings, environ)
        case AppriseSettings():
            lines = _text(settings.url_file, environ).splitlines()
            urls = [line.strip() for line in lines if line.strip() and line[0] != "#"]
            return others(str(settings.name), urls, only=settings.only)
    raise TypeError(f"no channel for {type(settings).__name__}")


def _webhook(settings: WebhookSettings, environ: Mapping[str, str]) -> Webhook:
    url = settings.url
    if settings.url_file:
        url = _text(settings.url_file, environ)
        fault = url_fault(url)
        if fault:
            raise WorldFailed(f"what {settings.url_file} says {fault}", "write one URL, one line")
    secret = read_secret(settings.secret_file, environ) if settings.secret_file else None
    return Webhook(
        name=str(settings.name),
        only=settings.only,
        url=url,
        secret=secret,
        tls=trusting(settings.ca_file),
    )


def _mail(settings: MailSettings, environ: Mapping[str, str]) -> Mail:
    file = settings.password_file
    password = _text(file, environ) if file else ""
    if not password.isascii() or not password.isprintable():
        raise WorldFailed(f"the password in {file} is not of printable ASCII", "choose another")
    return Mail(
        name=str(settings.name),
        only=settings.only,
        host=settings.host,
        port=settings.port,
        security=settings.security,
        tls=trusting(settings.ca_file),
        sender=settings.sender,
        recipients=settings.recipients,
        login=(settings.user, password) if file else None,
    )


def _text(file: Path, environ: Mapping[str, str]) -> str:
    try:
        return read_secret(file, environ).decode()
    except UnicodeDecodeError:
        raise WorldFailed(f"{file} is not UTF-8") from None


def _sentence(failure: WorldFailed) -> str:
    return "; ".join(filter(None, (failure.message, failure.remedy)))
