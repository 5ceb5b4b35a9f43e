"""From a report to pages. All that is inserted is escaped; nothing is fetched from anywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from pki_publishers import layout
from pki_publishers.layout import Class
from pki_publishers.page import UNIT, attention, expiry, tree
from pki_publishers.page.stories import stories
from pki_publishers.page.tenants import Part, Service, Tenant
from pki_publishers.release import PublicObject
from pki_schema import instants
from pki_schema.instants import Instant
from pki_schema.reported import Health, Report, Sync

MOST_NAMED: Final = 20
"""Troubled services that an overview names; the rest is counted."""

_GOOD, _WARN, _BAD, _CALM = "good", "warn", "bad", "calm"
_TONES: Final[Mapping[str, tuple[str, str]]] = {
    Health.HEALTHY: (_GOOD, "✓"),
    Health.EXPIRING: (_WARN, "▲"),
    Health.DEGRADED: (_WARN, "▲"),
    Health.EXPIRED: (_BAD, "✕"),
    Health.REVOKED: (_BAD, "✕"),
    Health.ON_HOLD: (_WARN, "■"),
    Health.PENDING: (_WARN, "…"),
    Health.SUSPENDED: (_CALM, "–"),
    Health.RETIRED: (_CALM, "–"),
    Sync.SYNCED: (_GOOD, "✓"),
    Sync.OUT_OF_SYNC: (_WARN, "▲"),
    Sync.HELD: (_WARN, "■"),
    Sync.INVALID: (_BAD, "✕"),
    Sync.UNKNOWN: (_CALM, "?"),
}


def index(report: Report, tenants: tuple[Tenant, ...]) -> PublicObject:
    """The overview: what to do, tenants, CAs, what ends and what comes next."""
    agenda = groupby(expiry.agenda(report), lambda one: one.day)
    return _page(
        layout.INDEX_PATH,
        "index.html",
        root="",
        report=report,
        tasks=attention.tasks(report),
        troubled=[(one, one.troubled) for one in tenants if one.troubled],
        tenants=tenants,
        authorities=tree.hierarchy(report.authorities),
        weeks=expiry.strip(report),
        agenda=[(day_, list(entries)) for day_, entries in agenda],
        most=MOST_NAMED,
    )


def tenant(one: Tenant, now: Instant) -> PublicObject:
    """A tenant: its sums, and each service's story, or where the parts with them are."""
    told = "" if one.parts else _stories(one.services, root="../")
    return _page(
        one.path, "tenant.html", root="../", now=now, tenant=one, stories=told, most=MOST_NAMED
    )


def part(of: Tenant, one: Part, now: Instant) -> PublicObject:
    """Some of a large tenant's services, each with its story."""
    told = _stories(one.services, root="../../")
    return _page(one.path, "part.html", root="../../", now=now, tenant=of, part=one, stories=told)


def _stories(services: Sequence[Service], *, root: str) -> str:
    """Rendered apart: of thousands of rows each would else pass through the page's own layers."""
    told = [(one.name, stories(one, root=root)) for one in services]
    return _environment().get_template("stories.html").render(root=root, services=told)


def _page(path: str, template: str, **content: object) -> PublicObject:
    body = _environment().get_template(template).render(content)
    return PublicObject(path, body.encode(), Class.POINTER, UNIT)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    """The templates are a part of this program, as its modules are."""
    environment = Environment(
        loader=PackageLoader("pki_publishers.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {"minute": minute, "day": day, "badge": badge, "count": count}
    return environment


_MINUTE: Final = Markup('<time datetime="{0}">{1} {2}</time>')
_DAY: Final = Markup('<time datetime="{0}">{1}</time>')
_BADGE: Final = Markup('<span class="badge {0}"><span aria-hidden="true">{1}</span> {2}</span>')


@lru_cache(maxsize=4_096)  # many certificates have an instant in common
def minute(at: Instant | None) -> str:
    """An instant for people and for programs; all are UTC."""
    text = instants.render(at) if at else ""
    return _MINUTE.format(text, text[:10], text[11:16]) if text else "–"


@lru_cache(maxsize=4_096)
def day(at: Instant | None) -> str:
    """Its day alone; the instant stays for programs."""
    text = instants.render(at) if at else ""
    return _DAY.format(text, text[:10]) if text else "–"


@lru_cache(maxsize=64)
def badge(word: Health | Sync) -> str:
    """A word with a sign and a colour: each of the three says the same."""
    tone, sign = _TONES[word]
    return _BADGE.format(tone, sign, str(word))


def count(number: int, noun: str) -> str:
    """``1 certificate``, ``2,000 certificates``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
