"""Everything else, through the library ``apprise`` of the extra ``notify``."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pki_reconciler.daemon.channels.channel import Undelivered
from pki_reconciler.daemon.notices import Notice
from pki_schema.errors import Severity, WorldFailed

_TYPES = {Severity.ERROR: "failure", Severity.WARNING: "warning", Severity.NOTICE: "info"}


def library() -> Any:
    """The module, found when it is first needed. Raises ``WorldFailed`` without it."""
    try:
        return importlib.import_module("apprise")
    except ImportError:
        raise WorldFailed(
            "[[notify]] of kind apprise needs the library apprise, which is not installed",
            "install vcc-pki[notify], or use kind webhook or smtp",
        ) from None


@dataclass(frozen=True, kw_only=True)
class Others:
    """``receivers`` are an ``apprise.Apprise`` for each address."""

    name: str
    only: frozenset[Severity]
    receivers: Sequence[Any] = field(repr=False)

    def send(self, notice: Notice) -> str:
        """Arrived is what one receiver took: the others must not make it come again and again."""
        kind = _TYPES[notice.severity]
        took = [
            one.notify(body=notice.text, title=notice.title, notify_type=kind, body_format="text")
            for one in self.receivers
        ]
        if not any(took):
            raise Undelivered("no receiver took it")
        return "" if all(took) else f"{took.count(False)} of {len(took)} receivers did not take it"


def others(
    name: str,
    urls: Sequence[str],
    *,
    only: frozenset[Severity],
    load: Callable[[], Any] = library,
) -> Others:
    """A channel to these addresses, which are secrets. Raises ``WorldFailed`` if one is none."""
    apprise = load()
    # It logs by the standard library, where unheard warnings go to stderr with parts of addresses.
    log = logging.getLogger("apprise")
    if log.propagate:
        log.addHandler(logging.NullHandler())
        log.propagate = False
    receivers = [apprise.Apprise() for _ in urls]
    for number, (receiver, url) in enumerate(zip(receivers, urls, strict=True), start=1):
        if not receiver.add(url):
            raise WorldFailed(
                f"address {number} of [[notify]] {name} is none that apprise knows",
                "write one a line, e.g. mailtos://…, matrixs://…, ntfys://…",
            )
    return Others(name=name, only=only, receivers=receivers)
