"""A CRL lists everything that is revoked, for as long as anybody may ask."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from pki_reconciler.decide.build import CrlEntry, build_crl, entries_for, next_number
from pki_schema.issued import CertificateState

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def built(issuer, world, *entries, **changes):
    values = {"number": 5, "now": world.now, "regular": True}
    return build_crl(issuer, entries=entries, **values | changes)


def read(unsigned):
    return x509.load_der_x509_crl(unsigned.draft)


def test_the_bytes_to_be_signed_are_those_of_the_draft(services, world):
    unsigned = built(services, world)
    assert read(unsigned).tbs_certlist_bytes == unsigned.tbs
    assert unsigned.signer == unsigned.facts.issuer == services.spki


def test_it_is_of_now_and_for_the_declared_time(services, world):
    """Not backdated: it would claim a past that it does not know."""
    crl = read(built(services, world))
    assert crl.last_update_utc == world.now
    assert crl.next_update_utc == world.now + 7 * DAY


def test_it_ends_with_its_issuer(services, world):
    late = services.not_after - HOUR
    assert read(built(services, world, now=late)).next_update_utc == services.not_after


def test_an_empty_crl_has_no_list(services, world):
    assert list(read(built(services, world))) == []
    assert b"\x30\x00" not in built(services, world).tbs[-60:]


def test_entries_are_sorted_by_serial(services, world):
    entries = [CrlEntry(serial, world.now) for serial in (9, 3, 7)]
    assert [e.serial_number for e in read(built(services, world, *entries))] == [3, 7, 9]


def test_an_entry_says_when_why_and_since_when(services, world):
    entry = CrlEntry(9, world.now - HOUR, "keyCompromise", world.now - DAY)
    (found,) = read(built(services, world, entry))
    assert found.revocation_date_utc == world.now - HOUR
    reason = found.extensions.get_extension_for_class(x509.CRLReason).value.reason
    assert reason is x509.ReasonFlags.key_compromise
    date = found.extensions.get_extension_for_class(x509.InvalidityDate).value
    assert date.invalidity_date_utc == world.now - DAY


@pytest.mark.parametrize("reason", ["", "unspecified"])
def test_unspecified_is_said_by_saying_nothing(services, world, reason):
    (found,) = read(built(services, world, CrlEntry(9, world.now, reason)))
    assert len(found.extensions) == 0


def test_nothing_is_removed_from_a_full_crl(services, world):
    with pytest.raises(ValueError, match="removes nothing"):
        built(services, world, CrlEntry(9, world.now, "removeFromCRL"))


def test_extensions_are_identifier_and_number_only(services, world):
    extensions = read(built(services, world)).extensions
    assert [(e.oid, e.critical) for e in extensions] == [
        (x509.AuthorityKeyIdentifier.oid, False),
        (x509.CRLNumber.oid, False),
    ]


def test_a_crl_that_keeps_expired_certificates_says_since_when(services, world):
    """Since the issuer began, in GeneralizedTime (X.509 section 9.5.2.8)."""
    keeping = world.with_crl(services, keep_expired=True)
    extension = read(built(keeping, world)).extensions.get_extension_for_oid(
        x509.ObjectIdentifier("2.5.29.60")
    )
    written = services.not_before.strftime("%Y%m%d%H%M%SZ").encode()
    assert extension.value.value == b"\x18\x0f" + written


def test_revoked_and_burnt_serials_are_listed(world):
    at = world.now - DAY
    certificates = [
        world.issued(3, not_after=world.now + DAY),
        world.issued(2, state=CertificateState.REVOKED, revoked_at=at, reason="superseded"),
        world.issued(1, state=CertificateState.BURNT, not_before=at),
    ]
    found = entries_for(certificates, previous_regular=None, keep_expired=False)
    assert found == (CrlEntry(1, at), CrlEntry(2, at, "superseded"))


def test_a_revoked_certificate_stays_when_it_is_marked_as_expired(world):
    expired = world.issued(2, state=CertificateState.EXPIRED, revoked_at=world.now)
    assert entries_for([expired], previous_regular=None, keep_expired=True)


@pytest.mark.parametrize(
    ("regular_after_end", "keep", "listed"),
    [
        (-HOUR, False, True),
        (timedelta(0), False, True),
        (HOUR, False, False),
        (HOUR, True, True),
    ],
)
def test_an_expired_entry_leaves_after_one_more_regular_crl(world, regular_after_end, keep, listed):
    """RFC 5280 section 3.3; with keepExpired never."""
    end = world.now - DAY
    revoked = world.issued(2, state=CertificateState.REVOKED, revoked_at=end, not_after=end)
    found = entries_for([revoked], previous_regular=end + regular_after_end, keep_expired=keep)
    assert bool(found) is listed


@pytest.mark.parametrize(
    ("last", "floor", "number"),
    [
        (0, 0, 1_000_000_000),
        (1_000_000_000, 0, 1_000_000_001),
        (5_000_000_000, 0, 5_000_000_001),
        (0, 9_000_000_000, 9_000_000_000),
    ],
)
def test_numbers_grow_with_time_the_last_one_and_the_floor(last, floor, number):
    assert next_number(datetime.fromtimestamp(1_000_000_000, UTC), last, floor) == number
