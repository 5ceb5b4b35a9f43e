"""From the commit of a revocation to readers: the full CRL, the OCSP answers and the staple.

A real ``vcc-pki run`` watches the refs of a repository on the same disk; one revocation is
committed after the other, and each is timed from before ``git commit`` until all three stand in the
published folder.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from cryptography import x509
from cryptography.x509 import ocsp

from pki_reconciler.demo import organisation
from tests.bench.fleet import ROOT, Fleet

GOAL = 5.0
"""Seconds that 99 of 100 revocations may take."""

LONGEST = 60.0
LOOKS = 0.005
"""Seconds between two looks at the published folder."""

DAEMON = """
[daemon]
listen = "127.0.0.1:0"
poll = "1h"
"""
REVOCATION = """\
apiVersion: pki.vcc.local/v1
kind: Revocation
metadata: {{name: {name}}}
spec:
  target: {{tenant: fleet, service: {name}}}
  reason: keyCompromise
"""


def report(folder: Path, revocations: int) -> None:
    """Measure one daemon, in a folder without anything, and print how long its revocations took."""
    fleet = _fleet(folder / "fleet", revocations)
    with _running(fleet):
        took = sorted(_revoke(fleet, number) for number in range(1, revocations + 1))
    print(f"{revocations:,} revocations, from before git commit to CRL, answers and staple")
    print(f"median    {median(took):6.2f} s")
    print(f"p99       {took[int(0.99 * (len(took) - 1))]:6.2f} s    goal: at most {GOAL:g}")
    print(f"longest   {took[-1]:6.2f} s")


def _fleet(root: Path, services: int) -> Fleet:
    """A fleet of certified services that may all be revoked within one day."""
    fleet = Fleet.prepare(root)
    fleet.enlist(services)
    with (fleet.tree / "tenants/fleet/tenant.yaml").open("a") as tenant:
        tenant.write(f"  limits: {{revocations: {services}}}\n")
    organisation.commit_all(fleet.tree, "Limits")
    text = fleet.config_file.read_text().replace("revocations = 20", f"revocations = {services}")
    fleet.config_file.write_text(text + DAEMON)
    fleet.reconcile()
    return fleet


@contextmanager
def _running(fleet: Fleet) -> Iterator[None]:
    """The daemon, once its first cycle has begun."""
    program = Path(sys.executable).with_name("vcc-pki")
    command = [str(program), "run", "--config", str(fleet.config_file)]
    log = fleet.root / "run.log"
    with (
        log.open("wb") as stderr,
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stderr=stderr) as daemon,
    ):
        try:
            _wait(lambda: b'"woken"' in log.read_bytes(), "the first cycle")
            yield
        finally:
            daemon.send_signal(signal.SIGTERM)


def _revoke(fleet: Fleet, number: int) -> float:
    """Seconds until readers know."""
    name = organisation.fleet_name(number)
    pointer = json.loads((_folder(fleet, name) / "current.json").read_bytes())
    file = fleet.tree / "revocations" / f"{name}.yaml"
    file.write_text(REVOCATION.format(name=name))
    start = time.perf_counter()
    organisation.commit_all(fleet.tree, f"Revoke {name}")
    _wait(lambda: _is_known(fleet, name, pointer), f"the revocation of {name}")
    return time.perf_counter() - start


def _is_known(fleet: Fleet, name: str, pointer: dict[str, str]) -> bool:
    """Whether all that readers ask says that this certificate is revoked."""
    public, serial = fleet.root / "public", int(pointer["serial"], 16)
    stem = Path(pointer["crl"]).stem
    answers = [
        _folder(fleet, name) / "staple.der",
        *(
            public / "ocsp" / stem / f"{serial:x}.{algorithm}.der"
            for algorithm in ("sha1", "sha256")
        ),
    ]
    crl = x509.load_der_x509_crl((public / pointer["crl"]).read_bytes())
    return crl.get_revoked_certificate_by_serial_number(serial) is not None and all(
        ocsp.load_der_ocsp_response(answer.read_bytes()).certificate_status
        is ocsp.OCSPCertStatus.REVOKED
        for answer in answers
    )


def _folder(fleet: Fleet, name: str) -> Path:
    return fleet.root / "public/svc/fleet" / name / "default"


def _wait(done: Callable[[], bool], what: str) -> None:
    deadline = time.perf_counter() + LONGEST
    while not done():
        if time.perf_counter() > deadline:
            raise SystemExit(f"{what} did not come within {LONGEST:g} s")
        time.sleep(LOOKS)
