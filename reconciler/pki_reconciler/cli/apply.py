"""``vcc-pki apply``: reconcile once, and say what was done, what was held and why."""

from __future__ import annotations

from pathlib import Path

import msgspec
import typer

from pki_reconciler.cli import output as told
from pki_reconciler.cli.compose import host, settings
from pki_reconciler.decide import report
from pki_reconciler.decide.footing import May
from pki_reconciler.loop import Outcome, reconcile

EXIT_HELD = 3


def run(option: Path | None, *, output: str) -> int:
    path, config = settings(option)
    with host(path, config) as together:
        outcome = reconcile(together)
        trusted = outcome.footing.may is not May.NOTHING
        if trusted and not (outcome.done.failed or outcome.observed.failed):
            together.ledger.postpone(())  # what the daemon was patient with is back
    if output == "json":
        told.json(document(outcome))
    else:
        tell(outcome)
    return exit_code(outcome)


def exit_code(outcome: Outcome) -> int:
    """1 when a commit was refused or the world failed, 3 when something is held back or a tenant
    stands still, else 0.
    """
    observed = outcome.observed
    if observed.refused or observed.rewound or observed.failed or outcome.done.failed:
        return 1
    return EXIT_HELD if outcome.held or observed.faults else 0


def document(outcome: Outcome) -> dict[str, object]:
    """The result for programs. ``counts.signed`` are certificates; CRLs and answers stand apart."""
    done = outcome.done
    observed = outcome.observed
    return {
        "now": outcome.now,
        "commit": outcome.plans[-1].commit,
        "accepted": observed.accepted,
        "refused": [
            {"commit": r.commit, "problems": [told.problem(p) for p in r.problems]}
            for r in observed.refused
        ],
        "slices": [msgspec.to_builtins(fault) for fault in observed.faults],
        "failed": [*([observed.failed] if observed.failed else []), *done.failed],
        "remarks": [told.problem(p) for p in observed.remarks],
        "rewound": observed.rewound.head if observed.rewound else None,
        "counts": {
            "manifests_parsed": observed.parsed,
            "subjects_planned": outcome.plans[0].subjects,
            "signed": done.signed,
            "crls_signed": done.crls,
            "answers_signed": done.answers,
            "revoked": done.revoked,
            "released": done.released,
            "written": done.written,
            "published": done.published,
        },
        "objects": sorted(done.objects),
        "plan": [
            {
                "verb": str(a.verb),
                "subject": str(a.subject),
                "cause": str(a.cause),
                "reason": a.reason,
                "commit": a.commit,
            }
            for plan in outcome.plans
            for a in plan.actions
        ],
        "held": [
            {
                "code": h.code,
                "message": h.message,
                "remedy": h.remedy,
                "origin": str(h.origin) if h.origin else None,
                "actions": [f"{a.verb} {a.subject}" for a in h.actions],
            }
            for h in outcome.kept_back
        ],
        "waiting": [
            {"subject": str(w.subject), "reason": w.reason} for w in outcome.plans[-1].waiting
        ],
        "seconds": {name: round(value, 4) for name, value in outcome.stages.items()},
    }


def tell(outcome: Outcome) -> None:
    """The result for people: what was seen, each plan that did something, and the counts."""
    tell_observed(outcome)
    for plan in outcome.plans:
        if plan.actions or plan is outcome.plans[0]:
            for line in report.lines(plan):
                typer.echo(line)
    for held in dict.fromkeys(outcome.done.rejected):
        for line in report.held_lines(held):
            typer.echo(line)
    done = outcome.done
    for failure in done.failed:
        typer.echo(f"FAILED: {failure}; tried again next time")
    signed = ", ".join(
        f"{count} {word}{'' if count == 1 else 's'}"
        for count, word in (
            (done.signed, "certificate"),
            (done.crls, "CRL"),
            (done.answers, "OCSP answer"),
        )
    )
    ended = f"{done.revoked} revoked" + (f", {done.released} released" if done.released else "")
    typer.echo(f"Done: {signed} signed, {ended}; {done.published} files published.")


def tell_observed(outcome: Outcome) -> None:
    """Commits accepted and refused, the latter with every problem."""
    observed = outcome.observed
    if observed.failed:
        typer.echo(f"FAILED: {observed.failed}; what is due goes on without Git")
    for commit in observed.accepted:
        typer.echo(f"commit {commit[:12]} accepted")
    told.problems(p for p in observed.remarks if p.code in report.WORTH_TELLING)
    for refusal in observed.refused:
        typer.echo(
            f"commit {refusal.commit[:12]} NOT accepted, what is global in it has errors; "
            "the last accepted one stands"
        )
        told.problems(refusal.problems)
    for fault in observed.faults:
        for line in report.slice_lines(fault):
            typer.echo(line)
    if observed.rewound:
        typer.echo(
            f"REFUSED: {observed.rewound.head[:12]} does not descend from the last accepted commit "
            f"{observed.rewound.since[:12]}; history was rewritten\n"
            "         to let it pass: push a commit on top of the accepted one"
        )
