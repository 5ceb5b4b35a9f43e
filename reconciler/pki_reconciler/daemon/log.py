"""What the daemon writes down: one event a line, JSON where it is piped, for eyes on a terminal.

Fields are ``commit``, ``plan``, ``tenant``, ``object`` and ``action`` where there are such. Nothing
secret comes here: no CSR bodies, no keys, no URLs.
"""

from __future__ import annotations

from typing import Any, TextIO

import structlog

from pki_reconciler.daemon.pulse import Pulse
from pki_reconciler.daemon.wake import Reason
from pki_reconciler.decide.report import cure
from pki_reconciler.loop import Outcome
from pki_schema import instants
from pki_schema.errors import Problem, WorldFailed
from pki_schema.planned import Held, Plan
from pki_schema.reported import Failure, SliceStatus

MOST_ACTIONS = 1_000
"""Actions of one plan told each for itself; the rest is counted."""


class Log:
    """Tells events to a stream."""

    def __init__(self, stream: TextIO) -> None:
        terminal = stream.isatty()
        self._log: Any = structlog.wrap_logger(
            structlog.PrintLogger(stream),
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.dev.ConsoleRenderer()
                if terminal
                else structlog.processors.JSONRenderer(sort_keys=True),
            ],
        )
        self._standing_by = False
        self._failing: dict[str, Failure] = {}
        self._held: frozenset[tuple[str, str]] = frozenset()
        self._refused: tuple[str, ...] = ()
        self._unreachable: dict[str, str] = {}
        self._faulty: dict[str, SliceStatus] = {}
        self._doubted: frozenset[str] = frozenset()

    def started(self, *, listen: tuple[str, int] | None, port: int | None) -> None:
        address = f"{listen[0]}:{port}" if listen else ""
        self._log.info("started", **({"listen": address} if address else {}))

    def standby(self, failure: WorldFailed) -> None:
        """Told once, however often it is tried."""
        if not self._standing_by:
            self._log.info("standing by", reason=failure.message)
        self._standing_by = True

    def stopped(self) -> None:
        self._log.info("stopped")

    def began(self, reasons: frozenset[Reason]) -> None:
        """A cycle begins: not worth a line unless somebody asked for it."""
        asked = sorted(str(one) for one in reasons - {Reason.CLOCK})
        if asked:
            self._log.info("woken", by=asked)

    def ended(self, pulse: Pulse, outcome: Outcome | None) -> None:
        """What a cycle did, and what stands otherwise since the one before."""
        if outcome:
            for commit in outcome.observed.accepted:
                self._log.info("commit accepted", commit=commit)
            self._refusals(outcome)
            self._slices(pulse)
            for plan in outcome.plans:
                self._plan(plan)
            self._holds(outcome.kept_back)
            self._doubts(outcome)
        self._failures(pulse)
        done = outcome.done if outcome else None
        if done and (done.written or done.published):
            self._log.info(
                "cycle",
                result=pulse.result,
                commit=pulse.report.commit,
                certificates=done.signed,
                crls=done.crls,
                answers=done.answers,
                revoked=done.revoked,
                released=done.released,
                published=done.published,
                seconds=round(pulse.seconds, 3),
            )

    def notified(self, channel: str, result: str, reason: str) -> None:
        """What became of a notice: the same failure of a channel is told once, not per attempt."""
        if result == "failed" and self._unreachable.get(channel) == reason:
            return
        if result == "sent":
            self._unreachable.pop(channel, None)
        elif result == "failed":
            self._unreachable[channel] = reason
        tell = self._log.info if result == "sent" and not reason else self._log.warning
        tell("notice", channel=channel, result=result, **({"reason": reason} if reason else {}))

    def _refusals(self, outcome: Outcome) -> None:
        refused = outcome.observed.refused
        names = tuple(one.commit for one in refused)
        if names != self._refused:
            for one in refused:
                for problem in one.problems:
                    self._log.error("commit refused", commit=one.commit, **_told(problem))
        if outcome.observed.rewound:
            self._log.error("history was rewritten", commit=outcome.observed.rewound.head)
        self._refused = names

    def _slices(self, pulse: Pulse) -> None:
        """A tenant's errors once, however many commits follow that leave them as they are."""
        now = {one.tenant: one for one in pulse.report.slices if one.tenant}
        for name, one in now.items():
            before = self._faulty.get(name)
            if before is None or before.problems != one.problems:
                self._log.error(
                    "tenant stands still",
                    tenant=name,
                    commit=one.commit,
                    since=one.since,
                    errors=one.count,
                    reason=one.problems[0] if one.problems else "",
                    remedy=cure(one),
                )
        for name in sorted(self._faulty.keys() - now.keys()):
            self._log.info("tenant is sound again", tenant=name, commit=pulse.report.commit)
        self._faulty = now

    def _plan(self, plan: Plan) -> None:
        digest = plan.digest()[:16] if plan.actions else ""
        for action in plan.actions[:MOST_ACTIONS]:
            self._log.info(
                "action",
                commit=action.commit or plan.commit,
                plan=digest,
                tenant=action.tenant,
                object=str(action.subject),
                action=str(action.verb),
                cause=str(action.cause),
                reason=action.reason,
            )
        if len(plan.actions) > MOST_ACTIONS:
            self._log.info("more actions", plan=digest, count=len(plan.actions) - MOST_ACTIONS)

    def _holds(self, kept: tuple[Held, ...]) -> None:
        found = frozenset((one.code, one.message) for one in kept)
        for one in kept:
            if (one.code, one.message) not in self._held:
                self._log.warning("held", code=one.code, reason=one.message, remedy=one.remedy)
        self._held = found

    def _doubts(self, outcome: Outcome) -> None:
        found = {one.what: one for one in outcome.footing.doubts}
        for what in found.keys() - self._doubted:
            one = found[what]
            self._log.error("in doubt", what=what, reason=one.evidence, remedy=one.remedy)
        for what in self._doubted - found.keys():
            self._log.info("no longer in doubt", what=what)
        self._doubted = frozenset(found)

    def _failures(self, pulse: Pulse) -> None:
        now = {one.resource: one for one in pulse.failures}
        for name, one in now.items():
            before = self._failing.get(name)
            if before is None or before.attempts != one.attempts:
                again = instants.render(one.retry_at) if one.retry_at else ""
                self._log.error(
                    "failing",
                    resource=name,
                    reason=one.message,
                    remedy=one.remedy,
                    attempts=one.attempts,
                    again=again,
                )
        for name in self._failing.keys() - now.keys():
            self._log.info("recovered", resource=name)
        self._failing = now


def _told(problem: Problem) -> dict[str, str]:
    return {
        "code": problem.code,
        "severity": str(problem.severity),
        "place": str(problem.position),
        "reason": problem.message,
    }
