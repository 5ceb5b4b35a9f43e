"""What is written in which order, and what is refused."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from pki_publishers import layout, render, sync
from pki_publishers.layout import Class
from pki_publishers.release import PublicObject, Release
from pki_publishers.sync import Published, Regression

STEM = "ca-00000000"
CRL = layout.crl_path(STEM)
CHAIN = layout.crl_chain_path(STEM)


def crl(body=b"new", number=5):
    return PublicObject(CRL, body, Class.STATUS, "crl/ca", number)


def held(one):
    return Published(one.digest, one.number)


def test_phases_follow_the_classes_and_objects_their_paths():
    objects = [
        PublicObject("status.json", b"p", Class.POINTER, "status"),
        PublicObject("svc/b", b"s", Class.SET, "b"),
        PublicObject("svc/a", b"s", Class.SET, "a"),
        crl(),
        PublicObject(layout.aia_path(STEM), b"a", Class.AUTHORITY, "authority"),
    ]
    batch = sync.arrange(Release(tuple(objects)), {})
    assert [[one.path for one in phase] for phase in batch.phases] == [
        [layout.aia_path(STEM)],
        [CRL],
        ["svc/b", "svc/a"],
        ["status.json"],
    ]


@pytest.mark.parametrize(
    ("named", "naming"),
    [
        (layout.staple_path("t", "s", "c"), layout.current_path("t", "s", "c")),
        (layout.part_page_path("t", "s"), layout.tenant_page_path("t")),
        (layout.tenant_page_path("t"), layout.INDEX_PATH),
        (layout.CALENDAR_PATH, layout.INDEX_PATH),
    ],
)
def test_within_a_phase_what_is_named_comes_first(named, naming):
    objects = (PublicObject(path, b"", Class.POINTER, "u") for path in (naming, named))
    [phase] = sync.arrange(Release(tuple(objects)), {}).phases
    assert [one.path for one in phase] == [named, naming]


def test_what_is_there_is_not_written_again():
    batch = sync.arrange(Release((crl(),)), {CRL: held(crl())})
    assert (batch.phases, batch.unchanged, batch.refused) == ((), 1, ())


@pytest.mark.parametrize("number", [4, 5])
def test_a_crl_never_goes_back_nor_changes_under_its_number(number):
    batch = sync.arrange(Release((crl(b"other", number),)), {CRL: held(crl(number=5))})
    assert batch.refused == (Regression(CRL, "crl/ca", number, 5),)
    assert batch.phases == ()


def test_a_higher_number_replaces():
    batch = sync.arrange(Release((crl(b"other", 6),)), {CRL: held(crl())})
    assert batch.phases == ((crl(b"other", 6),),)


def test_an_answer_may_change_within_its_second_but_not_go_back():
    """A revocation right after a refresh has the same thisUpdate."""
    path = layout.answer_path(STEM, "1f", "sha1")
    there = {path: Published("0" * 64, 100)}
    same = PublicObject(path, b"revoked", Class.STATUS, "answer", 100)
    older = PublicObject(path, b"older", Class.STATUS, "answer", 99)
    assert sync.arrange(Release((same,)), there).phases == ((same,),)
    assert sync.arrange(Release((older,)), there).refused


def test_a_unit_with_a_refused_object_is_held_back_whole_and_no_other():
    chain = PublicObject(CHAIN, b"chain", Class.STATUS, "crl/ca", 4)
    other = PublicObject("status.json", b"{}", Class.POINTER, "status")
    batch = sync.arrange(Release((crl(b"old", 4), chain, other)), {CRL: held(crl())})
    assert [one.path for phase in batch.phases for one in phase] == ["status.json"]
    assert batch.held == {CRL, CHAIN}


def test_one_path_has_one_object():
    with pytest.raises(ValueError, match="rendered twice"):
        sync.arrange(Release((crl(b"a"), crl(b"b"))), {})


def test_the_same_object_twice_is_one():
    assert sync.arrange(Release((crl(), crl())), {}).phases == ((crl(),),)


def test_publishing_and_arranging_again_leaves_nothing(estate):
    objects = (
        *render.render_crl(
            estate.issuing.with_crl(number=9), chain=[estate.root.with_crl(number=1)]
        ),
        *render.render_authority(estate.issuing.issued, issuers=[]),
    )
    there = {one.path: held(one) for one in objects}
    assert sync.arrange(Release(objects), there).phases == ()


def test_what_is_published_can_be_told_from_its_bytes(estate):
    """After the ledger was lost, the published files themselves keep numbers from going back."""
    objects = (
        *render.render_crl(
            estate.issuing.with_crl(number=9), chain=[estate.root.with_crl(number=1)]
        ),
        *render.render_answers(STEM, [estate.issuing.answer(estate.leaf, "sha256")]),
        *render.render_authority(estate.issuing.issued, issuers=[]),
        *render.render_certificate(
            estate.leaf,
            chain=[estate.issuing.issued, estate.root.issued],
            staple=estate.issuing.answer(estate.leaf, "sha1"),
            commit="c",
            renew_at=None,
        ),
    )
    assert [sync.observed(one.path, one.body) for one in objects] == [held(one) for one in objects]


def test_unreadable_bytes_have_no_number():
    assert sync.observed(CRL, b"torn").number == 0


def test_a_crl_that_forgets_a_revocation_is_told(estate):
    before = estate.issuing.sign_crl(number=1, revoked=[3, 4, 5])
    after = estate.issuing.sign_crl(number=2, revoked=[4, 6])
    assert sync.entries_lost(before, after, may_leave=lambda entry: entry.serial == 3) == (5,)


def test_who_may_leave_is_told_by_the_entry_itself(estate, now):
    """Its date and whether it was a hold: a ledger that was put back may know another one."""
    hold = x509.CRLReason(x509.ReasonFlags.certificate_hold)
    before = estate.issuing.sign_crl(number=1, revoked=[3, (4, hold)], at=now)
    seen = []
    sync.entries_lost(before, estate.issuing.sign_crl(number=2), may_leave=seen.append)
    assert sorted(seen, key=lambda entry: entry.serial) == [
        sync.Listed(3, now, on_hold=False),
        sync.Listed(4, now, on_hold=True),
    ]


def test_what_was_there_for_ever_does_not_become_a_hold(estate):
    hold = x509.CRLReason(x509.ReasonFlags.certificate_hold)
    before = estate.issuing.sign_crl(number=1, revoked=[3, (4, hold)])
    after = estate.issuing.sign_crl(number=2, revoked=[(3, hold), (4, hold)])
    lost = sync.entries_lost(before, after, may_leave=lambda _: True, holds=[3, 4])
    assert lost == (3,)


def test_a_complete_crl_loses_nothing(estate, now):
    before = estate.issuing.sign_crl(number=1, revoked=[3])
    after = estate.issuing.sign_crl(number=2, revoked=[3, 4], at=now, until=now + timedelta(days=1))
    assert sync.entries_lost(before, after, may_leave=lambda _: False) == ()


def test_a_chain_loses_no_entry_of_any_level(estate):
    """Nginx reads the chain; a root CRL without its entry in there un-revokes a CA."""

    def chain(*crls: bytes) -> bytes:
        parts = (x509.load_der_x509_crl(crl) for crl in crls)
        return b"".join(part.public_bytes(serialization.Encoding.PEM) for part in parts)

    issuing = estate.issuing.sign_crl(number=1, revoked=[3])
    before = chain(issuing, estate.root.sign_crl(number=1, revoked=[9]))
    after = chain(issuing, estate.root.sign_crl(number=2, revoked=[3]))
    assert sync.entries_lost(before, after, may_leave=lambda _: False) == (9,)
