"""Every row can be made again from the entries."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from pki_reconciler.ledger import fold, records, tables
from pki_schema.desired import Identity
from pki_schema.errors import WorldFailed
from pki_schema.instants import from_epoch, to_epoch
from pki_schema.issued import IssuedCrl

HISTORIES = 6
STEPS = 120
DAY = 86_400

OWN = {"lease", "outbox", "published", "rendered"}
"""Not folded: the writer's own, and what is read again from the targets."""


class History:
    """A random but possible life of a PKI: commits, certificates, revocations, crashes, time."""

    def __init__(self, world: Any, make: Any, seed: int) -> None:
        self.world, self.make = world, make
        self.chance = random.Random(seed)
        self.commits = 0
        self.numbers: dict[str, int] = {}
        self.root = world.authority("root")
        self.ca = world.authority("issuing", issuer=self.root, parent="root", ocsp="presigned")
        self.settings = make.authority("issuing", parent="root", ocsp="presigned")

    def run(self, steps: int) -> None:
        deeds = [
            self.declare,
            self.declare,
            self.certify,
            self.certify,
            self.withdraw,
            self.settle,
            self.revoke,
            self.hold,
            self.hold,
            self.release,
            self.make_final,
            self.declare_revocation,
            self.stand_still,
            self.refuse,
            self.burn,
            self.sign_crl,
            self.abandon,
            self.answer,
            self.expire,
            self.change_settings,
            self.block,
            self.recover,
            self.doubt,
            self.orphan,
            self.wait,
        ]
        for _ in range(steps):
            self.chance.choice(deeds)()

    def commit(self) -> str:
        self.commits += 1
        return f"c{self.commits}"

    def declare(self) -> None:
        meanings, pending = [], []
        for name in self.chance.sample("abcdefgh", 3):
            meaning = self.make.service(
                name,
                tenant=self.chance.choice(["vcc", "other"]),
                renew_before=self.chance.choice([0, 10, 30]) * DAY,
                suspended=self.chance.random() < 0.1,
                resume_after=self.chance.choice([(), (), ("r1",), ("h1", "r1")]),
                profile={"names": (("dns", self.chance.choice(["x.local", "y.local"])),)},
            )
            if self.chance.random() < 0.15:
                pending.append(meaning.subject)
            else:
                meanings.append(meaning)
        facts = [
            self.make.facts(
                "Service",
                m.subject.name.partition("/")[0],
                tenant=m.subject.tenant,
                blob=str(self.commits),
                refs=(Identity("CertificateTemplate", "", m.template),),
            )
            for m in meanings
        ]
        limit = self.make.facts("Tenant", "vcc", revocations_limit=self.chance.randint(1, 9))
        self.world.accept(
            self.commit(),
            meanings=tuple(meanings),
            pending=tuple(pending),
            objects=(*facts, limit),
        )

    def withdraw(self) -> None:
        found = [s for s in self.world.ledger.reader.subjects() if s.declared and s.applied]
        leaves = [s.identity for s in found if s.identity.kind == "Certificate"]
        if leaves:
            gone = self.chance.choice(leaves)
            service = Identity("Service", gone.tenant, gone.name.partition("/")[0])
            self.world.accept(self.commit(), withdrawn=(gone,), removed=(service,))

    def certify(self) -> None:
        wanted = [
            s.declared or s.applied
            for s in self.world.touched().subjects
            if s.identity.kind == "Certificate" and not s.held_by
        ]
        if wanted:
            self.world.issue(*wanted, issuer=self.ca)

    def settle(self) -> None:
        for subject in self.world.touched().subjects:
            if subject.identity.kind != "Certificate":
                continue
            if subject.declared is None:
                self.world.append(
                    records.SubjectRetired(subject=subject.identity, commit=subject.commit)
                )
            elif subject.applied:
                self.world.append(
                    records.MeaningAdopted(meaning=subject.declared, commit=subject.commit)
                )

    def certificates(self) -> list[Any]:
        reader = self.world.ledger.reader
        return [
            reader.certificate(self.ca, serial)
            for serial in range(0x1001, self.world.serial + 1)
            if reader.certificate(self.ca, serial)
        ]

    def revoke(self) -> None:
        found = [c for c in self.certificates() if c.state == "valid"]
        if found:
            chosen = self.chance.sample(found, min(2, len(found)))
            self.world.revoke(self.ca, *(c.serial for c in chosen))
            self.world.append(
                records.RevocationResolved(
                    name=self.chance.choice(["r1", "r2"]),
                    commit="",
                    serials=tuple((c.issuer, f"{c.serial:x}") for c in chosen),
                    suspended=tuple(c.subject for c in chosen if self.chance.random() < 0.5),
                )
            )

    def hold(self) -> None:
        """By one of two names, also what the other holds already."""
        found = [c for c in self.certificates() if c.state == "valid" or c.on_hold]
        if found:
            chosen = self.chance.sample(found, min(2, len(found)))
            name = self.chance.choice(["h1", "h2"])
            self.world.revoke(
                self.ca, *(c.serial for c in chosen), reason="certificateHold", by=name
            )
            self.resolve(name, "held", chosen)

    def release(self) -> None:
        """Also what is not on hold, or not by this name."""
        found = self.certificates()
        if found:
            chosen = self.chance.sample(found, min(3, len(found)))
            name = self.chance.choice(["h1", "h2"])
            self.world.release(self.ca, *(c.serial for c in chosen), by=name)
            self.resolve(name, "released", [])

    def make_final(self) -> None:
        found = [c for c in self.certificates() if c.on_hold]
        if found:
            chosen = self.chance.choice(found)
            name = self.chance.choice(["h1", "h2", "r1"])
            self.world.revoke(self.ca, chosen.serial, reason="keyCompromise", by=name)
            self.resolve(name, "revoked", [chosen])

    def resolve(self, name: str, state: str, chosen: list[Any]) -> None:
        self.world.append(
            records.RevocationResolved(
                name=name,
                commit="",
                serials=tuple((c.issuer, f"{c.serial:x}") for c in chosen),
                suspended=tuple(c.subject for c in chosen if self.chance.random() < 0.7),
                state=state,
            )
        )

    def declare_revocation(self) -> None:
        service = self.chance.choice("abc")
        state = self.chance.choice(["revoked", "held", "released"])
        facts = self.make.revocation(
            self.chance.choice(["r1", "r2", "h1", "h2"]),
            tenant="vcc",
            service=service,
            state=state,
            reason="superseded" if state == "revoked" else "certificateHold",
        )
        self.world.accept(self.commit(), objects=(facts,))

    def fault(self, name: str) -> records.SliceFault:
        count = self.chance.randint(1, 3)
        return records.SliceFault(
            slice=name, since=f"c{self.commits}", problems=("wrong",) * count, count=count
        )

    def stand_still(self) -> None:
        faulty = self.chance.sample(["vcc", "other", "third"], self.chance.randint(1, 3))
        self.world.accept(self.commit(), faulty=tuple(map(self.fault, sorted(faulty))))

    def refuse(self) -> None:
        parent, commit = f"c{self.commits}", self.commit()
        self.world.append(
            records.Refused(commit=commit, parent=parent, fault=self.fault("")), commit=commit
        )

    def burn(self) -> None:
        item = self.world.linted(self.make.service("burnt"), issuer=self.ca)
        self.world.ledger.intend([item], at=self.world.now, commit="c", plan="p")
        if self.chance.random() < 0.7:
            for intent in self.world.ledger.reader.open_intents():
                self.world.append(
                    records.SerialBurnt(
                        issuer=intent.record.issuer, serial=intent.record.serial, reason="crash"
                    )
                )

    def number(self, issuer: str) -> int:
        self.numbers[issuer] = self.numbers.get(issuer, 0) + 1
        return self.numbers[issuer]

    def sign_crl(self) -> None:
        issuer = self.chance.choice([self.root, self.ca])
        self.world.crl(issuer, self.number(issuer), regular=self.chance.random() < 0.5)

    def abandon(self) -> None:
        linted = self.make.crl(self.ca, self.number(self.ca), at=self.world.now)
        intended = self.world.ledger.intend_crl(linted, at=self.world.now, commit="c", plan="p")
        if self.chance.random() < 0.7:
            self.world.append(records.BatchAbandoned(intent=intended.seq))

    def answer(self) -> None:
        [intent] = self.world.append(
            records.AnswersIntended(
                issuer=self.ca, signer="r", content_digest="d", count=1, plan="p", commit="c"
            )
        )
        self.world.append(
            records.AnswersIssued(issuer=self.ca, intent=intent, content_digest="d", count=1)
        )

    def expire(self) -> None:
        for certificate in self.world.touched().expiring:
            self.world.append(
                records.CertificateExpired(
                    issuer=certificate.issuer, serial=f"{certificate.serial:x}"
                )
            )

    def change_settings(self) -> None:
        changed = self.make.authority(
            "issuing",
            parent="root",
            ocsp=self.chance.choice(["none", "presigned"]),
            refresh=self.chance.choice([1, 2]) * DAY,
        )
        commit = self.commit()
        self.world.accept(commit, meanings=(changed,))
        self.world.append(records.MeaningAdopted(meaning=changed, commit=commit))

    def block(self) -> None:
        spki = f"{self.chance.randrange(16**64):064x}"
        keys = self.world.ledger.reader.keys()
        known = [key.spki for key in keys]
        self.world.append(
            records.KeyRecorded(
                spki=spki.encode(),
                algorithm="P-256",
                purpose="responder",
                owner=Identity("ResponderCertificate", "", "issuing/1"),
                locator="online",
            ),
            records.KeyBlocked(spki=self.chance.choice([spki, *known]), revocation="r1"),
        )

    def recover(self) -> None:
        """A certificate, a CRL and entries that were found published."""
        serial = self.world.next_serial()
        subjects = [s for s in self.world.ledger.reader.subjects() if s.declared]
        leaves = [s for s in subjects if s.identity.kind == "Certificate"]
        if leaves:
            leaf = self.chance.choice(leaves)
            self.world.append(
                records.CertificateRecovered(
                    issuer=self.ca,
                    serial=f"{serial:x}",
                    spki=f"{serial:064x}",
                    not_before=to_epoch(self.world.now) - self.chance.choice([1, 40]) * DAY,
                    not_after=to_epoch(self.world.now) + 40 * DAY,
                    tbs_digest=f"{serial:x}",
                    der=b"certificate",
                    subject=leaf.identity,
                    commit=f"c{self.commits}",
                    meaning=leaf.declared if self.chance.random() < 0.5 else None,
                    template="service",
                )
            )
        self.world.append(
            records.AuthorityRecovered(
                issuer=self.ca,
                serial=f"{serial + 0x100000:x}",
                spki=f"{serial + 1:064x}",
                not_before=to_epoch(self.world.now),
                not_after=to_epoch(self.world.now) + 30 * DAY,
                tbs_digest="d",
                der=b"certificate",
                meaning=self.make.service(
                    "responder",
                    subject=Identity("ResponderCertificate", "", "issuing/1"),
                    profile={"spki": None, "ocsp_no_check": True},
                ),
            ),
            commit=f"c{self.commits}",  # which a fold may not look at: replay does not know it
        )
        known = [c.serial for c in self.certificates()]
        for number in {*self.chance.sample(known, min(2, len(known))), serial + 0x200000}:
            self.world.append(
                records.RevocationRecovered(
                    issuer=self.ca,
                    serial=f"{number:x}",
                    revoked_at=to_epoch(self.world.now) - DAY,
                    reason=self.chance.choice(["", "keyCompromise", "certificateHold"]),
                )
            )
        self.recover_crl(self.number(self.ca))

    def recover_crl(self, number: int) -> None:
        end = self.world.now + timedelta(days=1)
        record = records.CrlRecovered(
            issuer=self.ca,
            scope="*",
            number=number,
            content_digest="d",
            this_update=to_epoch(self.world.now),
            next_update=to_epoch(end),
        )
        status = IssuedCrl(
            issuer=self.ca,
            number=number,
            this_update=self.world.now,
            next_update=end,
            regular_at=self.world.ledger.reader.regular_at(self.ca),
            der=b"crl",
        )
        with self.world.ledger.transaction(self.world.now) as transaction:
            transaction.append([record])
            transaction.put_statuses([status])

    def doubt(self) -> None:
        doubted = records.Doubted(
            what="ledger", evidence="e", entries=self.chance.randrange(9), fence=2
        )
        self.world.append(self.chance.choice([doubted, records.Confirmed(what="ledger")]))

    def orphan(self) -> None:
        found = records.Orphaned(issuer=self.ca, fence=self.chance.randrange(9), count=3)
        self.world.append(self.chance.choice([found, records.Confirmed(what="crashes")]))

    def wait(self) -> None:
        self.world.later(days=self.chance.choice([0.5, 5, 40]))


def content(connection: sa.Connection) -> dict[str, list[tuple[Any, ...]]]:
    """All folded rows. What only signed bytes know is left out: an answer's next instant and the
    bytes themselves.
    """
    found = {}
    for name, table in tables.METADATA.tables.items():
        if name in OWN:
            continue
        rows = []
        for row in connection.execute(sa.select(table)):
            values = dict(row._mapping)
            if name == "due" and values["work"] == "answer":
                values |= {"at": None, "cause": None}
            if name == "status":
                values["bytes"] = None
            rows.append(tuple(values.items()))
        found[name] = sorted(rows, key=repr)
    return found


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_replay_equals_what_was_written_live(
    world: Any, make: Any, new_world: Callable[[str], Any], seed: int
) -> None:
    """After any history: a new ledger folded from its entries has the same rows, and tiles."""
    History(world, make, seed).run(STEPS)
    again = new_world("again")
    with (
        world.ledger._engine.begin() as source,
        again.ledger._engine.begin() as destination,
    ):
        size = fold.replay(source, destination)
        live, replayed = content(source), content(destination)
    assert size == world.ledger.reader.size() > STEPS
    for name in live:
        assert replayed[name] == live[name], name
    assert again.ledger.reader.root() == world.ledger.reader.root()


def test_one_by_one_equals_all_together(
    world: Any, make: Any, new_world: Callable[[str], Any]
) -> None:
    """Records that share statements do what each alone would do."""
    History(world, make, 99).run(STEPS)
    again = new_world("again")
    table = tables.entry
    with (
        world.ledger._engine.begin() as source,
        again.ledger._engine.begin() as destination,
    ):
        kinds = set(source.execute(sa.select(table.c.kind)).scalars())
        assert {"released", "revoked", "revocation-resolved"} <= kinds
        for row in source.execute(sa.select(table).order_by(table.c.seq)):
            destination.execute(sa.insert(table), [dict(row._mapping)])
            record = fold._record(row.seq, row.body)
            fold.fold(destination, row.seq, from_epoch(row.at), record)
        live, replayed = content(source), content(destination)
    for name in live.keys() - {"tile"}:
        assert replayed[name] == live[name], name


def test_time_travel(world: Any, make: Any, new_world: Callable[[str], Any]) -> None:
    """Replaying up to an entry shows what was true then."""
    meaning = make.service("a")
    world.accept("c1", meanings=(meaning,))
    then = world.ledger.reader.size()
    world.accept("c2", withdrawn=(meaning.subject,))
    again = new_world("again")
    with (
        world.ledger._engine.begin() as source,
        again.ledger._engine.begin() as destination,
    ):
        fold.replay(source, destination, until=then)
    assert again.ledger.reader.accepted() == "c1"
    assert list(again.ledger.reader.declared()) == [meaning.subject]


def test_after_a_replay_status_is_signed_anew(
    world: Any, make: Any, new_world: Callable[[str], Any]
) -> None:
    """The bytes of CRLs and answers are not in the entries: all of them are due at once, and the
    next CRL number is above every one ever intended.
    """
    history = History(world, make, 0)
    world.accept("x", meanings=(make.service("a"),))
    [serial] = world.issue(make.service("a"), issuer=history.ca)
    world.crl(history.root, 7)
    world.crl(history.ca, 8)
    assert world.touched().crls_due == ()
    again = new_world("again")
    with (
        world.ledger._engine.begin() as source,
        again.ledger._engine.begin() as destination,
    ):
        fold.replay(source, destination)
    touched = again.ledger.reader.touched(world.now)
    assert set(touched.crls_due) == {history.root, history.ca}
    assert [c.serial for c in touched.answers_due] == [serial]
    assert {a.last_number for a in touched.authorities.values()} == {7, 8}


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM entry WHERE seq = 2",
        "UPDATE entry SET body = replace(body, 'c1', 'c9') WHERE seq = 2",
        "UPDATE entry SET seq = 100 WHERE seq = 3",
    ],
)
def test_a_changed_log_is_not_replayed(
    world: Any, new_world: Callable[[str], Any], damage: str
) -> None:
    for i in range(3):
        world.accept(f"c{i}")
    again = new_world("again")
    with world.ledger._engine.begin() as source:
        source.exec_driver_sql(damage)
        with (
            pytest.raises(WorldFailed, match="missing or was changed"),
            again.ledger._engine.begin() as destination,
        ):
            fold.replay(source, destination)


def test_entries_keep_their_instant(world: Any, new_world: Callable[[str], Any]) -> None:
    """Replay uses the time of the entry, not of the replay."""
    world.accept("c1")
    world.later(days=3)
    world.accept("c2")
    table = tables.entry
    with world.ledger._engine.begin() as source:
        instants = source.execute(sa.select(table.c.at).order_by(table.c.seq)).scalars().all()
    assert instants == [to_epoch(world.now) - 3 * DAY, to_epoch(world.now)]
