"""Java: PKIX of the JDK with CRLs of every level, all certificates in one process."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tests.conformance.programs import run
from tests.conformance.relying_parties.certtool import PURPOSES
from tests.conformance.relying_parties.evidence import Evidence, Presented
from tests.conformance.relying_parties.verdicts import Verdict, told

SOURCE = Path(__file__).with_name("Judge.java")
WORDS = {
    "valid": Verdict.ACCEPTED,
    "REVOKED ": Verdict.REVOKED,
    "EXPIRED ": Verdict.EXPIRED,
    "NO_TRUST_ANCHOR ": Verdict.UNTRUSTED,
    "INVALID_SIGNATURE ": Verdict.UNTRUSTED,
    "UNSPECIFIED CertPathValidatorException: target certificate constraints": Verdict.MISUSED,
}


def judge(_: Evidence, presented: Iterable[Presented], folder: Path) -> dict[str, Verdict]:
    everything = list(presented)
    cases = folder / "cases"
    cases.write_text("".join(f"{_line(each)}\n" for each in everything))
    said = run("java", SOURCE, cases)
    assert said.code == 0, said.text
    answers = said.stdout.splitlines()
    return {
        each.name: told(
            answer, {words: v for words, v in WORDS.items() if answer.startswith(words)}
        )
        for each, answer in zip(everything, answers, strict=True)
    }


def _line(presented: Presented) -> str:
    moment = int(presented.at.timestamp())
    files = (presented.fullchain, presented.anchor, presented.crls)
    return "\t".join((*map(str, files), str(moment), PURPOSES[presented.role]))
