"""The host's settings as values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from pki_schema.errors import Severity
from pki_schema.fields import Name


@dataclass(frozen=True, kw_only=True)
class RepositorySettings:
    """The repository with the desired state.

    ``url`` is as git takes it (a local one is an absolute ``file://`` URL), ``branch`` the
    protected branch without ``refs/heads/``, ``path`` the folder inside the repository (POSIX,
    ``.`` for its root).
    """

    url: str
    branch: str = "main"
    path: str = "."


@dataclass(frozen=True, kw_only=True)
class StatePaths:
    """Where the host keeps what Git must not know; all absolute. ``clone`` is the bare clone."""

    ledger: Path
    keys: Path
    offline_keys: Path
    cache: Path
    clone: Path
    passphrase_file: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Target:
    """The folder a declared ``Publication`` is written to."""

    publication: Name
    directory: Path


@dataclass(frozen=True, kw_only=True)
class DaemonSettings:
    """How ``run`` behaves.

    ``listen`` is the address for probes, metrics and webhooks (host, port), ``None`` for none.
    ``webhook_secret_file`` holds what the forge signs its calls with; without it none is taken.
    """

    poll: timedelta = timedelta(seconds=60)
    listen: tuple[str, int] | None = None
    webhook_secret_file: Path | None = None


@dataclass(frozen=True, kw_only=True)
class ChannelSettings:
    """Who is told of what changed: ``only`` are the severities it hears of."""

    name: Name
    only: frozenset[Severity] = frozenset(Severity)


@dataclass(frozen=True, kw_only=True)
class WebhookSettings(ChannelSettings):
    """A POST to ``url``, or to what stands in ``url_file``; signed if there is a ``secret_file``.

    ``ca_file`` are the roots it is trusted by; the system's without one.
    """

    url: str = ""
    url_file: Path | None = None
    secret_file: Path | None = None
    ca_file: Path | None = None


@dataclass(frozen=True, kw_only=True)
class MailSettings(ChannelSettings):
    """SMTP; ``security`` is ``starttls``, ``ssl`` or ``plain``."""

    host: str
    port: int
    security: str
    sender: str
    recipients: tuple[str, ...]
    user: str = ""
    password_file: Path | None = None
    ca_file: Path | None = None


@dataclass(frozen=True, kw_only=True)
class AppriseSettings(ChannelSettings):
    """Whatever the addresses in ``url_file`` mean to the library apprise."""

    url_file: Path


@dataclass(frozen=True, kw_only=True)
class Config:
    """One host's settings. ``revocations`` is the repository-wide limit for 24 hours, if any.

    ``weak_key_lists`` are files of keys that are never certified, see ``weak_keys``. ``leap`` is
    how far the clock may be beyond all that was due before it is doubted.
    """

    repository: RepositorySettings
    state: StatePaths
    targets: tuple[Target, ...] = ()
    revocations: int | None = None
    weak_key_lists: tuple[Path, ...] = ()
    daemon: DaemonSettings = DaemonSettings()
    notify: tuple[ChannelSettings, ...] = ()
    leap: timedelta = timedelta(hours=72)
