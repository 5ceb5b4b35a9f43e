"""Who says what: a verdict for every program and situation, and why where it is another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.conformance.relying_parties import (
    botan,
    certtool,
    curl,
    haproxy,
    java,
    nginx,
    openssl,
    postgresql,
    pyca,
    pyhanko,
    strongswan,
    vfychain,
)
from tests.conformance.relying_parties.evidence import Role, Situation
from tests.conformance.relying_parties.verdicts import Judge, Verdict

NOT_ASKED = "."

SERVERS = """
program     good  home    then  revoked  expired  stranger   impostor   misused
openssl     ok    ok      ok    revoked  expired  untrusted  untrusted  misused
certtool    ok    ok      .     revoked  expired  untrusted  untrusted  misused
vfychain    ok    ok      ok    revoked  expired  untrusted  untrusted  misused
java        ok    ok      ok    revoked  expired  untrusted  untrusted  misused
pyca        ok    unread  ok    ok       expired  unread     untrusted  misused
pyhanko     ok    ok      ok    revoked  expired  untrusted  untrusted  misused
strongswan  ok    unread  .     revoked  expired  unread     untrusted  ok
botan       ok    unread  .     ok       expired  untrusted  untrusted  ok
curl        ok    ok      .     revoked  expired  untrusted  untrusted  misused
"""
"""What each program says of a server's certificate; a dot: it has no clock option."""

CLIENTS = """
program     good  home    then  revoked  expired  stranger   impostor   misused
openssl     ok    ok      ok    revoked  expired  untrusted  untrusted  misused
certtool    ok    ok      .     revoked  expired  untrusted  untrusted  misused
vfychain    ok    ok      ok    revoked  expired  untrusted  untrusted  misused
java        ok    ok      ok    revoked  expired  untrusted  untrusted  misused
pyca        ok    unread  ok    ok       expired  unread     untrusted  misused
pyhanko     ok    ok      ok    revoked  expired  untrusted  untrusted  misused
strongswan  ok    unread  .     revoked  expired  unread     untrusted  ok
botan       ok    unread  .     ok       expired  untrusted  untrusted  ok
nginx       ok    ok      .     revoked  expired  untrusted  untrusted  misused
haproxy     ok    ok      .     revoked  expired  untrusted  untrusted  misused
postgresql  ok    ok      .     revoked  expired  untrusted  untrusted  misused
"""
"""And of a client's."""

RIGHT = {
    Situation.GOOD: Verdict.ACCEPTED,
    Situation.HOME: Verdict.ACCEPTED,
    Situation.THEN: Verdict.ACCEPTED,
    Situation.REVOKED: Verdict.REVOKED,
    Situation.EXPIRED: Verdict.EXPIRED,
    Situation.STRANGER: Verdict.UNTRUSTED,
    Situation.IMPOSTOR: Verdict.UNTRUSTED,
    Situation.MISUSED: Verdict.MISUSED,
}

EXCEPTIONS = {
    ("pyca", Situation.REVOKED): "it looks at no revocation: its users do that beside it",
    ("pyca", Situation.HOME): "it does not know name constraints of URIs and refuses below them",
    ("pyca", Situation.STRANGER): "the same; refused all the same",
    ("strongswan", Situation.HOME): "it cannot read a CA with name constraints of IP addresses",
    ("strongswan", Situation.STRANGER): "the same; refused all the same",
    ("strongswan", Situation.MISUSED): "`pki --verify` takes no purpose",
    ("botan", Situation.REVOKED): "`cert_verify` takes no CRL",
    ("botan", Situation.HOME): "it cannot read a name constraint of IPv6 addresses",
    ("botan", Situation.MISUSED): "`cert_verify` takes no purpose",
}
"""Where a program does not say what is right, in both roles, and why that is so."""


@dataclass(frozen=True)
class Program:
    """A column: who judges, and the programs it needs."""

    judge: Judge
    needs: tuple[str, ...] = ()


PROGRAMS = {
    "openssl": Program(openssl.judge, ("openssl",)),
    "certtool": Program(certtool.judge, ("certtool",)),
    "vfychain": Program(vfychain.judge, ("vfychain", "certutil", "crlutil")),
    "java": Program(java.judge, ("java", "javac")),
    "pyca": Program(pyca.judge),
    "pyhanko": Program(pyhanko.judge),
    "strongswan": Program(strongswan.judge, ("pki",)),
    "botan": Program(botan.judge, ("botan",)),
    "curl": Program(curl.judge, ("curl",)),
    "nginx": Program(nginx.judge, ("nginx", "curl")),
    "haproxy": Program(haproxy.judge, ("haproxy", "curl")),
    "postgresql": Program(postgresql.judge, ("pg_ctlcluster", "psql")),
}


@dataclass(frozen=True)
class Cell:
    """What a program is expected to say."""

    program: str
    role: Role
    situation: Situation
    verdict: Verdict

    def __str__(self) -> str:
        return f"{self.program}-{self.role}-{self.situation}"


def cells() -> Iterator[Cell]:
    """Every cell of both tables in which a program is asked."""
    for role, table in ((Role.SERVER, SERVERS), (Role.CLIENT, CLIENTS)):
        (_, *situations), *rows = (line.split() for line in table.strip().splitlines())
        for program, *words in rows:
            for situation, word in zip(situations, words, strict=True):
                if word != NOT_ASKED:
                    yield Cell(program, role, Situation(situation), Verdict(word))


CELLS = tuple(cells())
