"""Promise 2: what is signed went through the linter, and its bytes are the signed bytes."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import pytest
from hypothesis import example, given

from pki_reconciler.chain import (
    CrlFacts,
    Finding,
    Intended,
    Linted,
    Rejected,
    Signed,
    Unsigned,
    lint,
    sign,
)
from pki_reconciler.decide.build import Issuer, build_crl
from pki_schema.errors import WorldFailed
from tests.properties.organisation import EVENTFUL, Nursery, Scene, Step, explored, histories
from tests.properties.witness import digest, entries, tbs_of


def published_contents(scene: Scene) -> dict[str, str]:
    """Digests of the to-be-signed bytes of everything published that is signed, by path."""
    found = {}
    for path, body in scene.public.items():
        if path.endswith((".crl", ".der", ".cer")):
            found[path] = digest(tbs_of(path, body))
        elif path.endswith("/cert.pem"):
            text = b"".join(body.splitlines()[1:-1])
            found[path] = digest(tbs_of(path, base64.b64decode(text)))
    return found


@explored(2)
@example(history=EVENTFUL)
@given(history=histories())
def test_what_is_published_is_what_was_intended(nursery: Nursery, history: list[Step]) -> None:
    """The signed part of every public certificate and CRL is, to the byte, one that went through
    the linter into an intent; and an intent needs what only the linter makes (see below).
    """
    with nursery.scene() as scene:
        scene.play(history, between=scene.reconcile)
        ledger = scene.world.ledger_path
        intended = {
            digest(base64.b64decode(entry.body["tbs"]))
            for entry in entries(ledger, "certificate-intended")
        } | {entry.body["tbs_digest"] for entry in entries(ledger, "crl-intended")}
        contents = published_contents(scene)
        assert len(contents) > 8
        answers = {p for p in contents if p.endswith(".der")}
        assert {p: d for p, d in contents.items() if d not in intended and p not in answers} == {}


def unsigned_crl(scene: Scene) -> Unsigned[CrlFacts]:
    with scene.world.reader() as reader:
        authority = next(a for a in reader.authorities().values() if a.name == "issuing")
    return build_crl(
        Issuer.of(authority),
        entries=(),
        number=authority.last_number + 1,
        now=scene.world.clock.now(),
        regular=True,
    )


def objecting(_: Unsigned[CrlFacts]) -> Sequence[Finding]:
    return [Finding("PKI5999", "no")]


def content(_: Unsigned[CrlFacts]) -> Sequence[Finding]:
    return []


def test_nobody_but_the_linter_makes_linted(nursery: Nursery) -> None:
    """Also not with a seal of one's own, nor from what a rule objects to, nor without rules."""
    with nursery.scene() as scene:
        unsigned = unsigned_crl(scene)
        for seal in (None, object(), unsigned):
            with pytest.raises(TypeError):
                Linted(unsigned, seal)
        assert isinstance(lint(unsigned, [content, objecting]), Rejected)
        with pytest.raises(ValueError, match="without rules"):
            lint(unsigned, [])


def test_nobody_but_sign_makes_signed(nursery: Nursery) -> None:
    """And an intent needs a ledger entry."""
    with nursery.scene() as scene:
        unsigned = unsigned_crl(scene)
        linted = lint(unsigned, [content])
        assert isinstance(linted, Linted)
        with pytest.raises(TypeError):
            Signed(unsigned.facts, b"anything", 1, object())
        with pytest.raises(TypeError):
            Intended(linted, 0)


def test_another_key_than_the_draft_names_signs_nothing(nursery: Nursery) -> None:
    """A key store that hands out a wrong key is caught before it signs."""
    with nursery.scene() as scene:
        unsigned = unsigned_crl(scene)
        linted = lint(unsigned, [content])
        assert isinstance(linted, Linted)
        other = next(k for spki, k in scene.keys.keys.items() if spki != unsigned.signer)
        with pytest.raises(WorldFailed, match="another key"):
            sign(Intended(linted, 1), other, verify=True)


def test_signed_bytes_are_the_linted_bytes(nursery: Nursery) -> None:
    """Not only of equal meaning."""
    with nursery.scene() as scene:
        unsigned = unsigned_crl(scene)
        linted = lint(unsigned, [content])
        assert isinstance(linted, Linted)
        key = scene.keys.open(unsigned.signer)
        signed = sign(Intended(linted, 1), key, verify=True)
        assert tbs_of("x.crl", signed.der) == unsigned.tbs
