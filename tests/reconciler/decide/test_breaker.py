"""An issuer whose certificates were left unrecorded twice within a day certifies nothing more."""

from __future__ import annotations

from pki_reconciler.decide.plan import plan
from pki_schema.instants import DAY
from pki_schema.issued import Subject, Touched
from pki_schema.planned import Plan, Verb
from tests.fakes import EPOCH
from tests.reconciler.decide.test_plan import API, DUE, ISSUER, issued, meaning, touched

NEW = Subject(identity=API, declared=meaning(), commit="c1")


def interrupted(times: int, subject: Subject, *, issuer: str = ISSUER) -> Touched:
    return touched(subject, interrupted={issuer: times})


def certified(found: Plan) -> list[Verb]:
    return [action.verb for action in found.actions if action.subject == API]


def test_once_is_a_crash_and_stops_nobody() -> None:
    found = plan(interrupted(1, NEW), EPOCH)
    assert certified(found) == [Verb.ISSUE]
    assert found.held == ()


def test_twice_holds_what_git_asks_for_and_says_what_to_do() -> None:
    found = plan(interrupted(2, NEW), EPOCH)
    assert certified(found) == []
    [held] = found.held
    assert held.code == "PKI6032"
    assert [action.subject for action in held.actions] == [API]
    assert "doctor --confirm crashes" in held.remedy


def test_twice_holds_renewals_too() -> None:
    later = EPOCH + 61 * DAY
    assert certified(plan(interrupted(1, issued(due=(DUE,))), later)) == [Verb.RENEW]
    found = plan(interrupted(2, issued(due=(DUE,))), later)
    assert certified(found) == []
    assert [held.code for held in found.held] == ["PKI6032"]


def test_what_needs_no_new_certificate_goes_on() -> None:
    retired = plan(interrupted(2, issued(declared=None)), EPOCH)
    assert certified(retired) == [Verb.RETIRE]
    crl = touched(NEW, interrupted={ISSUER: 2}, crls_due=(ISSUER,))
    assert [action.verb for action in plan(crl, EPOCH).actions] == [Verb.SIGN_CRL]


def test_other_issuers_go_on() -> None:
    assert certified(plan(interrupted(5, NEW, issuer="2" * 64), EPOCH)) == [Verb.ISSUE]
