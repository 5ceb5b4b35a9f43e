"""What single records do, seen through a reader."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from pki_reconciler.ledger import records
from pki_schema.desired import Identity, responder_identity
from pki_schema.instants import to_epoch
from pki_schema.issued import CertificateState, DueWork

DAY = 86_400


def due(world: Any, identity: Identity) -> dict[DueWork, Any]:
    return {d.work: d.at for d in world.ledger.reader.subject(identity).due}


def test_an_intent_is_no_certificate(world: Any, make: SimpleNamespace) -> None:
    """Until its result is recorded it is open, and nothing else shows it."""
    root = world.authority("root")
    meaning = make.service("a")
    item = world.linted(meaning, issuer=root, serial=0xAB)
    world.ledger.intend([item], at=world.now, commit="c1", plan="p1")
    reader = world.ledger.reader
    [intent] = reader.open_intents()
    assert (intent.record.serial, intent.record.meaning) == ("ab", meaning)
    assert intent.record.tbs == item.unsigned.tbs
    assert reader.certificate(root, 0xAB) is None
    assert reader.certificates_of(meaning.subject) == ()
    assert reader.der(root, 0xAB) is None


def test_an_issued_certificate(world: Any, make: SimpleNamespace) -> None:
    """All that was said with the intent, and the DER said with the result."""
    root = world.authority("root")
    meaning = make.service("a")
    [serial] = world.issue(meaning, issuer=root)
    reader = world.ledger.reader
    certificate = reader.certificate(root, serial)
    assert certificate.der == reader.der(root, serial) == f"certificate {serial:x}".encode()
    assert certificate.subject == meaning.subject
    assert certificate.spec == meaning.profile.digest()
    assert certificate.state is CertificateState.VALID
    assert certificate.not_after == world.now + timedelta(days=90)
    assert reader.open_intents() == ()
    assert reader.certificates_of(meaning.subject) == (certificate,)


def test_big_serials_survive(world: Any, make: SimpleNamespace) -> None:
    """20 octets, more than any database's integer (RFC 5280 section 4.1.2.2)."""
    root = world.authority("root")
    serial = 2**158 + 1
    item = world.linted(make.service("a"), issuer=root, serial=serial)
    world.ledger.intend([item], at=world.now, commit="c", plan="p")
    world.append(records.CertificateIssued(issuer=root, serial=f"{serial:x}", der=b"x"))
    assert world.ledger.reader.certificate(root, serial).serial == serial


def test_a_burnt_serial_is_on_the_crl(world: Any, make: SimpleNamespace) -> None:
    """With the time it was burnt and no reason that an RFC does not know; there is no DER."""
    root = world.authority("root")
    world.crl(root, 1)
    item = world.linted(make.service("a"), issuer=root, serial=7)
    world.ledger.intend([item], at=world.now, commit="c", plan="p")
    world.append(records.SerialBurnt(issuer=root, serial="7", reason="nobody wants it any more"))
    [burnt] = world.ledger.reader.revoked(root)
    assert (burnt.serial, burnt.state, burnt.reason) == (7, CertificateState.BURNT, "")
    assert burnt.revoked_at == world.now
    assert world.ledger.reader.certificate(root, 7).der == b""
    assert world.touched().crls_due == (root,)


def test_what_expired_may_be_left_out_of_a_crl(world: Any, make: SimpleNamespace) -> None:
    root = world.authority("root")
    short = make.service("a", profile={"duration": DAY})
    first, second = world.issue(short, make.service("b"), issuer=root)
    world.revoke(root, first, second)
    world.later(days=2)
    world.append(records.CertificateExpired(issuer=root, serial=f"{first:x}"))
    reader = world.ledger.reader
    assert [c.serial for c in reader.revoked(root)] == [first, second]
    assert [c.serial for c in reader.revoked(root, ending_after=world.now)] == [second]
    assert reader.certificate(root, first).state is CertificateState.REVOKED


def test_an_older_certificate_is_revoked_alone(world: Any, make: SimpleNamespace) -> None:
    """The subject's current one is none of its business."""
    root = world.authority("root")
    meaning = make.service("a")
    world.accept("c1", meanings=(meaning,))
    [old] = world.issue(meaning, issuer=root)
    [new] = world.issue(meaning, issuer=root)
    renewal = due(world, meaning.subject)
    world.revoke(root, old)
    subject = world.ledger.reader.subject(meaning.subject)
    assert (subject.current.serial, subject.current.state) == (new, CertificateState.VALID)
    assert due(world, meaning.subject) == renewal
    assert world.touched().subjects == ()


def test_adopting_moves_the_renewal(world: Any, make: SimpleNamespace) -> None:
    """By the new meaning and the certificate there is; 0 ends it."""
    root = world.authority("root")
    meaning = make.service("a", renew_before=30 * DAY)
    world.accept("c1", meanings=(meaning,))
    world.issue(meaning, issuer=root)
    end = world.now + timedelta(days=90)
    world.append(
        records.MeaningAdopted(meaning=make.service("a", renew_before=10 * DAY), commit="c")
    )
    [at] = due(world, meaning.subject).values()
    assert end - timedelta(days=11) < at <= end - timedelta(days=10)
    world.append(records.MeaningAdopted(meaning=make.service("a", renew_before=0), commit="c"))
    assert due(world, meaning.subject) == {}


def test_adopting_does_not_put_off_a_revocation(world: Any, make: SimpleNamespace) -> None:
    """A CRL that is due because of a revocation stays due when its schedule changes."""
    root = world.authority("root", refresh=DAY)
    world.crl(root, 1)
    [serial] = world.issue(make.service("a"), issuer=root)
    world.revoke(root, serial)
    changed = make.authority("root", refresh=7 * DAY)
    world.append(records.MeaningAdopted(meaning=changed, commit="c"))
    assert world.touched().crls_due == (root,)
    world.crl(root, 2)
    world.later(days=6)
    assert world.touched().crls_due == ()


@pytest.mark.parametrize(("refresh", "due_then"), [(DAY // 2, True), (2 * DAY, False)])
def test_a_changed_refresh_counts_from_the_last_crl(
    world: Any, make: SimpleNamespace, refresh: int, due_then: bool
) -> None:
    root = world.authority("root", refresh=DAY)
    world.crl(root, 1)
    changed = make.authority("root", refresh=refresh)
    world.append(records.MeaningAdopted(meaning=changed, commit="c"))
    world.later(days=1)
    assert bool(world.touched().crls_due) is due_then


def test_presigning_begins_and_ends_with_the_settings(world: Any, make: SimpleNamespace) -> None:
    """Turned on, every living certificate needs an answer, except those that need none."""
    root = world.authority("root")
    plain = make.service("a")
    exempt = make.service("b", profile={"ocsp_no_check": True})
    serial, _ = world.issue(plain, exempt, issuer=root)
    on = make.authority("root", ocsp="presigned")
    world.append(records.MeaningAdopted(meaning=on, commit="c"))
    found = world.touched().answers_due
    assert {c.serial for c in found} == {serial, root_serial(world, root)}
    world.append(records.MeaningAdopted(meaning=make.authority("root"), commit="c"))
    assert world.touched().answers_due == ()


def root_serial(world: Any, root: str) -> int:
    return int(world.ledger.reader.authorities()[root].certificate.serial)


def test_keys_have_owners(world: Any, make: SimpleNamespace) -> None:
    """A service's key belongs to whom it was certified for last; a block is for ever."""
    root = world.authority("root")
    responder = responder_identity("root", 1)
    world.append(
        records.KeyRecorded(
            spki=b"key of r", algorithm="P-256", purpose="responder", owner=responder
        )
    )
    world.issue(make.service("a"), issuer=root)
    keys = world.ledger.reader.keys()
    by_owner = {key.owner: key for key in keys}
    service = by_owner[make.service("a").subject]
    assert service.purpose == "service"
    assert by_owner[responder].purpose == "responder"
    assert world.ledger.reader.keys_of(responder) == (b"key of r",)
    world.append(records.KeyBlocked(spki=service.spki, revocation="r"))
    world.issue(make.service("b", profile={"spki": b"key of a"}), issuer=root)
    keys = world.ledger.reader.keys()
    [again] = [key for key in keys if key.spki == service.spki]
    assert again.blocked == "r"
    assert again.owner == make.service("b").subject
    assert world.ledger.reader.is_blocked(service.spki)


def test_an_unscheduled_crl_keeps_the_schedule_of_the_last(world: Any) -> None:
    """``regular_at`` is the last scheduled thisUpdate: entries leave after one *regular* CRL."""
    root = world.authority("root")
    world.crl(root, 1)
    scheduled = world.now
    world.later(hours=5)
    world.crl(root, 2, regular=False)
    crl = world.ledger.reader.crl(root)
    assert (crl.number, crl.this_update, crl.regular_at) == (2, world.now, scheduled)


def test_a_batch_is_closed_once(world: Any) -> None:
    [intent] = world.append(
        records.AnswersIntended(
            issuer="aa", signer="r", content_digest="d", count=1, plan="p", commit="c"
        )
    )
    world.append(records.BatchAbandoned(intent=intent))
    with pytest.raises(Exception, match="not open"):
        world.append(records.BatchAbandoned(intent=intent))


def test_the_end_of_a_ca_is_the_end_of_its_crls(world: Any, make: SimpleNamespace) -> None:
    root = world.authority("root", duration=10 * DAY)
    serial = root_serial(world, root)
    world.later(days=10, seconds=1)
    assert world.touched().crls_due == (root,)
    world.append(records.CertificateExpired(issuer=root, serial=f"{serial:x}"))
    assert world.touched().crls_due == ()


def test_a_renewed_ca_keeps_its_key_and_crls(world: Any, make: SimpleNamespace) -> None:
    """The same key, another certificate: the same issuer, and its CRL is not due because of it."""
    root = world.authority("root")
    world.crl(root, 1)
    [serial] = world.issue(make.authority("root"), issuer=root)
    authorities = world.ledger.reader.authorities()
    assert list(authorities) == [root]
    assert authorities[root].certificate.serial == serial
    assert (authorities[root].last_number, authorities[root].parent) == (1, root)
    assert world.touched().crls_due == ()


def test_references_are_followed_backwards(world: Any, make: SimpleNamespace) -> None:
    """All that may mean something else when an object changes, directly or through others."""
    template = make.facts("CertificateTemplate", "child", refs=(template_ref("base"),))
    service = make.facts("Service", "a", tenant="vcc", refs=(template_ref("child"),))
    world.accept("c1", objects=(template, service, make.facts("CertificateTemplate", "base")))
    reader = world.ledger.reader
    assert reader.referrers([template_ref("base")]) == {template.identity, service.identity}
    assert reader.referrers([service.identity]) == frozenset()
    world.accept("c2", objects=(make.facts("Service", "a", tenant="vcc"),))
    assert reader.referrers([template_ref("base")]) == {template.identity}
    world.accept("c3", removed=(template.identity,))
    assert reader.referrers([template_ref("base")]) == frozenset()


def template_ref(name: str) -> Identity:
    return Identity("CertificateTemplate", "", name)


def test_objects_by_path(world: Any, make: SimpleNamespace) -> None:
    """A file may hold several; what was removed is in none."""
    first = make.facts("Service", "a", tenant="vcc", path="all.yaml")
    second = make.facts("Service", "b", tenant="vcc", path="all.yaml")
    world.accept("c1", objects=(first, second))
    reader = world.ledger.reader
    assert [row.facts for row in reader.by_path("all.yaml")] == [first, second]
    world.accept("c2", removed=(first.identity,))
    assert [row.identity for row in reader.objects(paths=["all.yaml"])] == [second.identity]
    assert list(reader.facts([first.identity, second.identity])) == [second.identity]
    assert len(reader.object_rows()) == 1


def test_revocation_dates_are_kept(world: Any, make: SimpleNamespace) -> None:
    root = world.authority("root")
    [serial] = world.issue(make.service("a"), issuer=root)
    world.append(
        records.Revoked(
            issuer=root,
            serial=f"{serial:x}",
            revoked_at=to_epoch(world.now),
            reason="keyCompromise",
            invalidity_date=to_epoch(world.now) - DAY,
            cause="git",
        )
    )
    [revoked] = world.ledger.reader.revoked(root)
    assert revoked.reason == "keyCompromise"
    assert revoked.invalidity_date == world.now - timedelta(days=1)
