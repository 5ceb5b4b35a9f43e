"""What a commit says of revocations beside what was said of them before: by name, in history.

The same accepted commits come to the same problems, whatever has been carried out meanwhile.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from pki_reconciler.ledger.declarations import Declaration, Sense, sense
from pki_reconciler.ledger.read import Reader
from pki_schema.desired import Declared, Identity
from pki_schema.errors import Position, Problem, Severity
from pki_schema.kinds import RevocationSpec, ServiceSpec
from pki_schema.load.tree import at

_History = Mapping[str, Sequence[Declaration]]


def revocation_problems(reader: Reader, changed: Collection[Declared]) -> Iterator[Problem]:
    """Of the objects in changed files: what a used name cannot say, what follows from nothing, and
    what ``resumeAfter`` names in vain.
    """
    named = [d for d in changed if isinstance(d.spec, ServiceSpec) and d.spec.resume_after]
    revocations = [d for d in changed if isinstance(d.spec, RevocationSpec)]
    if not (named or revocations):
        return
    names = {name for d in named if isinstance(d.spec, ServiceSpec) for name in d.spec.resume_after}
    history = reader.revocations(names | {d.identity.name for d in revocations})
    there = reader.facts([d.identity for d in revocations])
    for declared in revocations:
        if isinstance(declared.spec, RevocationSpec):
            yield from _revocation(declared, declared.spec, history, there)
    for declared in named:
        if isinstance(declared.spec, ServiceSpec):
            yield from _resumptions(declared, declared.spec, history)


def removals(reader: Reader, removed: Collection[Identity]) -> Iterator[Problem]:
    """Taking a revocation back: said, because its author will expect something to happen."""
    gone = {i: f for i, f in reader.facts(removed).items() if i.kind == "Revocation"}
    history = reader.revocations([identity.name for identity in gone])
    for identity, facts in sorted(gone.items()):
        said = history.get(identity.name)
        if said and said[-1].is_hold:
            message = f"{identity} was removed, which changes nothing: on hold stays on hold"
            hint = "to release, bring it back with state: released"
        else:
            message = f"{identity} was removed, which changes nothing: revoked stays revoked"
            hint = "to certify again, name it in the service's resumeAfter"
        yield _notice(Position(facts.path), "PKI6020", message, hint)


def _revocation(
    declared: Declared, spec: RevocationSpec, history: _History, there: Collection[Identity]
) -> Iterator[Problem]:
    said = history.get(declared.identity.name, ())
    last = f" since commit {said[-1].commit[:12]}" if said else ""
    match sense([one.spec for one in said], spec):
        case Sense.NOT_HELD:
            message = f"{declared.identity} releases nothing: nothing is on hold by this name"
            hint = "the object that put it on hold releases it, under its own name"
            yield Problem(at(declared, "spec", "state"), "PKI6021", message, hint)
        case Sense.MOVED:
            message = f"{declared.identity} aims elsewhere than it did{last}"
            hint = "a hold keeps its target; declare another Revocation for the other one"
            yield Problem(at(declared, "spec", "target"), "PKI6022", message, hint)
        case Sense.FINAL:
            message = f"{declared.identity} is for ever{last}"
            hint = "revoked stays revoked; declare a Revocation with a name of its own"
            yield Problem(at(declared, "spec", "state"), "PKI6023", message, hint)
        case Sense.AGAIN if declared.identity not in there or not _is_last(said, spec):
            message = f"{declared.identity} was declared{_before(said, spec)} and does nothing more"
            hint = "for what was certified since, declare a Revocation with a name of its own"
            yield _notice(declared.position, "PKI6024", message, hint)
        case Sense.ANEW:
            message = f"{declared.identity} says something else{last}, and is carried out, too"
            hint = "what it did before stays; names are best used once"
            yield _notice(declared.position, "PKI6025", message, hint)


def _is_last(said: Sequence[Declaration], spec: RevocationSpec) -> bool:
    return bool(said) and sense([said[-1].spec], spec) is Sense.AGAIN


def _before(said: Sequence[Declaration], spec: RevocationSpec) -> str:
    same = (one for one in said if sense([one.spec], spec) is Sense.AGAIN)
    found = next(same, None)
    return f" in commit {found.commit[:12]}" if found else ""


def _resumptions(declared: Declared, spec: ServiceSpec, history: _History) -> Iterator[Problem]:
    for index, name in enumerate(spec.resume_after):
        said = history.get(name, ())
        if said and not said[-1].is_hold:
            continue
        if said:
            message = f"{name} is a hold, which resumeAfter does not end"
            hint = "set state: released in that Revocation"
        else:
            message = f"no commit before this one declares Revocation/{name}"
            hint = "resumeAfter counts for revocations that stood when it named them"
        yield _notice(at(declared, "spec", "resumeAfter", index), "PKI6026", message, hint)


def _notice(position: Position, code: str, message: str, hint: str) -> Problem:
    return Problem(position, code, message, hint, severity=Severity.NOTICE)
