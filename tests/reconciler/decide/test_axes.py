"""Each axis of one object: Sync against Git, Health against the clock, Delivery on its way."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pki_reconciler.decide import axes
from pki_schema.desired import Identity
from pki_schema.issued import CertificateState, Standing
from pki_schema.planned import Held
from pki_schema.reported import Delivery, Health, SliceStatus, Sync
from tests.fakes import EPOCH as NOW

DAY = timedelta(days=1)
WEB = Identity("Certificate", "vcc", "web/default")
HELD = Held(code="PKI6001", message="too many", remedy="fewer", origin=None, actions=())
FAULTY = SliceStatus(tenant="vcc", commit="b" * 40, since="a" * 40)


def standing(**more: object) -> Standing:
    """Declared, done, issued and due for renewal in thirty days."""
    usual = {
        "identity": WEB,
        "declared": True,
        "done": True,
        "serial": "1f",
        "not_before": NOW - 60 * DAY,
        "not_after": NOW + 60 * DAY,
        "renew_at": NOW + 30 * DAY,
    }
    return Standing(**{**usual, **more})


@pytest.mark.parametrize(
    ("of", "held", "faulty", "expected"),
    [
        ({}, None, None, (Sync.SYNCED, "")),
        ({"done": False}, None, None, (Sync.OUT_OF_SYNC, "")),
        ({"declared": False}, None, FAULTY, (Sync.SYNCED, "not declared")),
        ({"declared": False, "pending": True}, None, None, (Sync.OUT_OF_SYNC, "needs its CSR")),
        ({"suspended": True}, None, None, (Sync.SYNCED, "suspended by its author")),
        ({"done": False}, HELD, None, (Sync.HELD, "PKI6001: too many")),
        ({"held_by": ("stolen",)}, HELD, FAULTY, (Sync.HELD, "revoked by stolen")),
        ({}, None, FAULTY, (Sync.INVALID, "its slice has errors in commit bbbbbbbbbbbb")),
    ],
)
def test_sync_says_how_it_stands_to_git_and_what_is_in_the_way(of, held, faulty, expected):
    assert axes.sync(standing(**of), held, faulty) == expected


@pytest.mark.parametrize(
    ("of", "health", "word"),
    [
        ({}, Health.HEALTHY, ""),
        ({"renew_at": NOW}, Health.EXPIRING, "renewal was due 2026-11-23T12:00:00Z"),
        ({"not_after": NOW}, Health.EXPIRED, "ended 2026-11-23T12:00:00Z"),
        ({"state": CertificateState.REVOKED, "not_after": NOW}, Health.REVOKED, ""),
        ({"serial": "", "not_after": None}, Health.PENDING, "not issued yet"),
        ({"suspended": True}, Health.SUSPENDED, ""),
        ({"declared": False, "retired": True}, Health.RETIRED, "no longer declared"),
    ],
)
def test_health_follows_the_certificate_and_the_clock(of, health, word):
    assert axes.certificate_health(standing(**of), None, NOW) == (health, word)


def test_stale_revocation_data_of_the_issuer_degrades_what_it_signed():
    issuer = (Health.DEGRADED, "CRL ended 2026-11-22T12:00:00Z")
    health, why = axes.certificate_health(standing(), issuer, NOW)
    assert health is Health.DEGRADED
    assert why == "of its issuer: CRL ended 2026-11-22T12:00:00Z"


def test_what_nobody_reports_is_unknown_and_not_good():
    found = {
        one.type: one
        for one in axes.conditions(Sync.SYNCED, "", Health.HEALTHY, "", Delivery.PUBLISHED, True)
    }
    assert [found[t].status for t in ("Synced", "Healthy", "Published")] == ["True"] * 3
    assert [found[t].status for t in ("Fetched", "Served")] == ["Unknown"] * 2
    assert found["Served"].message == "nobody has reported it"


@pytest.mark.parametrize(
    ("delivery", "issued", "reason"),
    [
        (Delivery.PUBLISHED, True, "Written"),
        (Delivery.NONE, True, "Waiting"),
        (Delivery.NONE, False, "NotIssued"),
    ],
)
def test_published_says_what_it_waits_for(delivery, issued, reason):
    assert axes.published(delivery, issued).reason == reason
