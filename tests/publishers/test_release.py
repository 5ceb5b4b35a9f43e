"""Published bytes tell their own age, and are named by their own digest."""

import hashlib
from datetime import timedelta

from msgspec import structs

from pki_publishers import layout, render
from pki_publishers.layout import Class
from pki_publishers.release import Age, PublicObject, age


def test_a_digest_is_that_of_the_bytes_whatever_is_said():
    made = PublicObject("a", b"one", Class.SET, "unit", digest="0" * 64)
    other = structs.replace(made, body=b"two")
    assert made.digest == hashlib.sha256(b"one").hexdigest()
    assert other.digest == hashlib.sha256(b"two").hexdigest()


def test_the_same_bytes_stand_elsewhere_under_the_same_digest():
    made = PublicObject("a", b"one", Class.SET, "unit", 7)
    assert made.at("b", "other") == PublicObject("b", b"one", Class.SET, "other", 7)
    assert (made.path, made.unit) == ("a", "unit")


def test_a_chain_of_crls_is_as_fresh_as_the_one_that_ends_first(estate, now):
    """And it was last modified when its newest CRL was made; its number is its own CA's."""
    issuing = estate.issuing.with_crl(number=9, at=now, until=now + timedelta(days=7))
    root = estate.root.with_crl(
        number=4, at=now - timedelta(days=30), until=now + timedelta(days=2)
    )
    _, chain = render.render_crl(issuing, chain=[root])
    assert age(chain.path, chain.body) == Age(now, now + timedelta(days=2), 9)


def test_an_answer_is_numbered_by_its_this_update(estate, now):
    answer = estate.issuing.answer(estate.leaf, "sha1")
    path = layout.staple_path("vcc", "api", "web")
    assert age(path, answer.der) == Age(now, now + timedelta(days=4), int(now.timestamp()))


def test_torn_bytes_have_no_age(estate):
    crl = estate.issuing.with_crl(number=9).crl.der
    for path in ("crl/a-00000000.crl", "crl/a-00000000.chain.pem", "svc/a/b/c/staple.der"):
        assert [age(path, body) for body in (b"", b"torn", crl[:-1])] == [None] * 3


def test_what_has_no_dates_has_no_age(estate):
    assert age("aia/a-00000000.cer", estate.issuing.issued.certificate.der) is None
