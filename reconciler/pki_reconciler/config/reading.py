"""From a file to ``Config``: strict, and all problems at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import combinations
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import quote

from pki_reconciler.config.notify import channels, secrets
from pki_reconciler.config.remotes import branch_fault, carries_password, protocol_of
from pki_reconciler.config.settings import (
    Config,
    DaemonSettings,
    RepositorySettings,
    StatePaths,
    Target,
)
from pki_reconciler.config.sheet import Place, Sheet, Table, parse_sheet
from pki_schema.errors import FieldError, Position, Problem, in_reading_order
from pki_schema.fields import Duration, Name

LARGEST_FILE: Final = 64 * 1024
LONGEST_POLL: Final = Duration(86_400)
SHORTEST_LEAP: Final = Duration(3_600)
LONGEST_LEAP: Final = Duration(366 * 86_400)
VARIABLE: Final = "VCC_PKI_CONFIG"
FILE_NAME: Final = "vcc-pki.toml"

_TABLES: Final = frozenset(
    {"repository", "state", "limits", "target", "lint", "daemon", "notify", "clock"}
)
_REPOSITORY: Final = frozenset({"url", "branch", "path"})
_STATE: Final = frozenset({"ledger", "keys", "offline_keys", "passphrase_file", "cache", "clone"})
_LIMITS: Final = frozenset({"revocations"})
_LINT: Final = frozenset({"weak_key_lists"})
_DAEMON: Final = frozenset({"poll", "listen", "webhook_secret_file"})
_CLOCK: Final = frozenset({"leap"})
_TARGET: Final = frozenset({"publication", "directory"})


class ConfigRefused(Exception):
    """The author's error of this file: ``problems`` are all there are, in reading order."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def find_config(option: Path | None, environ: Mapping[str, str]) -> Path:
    """``--config FILE``, else ``VCC_PKI_CONFIG``, else ``vcc-pki.toml`` in the current folder."""
    return option or Path(environ.get(VARIABLE) or FILE_NAME)


def load_config(path: Path) -> Config:
    """Read and check a configuration file; raises ``ConfigRefused`` with every problem in it."""
    sheet = parse_sheet(path, _read(path))
    if isinstance(sheet, Problem):
        raise ConfigRefused((sheet,))
    config = _config(sheet)
    if not sheet.problems:
        _check_apart(sheet, config)
    if sheet.problems:
        raise ConfigRefused(in_reading_order(sheet.problems))
    return config


def _read(path: Path) -> str:
    """The file's text, capped before anything is parsed."""
    try:
        with path.open("rb") as stream:
            data = stream.read(LARGEST_FILE + 1)
    except OSError as error:
        hint = f"name the file with --config FILE or {VARIABLE}"
        raise _refusal(path, f"cannot be read: {error.strerror}", hint) from None
    if len(data) > LARGEST_FILE:
        raise _refusal(path, "is larger than 64 KiB")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise _refusal(path, "is not UTF-8") from None


def _refusal(path: Path, message: str, hint: str = "") -> ConfigRefused:
    return ConfigRefused((Problem(Position(str(path)), "PKI2301", message, hint),))


def _config(sheet: Sheet) -> Config:
    """The settings as far as they could be read; empty values stand for what is reported."""
    for name in sheet.tables.keys() - _TABLES:
        hint = f"use one of: {', '.join(sorted(_TABLES))}"
        sheet.report(Place(name), "PKI2302", f"unknown table or key {name[:80]!r}", hint)
    return Config(
        repository=_repository(sheet),
        state=_state(sheet),
        targets=tuple(
            _target(sheet, nth, table) for nth, table in enumerate(sheet.several("target", _TARGET))
        ),
        revocations=_revocations(sheet),
        weak_key_lists=_weak_key_lists(sheet),
        daemon=_daemon(sheet),
        notify=channels(sheet),
        leap=_leap(sheet),
    )


def _repository(sheet: Sheet) -> RepositorySettings:
    table = sheet.table("repository", _REPOSITORY)
    place = Place("repository", "branch")
    branch = sheet.word(place, table, "main")
    fault = branch_fault(branch) if branch else None
    if fault:
        sheet.report(place, "PKI2306", f"branch {branch[:80]!r} {fault}")
    place = Place("repository", "path")
    path = PurePosixPath(sheet.word(place, table, "."))
    if path.is_absolute() or ".." in path.parts:
        hint = "name a folder inside the repository, e.g. desired-state"
        sheet.report(place, "PKI2307", f"path {str(path)[:80]!r} leads out of it", hint)
    return RepositorySettings(url=_url(sheet, table), branch=branch, path=str(path))


def _url(sheet: Sheet, table: Table) -> str:
    """The URL for git. A refused one is not shown, as it may hold a password."""
    place = Place("repository", "url")
    url = sheet.word(place, table)
    if not url:
        return ""
    if carries_password(url):
        hint = "keep it in ~/.netrc, or use an ssh key"
        sheet.report(place, "PKI2305", "url carries a password", hint)
    elif protocol_of(url) is None:
        hint = "write a path, file:///srv/pki.git, https://host/pki.git or git@host:pki.git"
        sheet.report(place, "PKI2305", "url is of no kind that is allowed", hint)
    elif protocol_of(url) == "file" and not url.startswith("file://"):
        return "file://" + quote(str((sheet.folder / url).resolve()))
    return url


def _state(sheet: Sheet) -> StatePaths:
    table = sheet.table("state", _STATE)

    def path(key: str, default: Path | None = None) -> Path:
        return sheet.path_at(Place("state", key), table, default)

    ledger = path("ledger")
    return StatePaths(
        ledger=ledger,
        keys=path("keys"),
        offline_keys=path("offline_keys"),
        cache=path("cache", ledger.parent / "cache"),
        clone=path("clone", ledger.parent / "repository.git"),
        passphrase_file=path("passphrase_file") if "passphrase_file" in table else None,
    )


def _revocations(sheet: Sheet) -> int | None:
    limit: object = sheet.table("limits", _LIMITS).get("revocations")
    if limit is None:
        return None
    if isinstance(limit, int) and not isinstance(limit, bool) and 0 <= limit <= 1_000_000:
        return limit
    place = Place("limits", "revocations")
    sheet.report(place, "PKI2304", "revocations must be a number from 0 to 1000000")
    return None


def _weak_key_lists(sheet: Sheet) -> tuple[Path, ...]:
    written: object = sheet.table("lint", _LINT).get("weak_key_lists", [])
    if isinstance(written, list) and all(isinstance(one, str) and one for one in written):
        place = Place("lint", "weak_key_lists")
        return tuple(sheet.path_at(place, {place.key: one}) for one in written)
    sheet.report(Place("lint", "weak_key_lists"), "PKI2304", "weak_key_lists is a list of files")
    return ()


def _daemon(sheet: Sheet) -> DaemonSettings:
    table = sheet.table("daemon", _DAEMON)
    secret = Place("daemon", "webhook_secret_file")
    return DaemonSettings(
        poll=_poll(sheet, table),
        listen=_listen(sheet, table),
        webhook_secret_file=sheet.path_at(secret, table) if secret.key in table else None,
    )


def _poll(sheet: Sheet, table: Table) -> timedelta:
    place = Place("daemon", "poll")
    word = sheet.word(place, table, "60s")
    try:
        seconds = Duration.parse(word) if word else LONGEST_POLL
    except FieldError as error:
        sheet.report(place, error.code, error.message, error.hint)
        seconds = LONGEST_POLL
    if seconds > LONGEST_POLL:
        sheet.report(place, "PKI2304", "poll is longer than 1d", "write 60s or 5m")
    return timedelta(seconds=seconds)


def _leap(sheet: Sheet) -> timedelta:
    place = Place("clock", "leap")
    word = sheet.word(place, sheet.table("clock", _CLOCK), "72h")
    try:
        seconds = Duration.parse(word) if word else LONGEST_LEAP
    except FieldError as error:
        sheet.report(place, error.code, error.message, error.hint)
        seconds = LONGEST_LEAP
    if not SHORTEST_LEAP <= seconds <= LONGEST_LEAP:
        sheet.report(place, "PKI2304", "leap is not between 1h and 366d", "write 72h")
    return timedelta(seconds=seconds)


def _listen(sheet: Sheet, table: Table) -> tuple[str, int] | None:
    place = Place("daemon", "listen")
    if "listen" not in table:
        return None
    word = sheet.word(place, table)
    host, _, port = word.rpartition(":")
    if word and not (host and port.isascii() and port.isdigit() and int(port[:6]) < 65536):
        sheet.report(
            place, "PKI2304", f"listen {word[:80]!r} is no address", "write 127.0.0.1:9464"
        )
        return None
    return (host.strip("[]"), int(port)) if word else None


def _target(sheet: Sheet, nth: int, table: Table) -> Target:
    place = Place("target", "publication", nth)
    word = sheet.word(place, table)
    publication = Name(word)
    try:
        publication = Name.parse(word) if word else publication
    except FieldError as error:
        sheet.report(place, error.code, error.message, error.hint)
    directory = sheet.path_at(Place("target", "directory", nth), table)
    return Target(publication=publication, directory=directory)


def _check_apart(sheet: Sheet, config: Config) -> None:
    """Nothing secret may lie in a published folder, and no two things in one place."""
    state = config.state
    own = {
        "ledger": state.ledger,
        "keys": state.keys,
        "offline_keys": state.offline_keys,
        "cache": state.cache,
        "clone": state.clone,
    }
    if state.passphrase_file:
        own["passphrase_file"] = state.passphrase_file
    own = {key: path.resolve() for key, path in own.items()}
    for (one, here), (other, there) in combinations(own.items(), 2):
        if here == there:
            sheet.report(Place("state", other), "PKI2308", f"{one} and {other} are one place")
    public = [target.directory.resolve() for target in config.targets]
    for nth, folder in enumerate(public):
        place = Place("target", "directory", nth)
        if folder in public[:nth]:
            sheet.report(place, "PKI2308", "another target has this directory")
        for key, path in own.items():
            if path.is_relative_to(folder) or folder.is_relative_to(path):
                message = f"{key} would lie with what is published"
                sheet.report(place, "PKI2309", message, "keep published folders apart")
        for key, path in own_secrets(config):
            if path.resolve().is_relative_to(folder):
                message = f"{key} would be published"
                sheet.report(place, "PKI2309", message, "keep published folders apart")


def own_secrets(config: Config) -> Iterator[tuple[str, Path]]:
    """Files with secrets that have no place of their own below [state]."""
    if config.daemon.webhook_secret_file:
        yield "webhook_secret_file", config.daemon.webhook_secret_file
    for channel in config.notify:
        yield from secrets(channel)
