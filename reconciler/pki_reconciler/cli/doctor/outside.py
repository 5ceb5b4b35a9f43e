"""What is beyond this host's state: publications, Git, and the time."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

from pki_publishers import layout, render
from pki_publishers.targets import DirectoryTarget
from pki_publishers.targets.marks import Mark
from pki_reconciler.cli.doctor.findings import Finding, fine, told_in, waits, wrong
from pki_reconciler.config import Config
from pki_reconciler.config.settings import Target
from pki_reconciler.decide import belief
from pki_reconciler.decide.build import Issuer
from pki_reconciler.grounds import foreseen
from pki_reconciler.ledger.read import Reader
from pki_reconciler.observe.git import Repository, Rewound
from pki_schema import instants
from pki_schema.desired import Identity, authority_identity
from pki_schema.errors import WorldFailed
from pki_schema.instants import Instant
from pki_schema.issued import CertificateState, IssuedAuthority

PATIENCE = 20.0
"""Seconds that Git gets for an answer."""


def doubts(reader: Reader, marks: dict[str, Mark], config: Config, now: Instant) -> list[Finding]:
    """The clock against the newest entry, and the ledger against marks."""
    ground = foreseen(reader, marks, now=now, leap=config.leap)
    found = [waits(one.what, one.evidence, _MEANS[one.what], one.remedy) for one in ground.doubts]
    if ground.waits_until:
        until = instants.render(ground.waits_until)
        found.append(fine("clock", f"a little behind the newest entry; waited for until {until}"))
    elif all(one.topic != "clock" for one in found):
        found.append(fine("clock", f"{instants.render(now)} fits the newest entry and what is due"))
    if all(one.topic != "ledger" for one in found):
        found.append(fine("marks", "the ledger has every entry that keys and publications saw"))
    return found


_MEANS = {
    "ledger": "nothing is issued; CRLs and OCSP answers go on with what could be read back",
    "clock": "nothing is signed, published or recorded",
}


def of_target(target: Target, reader: Reader | None, now: Instant) -> Iterator[Finding]:
    """Whether it can be read and written, and how its CRLs stand to the ledger."""
    topic = f"publication {target.publication}"
    folder = target.directory
    if not folder.is_dir():
        yield waits(topic, f"{folder} is not there", "the next cycle makes and fills it", "")
        return
    found: list[Finding] = []
    if not os.access(folder, os.W_OK | os.X_OK):
        mode = stat.S_IMODE(folder.stat().st_mode)
        found.append(wrong(topic, f"{folder} (mode {mode:04o}) may not be written", "", "chown it"))
    with told_in(found, topic):
        DirectoryTarget(folder).mark()
    if reader is not None:
        with told_in(found, topic):
            for authority in reader.authorities().values():
                found += _crl(topic, DirectoryTarget(folder), authority, now)
    yield from found or [fine(topic, f"{folder} can be read and written, its CRLs are ours")]


def _crl(
    topic: str, target: DirectoryTarget, authority: IssuedAuthority, now: Instant
) -> Iterator[Finding]:
    if authority.crl is None or authority.certificate.state is CertificateState.EXPIRED:
        return
    path = layout.crl_path(render.stem_of(authority))
    body = target.read(path, most=belief.LARGEST_CRL + 1)
    crl = belief.crl_of(body, Issuer.of(authority)) if body else None
    if body is None:
        yield wrong(topic, f"{path} is missing", "readers cannot check", "`vcc-pki apply`")
    elif crl is None:
        means = f"no key of {authority.name} has signed it: somebody else writes here"
        yield wrong(topic, f"{path} is not ours", means, "see who; `vcc-pki apply` replaces it")
    elif crl.number > authority.last_number:
        yield waits(
            topic,
            f"{path} has number {crl.number}, the ledger knows up to {authority.last_number}",
            "the ledger was restored, or another one writes here",
            "restore the newest ledger; if there is none, the next cycle reads it back",
        )
    elif crl.number < authority.crl.number:
        seen = f"{path} has number {crl.number}, the ledger {authority.crl.number}"
        yield wrong(topic, seen, "it was put back, or not written yet", "`vcc-pki apply`")
    elif crl.next_update <= now:
        end = instants.render(crl.next_update)
        yield wrong(topic, f"{path} ended {end}", "readers refuse everybody", "see the keys")


def unaccounted(config: Config, reader: Reader) -> frozenset[Identity]:
    """CA generations that a publication speaks of, Git declares, and this ledger does not know."""
    there: set[tuple[str, int]] = set()
    for target in config.targets:
        try:
            body = DirectoryTarget(target.directory).read(
                layout.STATUS_PATH, most=belief.LARGEST_SUMMARY + 1
            )
        except WorldFailed:
            continue
        there |= belief.authorities_in(body) if body else frozenset()
    known = {(a.name, a.generation) for a in reader.authorities().values()}
    missing = {authority_identity(*one) for one in there - known}
    return frozenset(reader.declared(missing)) if missing else frozenset()


def of_git(config: Config, reader: Reader | None) -> Iterator[Finding]:
    """Whether it answers, and how its head stands to what was accepted. Like ``plan``, this brings
    the clone up to date.
    """
    found: list[Finding] = []
    at = config.repository
    with (
        told_in(found, "git", "no commit is seen; renewals, CRLs and answers go on"),
        Repository.open(at.url, at.branch, config.state.clone, patience=PATIENCE) as repository,
    ):
        head = repository.fetch()
        found.append(_head(repository, head, reader.accepted() if reader else None))
    yield from found


def _head(repository: Repository, head: str, accepted: str | None) -> Finding:
    if accepted is None:
        return fine("git", f"head is {head[:12]}; nothing was accepted yet")
    revisions = repository.revisions(accepted, head)
    if isinstance(revisions, Rewound):
        return waits(
            "git",
            f"head {head[:12]} does not descend from {accepted[:12]}, which was accepted",
            "history was rewritten: nothing of it counts",
            "push a commit on top of the accepted one",
        )
    count = len(revisions)
    ahead = f", {count} commits behind head {head[:12]}" if count else ""
    return fine("git", f"accepted is {accepted[:12]}{ahead}")
