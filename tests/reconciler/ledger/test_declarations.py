"""What one more declaration under a used name says, for every pair and the longer lives."""

from __future__ import annotations

import pytest

from pki_reconciler.ledger.declarations import Declaration, Sense, concludes, is_overtaken, sense
from pki_schema.desired import RevocationRequest
from pki_schema.errors import Position
from pki_schema.fields import Name, Text
from pki_schema.kinds.revocation import RevocationSpec, RevocationTarget


def spec(word: str, *, service: str = "api", comment: str | None = None) -> RevocationSpec:
    """``held``, ``released``, or a reason for ever."""
    hold = word in ("held", "released")
    return RevocationSpec(
        target=RevocationTarget(tenant=Name("vcc"), service=Name(service)),
        reason="certificateHold" if hold else word,  # type: ignore[arg-type]
        state=word if hold else "revoked",  # type: ignore[arg-type]
        comment=Text(comment) if comment else None,
    )


@pytest.mark.parametrize(
    ("former", "said", "expected"),
    [
        ("", "superseded", Sense.FIRST),
        ("", "held", Sense.FIRST),
        ("", "released", Sense.NOT_HELD),
        ("held", "held", Sense.AGAIN),
        ("held", "released", Sense.CONCLUDES),
        ("held", "keyCompromise", Sense.CONCLUDES),
        ("held released", "released", Sense.AGAIN),
        ("held released", "held", Sense.ANEW),
        ("held released", "keyCompromise", Sense.ANEW),
        ("held released held", "released", Sense.CONCLUDES),
        ("superseded", "superseded", Sense.AGAIN),
        ("superseded", "keyCompromise", Sense.ANEW),
        ("superseded keyCompromise", "superseded", Sense.AGAIN),
        ("superseded", "held", Sense.FINAL),
        ("superseded", "released", Sense.FINAL),
        ("held keyCompromise", "released", Sense.FINAL),
        ("held keyCompromise", "held", Sense.AGAIN),  # a revert, which changes nothing
        ("held keyCompromise", "superseded", Sense.ANEW),
    ],
)
def test_what_a_name_says_next(former: str, said: str, expected: Sense) -> None:
    assert sense([spec(word) for word in former.split()], spec(said)) is expected


@pytest.mark.parametrize("former", ["held", "held released"])
@pytest.mark.parametrize("said", ["held", "released", "keyCompromise"])
def test_a_hold_keeps_its_target(former: str, said: str) -> None:
    known = [spec(word) for word in former.split()]
    assert sense(known, spec(said, service="web")) is Sense.MOVED


def test_what_is_for_ever_may_be_followed_by_another_target() -> None:
    """Each counts, whatever the next commit says."""
    assert sense([spec("superseded")], spec("superseded", service="web")) is Sense.ANEW


def test_a_comment_says_nothing() -> None:
    assert sense([spec("held")], spec("held", comment="lent")) is Sense.AGAIN


def life(*words: str, done: int = 0) -> list[Declaration]:
    """One name's declarations, the first ``done`` of them carried out."""
    return [
        Declaration(
            name="r",
            commit=f"c{n}",
            seq=n,
            request=RevocationRequest(name="r", spec=spec(word), origin=Position("r.yaml")),
            done=n < done,
        )
        for n, word in enumerate(words)
    ]


def test_a_hold_is_overtaken_by_what_its_object_says_next_and_nothing_final_is() -> None:
    found = life("held", "released", "held", "superseded", "keyCompromise")
    assert [is_overtaken(one, found) for one in found] == [True, True, True, False, False]


def test_the_last_word_is_never_overtaken() -> None:
    for found in (life("held"), life("held", "released"), life("held", "superseded")):
        assert not is_overtaken(found[-1], found)


@pytest.mark.parametrize(
    ("words", "done", "expected"),
    [
        (("held", "released"), 1, True),
        (("held", "superseded"), 1, True),
        (("held", "superseded"), 0, False),  # never carried out: an ordinary revocation
        (("held", "superseded", "keyCompromise"), 2, False),
        (("held", "released", "superseded"), 2, False),
        (("superseded",), 0, False),
    ],
)
def test_only_a_hold_that_was_carried_out_is_concluded(
    words: tuple[str, ...], done: int, expected: bool
) -> None:
    found = life(*words, done=done)
    assert concludes(found[-1], found) is expected
