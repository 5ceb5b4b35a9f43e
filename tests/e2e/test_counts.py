"""Work grows with what changed, not with what exists: one file of many is one of everything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pki_reconciler.cli import entry
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


@pytest.mark.slow
def test_one_changed_service_of_two_thousand_is_one_of_everything(tmp_path: Path) -> None:
    host = _fleet(tmp_path / "demo", 2_000)
    _expect_one_of_everything(host)
    _expect_nothing(host)
