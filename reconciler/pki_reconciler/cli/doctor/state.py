"""What this host keeps: the ledger, and the keys that it names."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping

from pki_reconciler.cli.compose import leftovers
from pki_reconciler.cli.doctor.findings import Finding, fine, of_failure, told_in, waits, wrong
from pki_reconciler.config import Config
from pki_reconciler.decide.breaker import MOST
from pki_reconciler.keys import FileKeyStore, find_passphrase
from pki_reconciler.ledger import inspection
from pki_reconciler.ledger.read import Reader
from pki_schema import instants
from pki_schema.errors import WorldFailed
from pki_schema.instants import DAY, Instant
from pki_schema.issued import CertificateState, IssuedAuthority


def no_ledger(config: Config) -> Finding:
    """The ledger is missing: what to do depends on what else there is."""
    seen = f"there is no ledger at {config.state.ledger}"
    left = leftovers(config)
    if not left:
        return wrong("ledger", seen, "this PKI has not begun", "`vcc-pki init`")
    return wrong(
        "ledger",
        f"{seen}, but there is {', '.join(left)}",
        "it was lost; without it nothing is signed, and what is published ends when it ends",
        "restore it from its backup; if there is none, `vcc-pki init --recover`",
    )


def in_ledger(config: Config, reader: Reader, now: Instant, *, whole: bool) -> Iterator[Finding]:
    latest = reader.latest()
    size = reader.size()
    newest = f", the newest of {instants.render(latest)}" if latest else ""
    yield fine("ledger", f"{size} entries{newest}")
    found: list[Finding] = []
    with told_in(found, "entries", "the ledger is damaged: nothing of it can be relied on"):
        if whole:
            counted = inspection.replayed(config.state.ledger)
            found.append(fine("entries", f"all {counted} are unchanged and make the same rows"))
        else:
            counted = inspection.sampled(config.state.ledger)
            found.append(fine("entries", f"the newest {counted} are unchanged (--full: all)"))
    yield from found
    yield from _crashes(reader, now)
    left = len(reader.open_intents()) + len(reader.open_batches())
    if left:
        yield fine("intents", f"{left} open: the next cycle closes them")


def _crashes(reader: Reader, now: Instant) -> Iterator[Finding]:
    """Writers that ended in the middle; a second one of an issuer opens its breaker."""
    lately = [one for one in reader.orphans() if not one.confirmed and one.at > now - DAY]
    for issuer, count in sorted(Counter(one.issuer for one in lately).items()):
        authority = reader.authorities().get(issuer)
        name = f"{authority.name} generation {authority.generation}" if authority else issuer[:16]
        seen = f"certificates of {name} were intended and not recorded, {count} times within 24 h"
        if count > MOST:
            means = "it issues nothing for a day; CRLs and OCSP answers go on"
            todo = "find out what ends it while it signs, then `vcc-pki doctor --confirm crashes`"
            yield waits("crashes", seen, means, todo)
        else:
            yield fine("crashes", seen)


def of_keys(config: Config, reader: Reader, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Each key that is needed is there and opens; what is there and not needed is counted."""
    state = config.state
    try:
        passphrase = find_passphrase(environ, state.passphrase_file)
        store = FileKeyStore(state.keys, state.offline_keys, passphrase)
        known = reader.keys()
        unused = store.unused([row.spki for row in known])
    except WorldFailed as failure:
        yield of_failure("keys", failure, "nothing can be signed")
        return
    away = 0
    opened = 0
    for authority in reader.authorities().values():
        if authority.certificate.state is CertificateState.EXPIRED:
            continue
        for spki, words in _keys_of(authority):
            offline = (
                authority.meaning.authority is not None and authority.meaning.authority.offline
            )
            if not store.has(spki):
                away += 1
                if not offline or os.path.lexists(state.offline_keys):
                    yield wrong(
                        "keys",
                        f"the key of {words} is missing",
                        "its CRLs and answers end when they end, and nothing is issued by it",
                        f"restore {spki}.pem from the backup of the keys",
                    )
                continue
            try:
                store.open(spki)
                opened += 1
            except WorldFailed as failure:
                yield of_failure("keys", failure, f"{words} signs nothing")
    spare = f", {len(unused)} in nobody's use" if unused else ""
    yield fine("keys", f"{opened} open{spare}" + (f", {away} not attached" if away else ""))


def _keys_of(authority: IssuedAuthority) -> Iterator[tuple[str, str]]:
    words = f"{authority.name} generation {authority.generation}"
    yield authority.spki, words
    if authority.responder:
        yield authority.responder.spki, f"the responder of {words}"
