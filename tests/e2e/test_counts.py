"""Work grows with what changed, not with what exists: one file of many is one of everything."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from pki_reconciler.cli import entry
from pki_reconciler.cli.compose import host as composed
from pki_reconciler.config import load_config
from pki_reconciler.daemon.running import Daemon, Ears
from pki_reconciler.loop import Host
from tests.installation import Installation
from tests.published import is_page
from tests.worlds import SHIPPED

SERVICE = "service-00007"
FOLDER = f"svc/fleet/{SERVICE}/default"


def _fleet(root: Path, services: int) -> Installation:
    """The demo with ``services`` service certificates in all, published."""
    arguments = ["--from", str(SHIPPED), "--dir", str(root), "--services", str(services)]
    assert entry.call(["demo", *arguments]) == 0
    return Installation(root)


def _change_one(host: Installation) -> tuple[str, Any]:
    """Give one service a SPIFFE URI; returns the commit and what ``apply`` says."""
    name = f"spiffe://fleet.vcc.internal/fleet/{SERVICE}"
    host.append(f"tenants/fleet/services/{SERVICE}.yaml", f'  uris: ["{name}"]\n')
    commit = host.commit()
    return commit, host.apply()


def _expect_one_of_everything(host: Installation) -> None:
    """Parsed, planned, signed: one. Published: its set, pointer, staple, answers, when to
    renew it and the one before, the summary; and the pages that tell of it, three or four.
    """
    before = host.published
    former = before.current(SERVICE, "fleet")
    commit, document = _change_one(host)
    after = host.published
    counts, current = document["counts"], after.current(SERVICE, "fleet")
    answers = f"ocsp/{after.stem('vcc-services')}/{current['serial']}"
    expected = sorted(
        [
            f"{FOLDER}/{current['set']}/bundle.p7b",
            f"{FOLDER}/{current['set']}/cert.pem",
            f"{FOLDER}/{current['set']}/chain.pem",
            f"{FOLDER}/{current['set']}/fullchain.pem",
            f"{FOLDER}/fullchain.pem.ocsp",
            f"{FOLDER}/current.json",
            f"{FOLDER}/staple.der",
            f"{answers}.sha1.der",
            f"{answers}.sha256.der",
            current["renewalInfo"],
            former["renewalInfo"],  # whoever holds the former one is told to come now
            "status.json",  # it names the accepted commit
        ]
    )
    assert current["set"] != former["set"]
    assert (counts["manifests_parsed"], counts["subjects_planned"], counts["signed"]) == (1, 1, 1)
    assert (counts["crls_signed"], counts["answers_signed"], counts["revoked"]) == (0, 2, 0)
    pages = [path for path in document["objects"] if is_page(path)]
    assert sorted({*document["objects"]} - {*pages}) == expected
    assert pages[:2] == ["expiry.ics", "index.html"]
    assert [p for p in pages[2:] if not p.startswith("status/fleet")] == []
    assert 3 <= len(pages) <= 4
    assert counts["published"] == len(expected) + len(pages)
    changed = sorted(p for p in after.files if before.files.get(p) != after.files[p])
    assert changed == document["objects"]
    assert after.json("status.json")["commit"] == commit
    # an accepted commit, an intent and a certificate, an intent and a batch of answers
    assert counts["written"] == 5


def _expect_nothing(host: Installation) -> None:
    """A second reconcile signs 0, writes 0, publishes 0."""
    document = host.apply()
    assert document["objects"] == []
    assert not any(document["counts"].values())


def test_one_changed_service_of_sixty_is_one_of_everything(tmp_path: Path) -> None:
    host = _fleet(tmp_path / "demo", 60)
    _expect_one_of_everything(host)
    _expect_nothing(host)


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return _fleet(tmp_path_factory.mktemp("few") / "demo", 20)


def test_a_cycle_with_nothing_to_do_does_as_much_for_many_services_as_for_few(
    few: Installation, tmp_path: Path
) -> None:
    """Counted in calls, of Python and of what is below it: seconds depend on the machine. Both have
    the same tenants.
    """
    many = _fleet(tmp_path / "many", 50)
    assert 1_000 < _calls_of_a_quiet_cycle(many) <= 1.01 * _calls_of_a_quiet_cycle(few)


def test_a_cycle_with_nothing_to_do_reads_no_table_from_end_to_end(few: Installation) -> None:
    """But those of an index that holds only what is open, and those that hold what went wrong."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, values: Any, *_: object) -> None:
        asked.append((statement, values))

    with _quiet(few) as (together, daemon):
        sa.event.listen(sa.Engine, "before_cursor_execute", note)
        try:
            daemon.cycle(frozenset())
        finally:
            sa.event.remove(sa.Engine, "before_cursor_execute", note)
        connection = together.ledger.reader._connection
        steps = {
            row[3]
            for statement, values in asked
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        }
    scans = {step for step in steps if step.startswith("SCAN")}
    scans -= {step for step in scans if step.split()[1] in ("fault", "doubt", "orphan")}
    assert len(asked) > 10
    assert {step for step in scans if "USING" not in step or "autoindex" in step} == set()


def _calls_of_a_quiet_cycle(host: Installation) -> int:
    """Functions that the running daemon calls when nothing has changed and nothing is due."""
    calls = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    with _quiet(host) as (_, daemon):
        sys.setprofile(count)
        try:
            pulse = daemon.cycle(frozenset())
        finally:
            sys.setprofile(None)
    assert pulse.result == "success"
    return calls


@contextmanager
def _quiet(host: Installation) -> Iterator[tuple[Host, Daemon]]:
    """A daemon after some cycles: the first makes the report and fills what is remembered."""
    ears = Ears(began=lambda _: None, ended=lambda _pulse, _outcome: None)
    with composed(host.config, load_config(host.config)) as together:
        daemon = Daemon(together, ears)
        for _ in range(3):
            daemon.cycle(frozenset())
        yield together, daemon


@pytest.mark.slow
def test_one_changed_service_of_two_thousand_is_one_of_everything(tmp_path: Path) -> None:
    host = _fleet(tmp_path / "demo", 2_000)
    _expect_one_of_everything(host)
    _expect_nothing(host)
