"""What Prometheus scrapes, read by Prometheus' own parser."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import msgspec
from prometheus_client.parser import text_string_to_metric_families

from pki_reconciler.daemon.listening import verbose
from pki_reconciler.daemon.metrics import exposition, families
from pki_reconciler.daemon.pulse import Pulse
from pki_reconciler.ledger.read import Reader
from pki_schema.errors import WorldFailed
from pki_schema.reported import Doubt, SliceStatus
from tests.properties.organisation import SERVICES, Revoke, Scene
from tests.reconciler.daemon.conftest import running

README = Path(__file__).parents[3] / "reconciler" / "README.md"

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples(pulse: Pulse) -> Samples:
    text = exposition(pulse, version="1").decode()
    return {
        (one.name, frozenset(one.labels.items())): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def value(found: Samples, name: str, /, **labels: str) -> float:
    return found[name, frozenset(labels.items())]


def test_every_certificate_and_ca_with_its_instants(scene: Scene) -> None:
    with running(scene) as daemon:
        found = samples(daemon.cycle())
    [web] = scene.world.certificates(*SERVICES[0])
    named = {"tenant": "alpha", "name": "web/default", "ca": "issuing"}
    ends = value(found, "pki_certificate_expiration_timestamp_seconds", **named)
    assert ends == web.not_after.timestamp()
    assert value(found, "pki_certificate_renewal_timestamp_seconds", **named) < ends
    ready = {"tenant": "alpha", "name": "web/default", "condition": "True"}
    assert value(found, "pki_certificate_ready_status", **ready) == 1
    assert value(found, "pki_certificates", tenant="alpha", health="Healthy") == 2
    with Reader.open(scene.world.ledger_path) as reader:
        crls = {(a.name, str(a.generation)): a.crl for a in reader.authorities().values()}
    for (ca, generation), crl in crls.items():
        assert crl is not None
        of_ca = {"ca": ca, "generation": generation}
        assert value(found, "pki_crl_number", **of_ca) == crl.number
        until = value(found, "pki_crl_next_update_timestamp_seconds", **of_ca)
        assert until == crl.next_update.timestamp()


def test_cycles_are_counted_by_result_and_length(scene: Scene) -> None:
    with running(scene) as daemon:
        for _ in range(3):
            pulse = daemon.cycle()
    found = samples(pulse)
    assert value(found, "pki_reconcile_total", result="success") == 3
    assert value(found, "pki_reconcile_duration_seconds_count") == 3
    assert value(found, "pki_reconcile_duration_seconds_bucket", le="+Inf") == 3


def test_a_key_that_is_away_has_the_name_of_its_ca(scene: Scene) -> None:
    with Reader.open(scene.world.ledger_path) as reader:
        [issuing] = [a for a in reader.authorities().values() if a.name == "issuing"]
    scene.keys.keys.pop(issuing.spki)
    Revoke(SERVICES[0], "superseded").act(scene)
    scene.commit()
    with running(scene) as daemon:
        pulse = daemon.cycle()
    found = samples(pulse)
    assert value(found, "pki_resource_up", resource="signer/issuing/1") == 0
    assert value(found, "pki_resource_up", resource="repository") == 1
    assert "[-] signer/issuing/1 failed 1 times" in verbose(pulse)


def test_what_is_held_is_told_with_its_beginning(scene: Scene) -> None:
    scene.limit("alpha", 0)
    scene.commit()
    with running(scene) as daemon:
        daemon.cycle()
        Revoke(SERVICES[0], "superseded").act(scene)
        scene.commit()
        first = daemon.cycle(seconds=60)
        pulse = daemon.cycle(seconds=60)
    [held] = pulse.report.held
    found = samples(pulse)
    assert pulse.result == "held"
    assert value(found, "pki_guard_held", code=held.code) == 1
    since = value(found, "pki_guard_held_since_timestamp_seconds", code=held.code)
    assert since == first.at.timestamp()
    assert f"[-] held {held.code}" in verbose(pulse)


def test_files_that_wait_are_told_with_their_beginning(scene: Scene) -> None:
    def full(_: object) -> None:
        raise WorldFailed("the disk is full")

    scene.target.before = full
    Revoke(SERVICES[0], "superseded").act(scene)
    scene.commit()
    with running(scene) as daemon:
        first = daemon.cycle()
        found = samples(daemon.cycle(seconds=60))
    assert value(found, "pki_publish_unwritten", target="public") > 0
    since = value(found, "pki_publish_oldest_unwritten_timestamp_seconds", target="public")
    assert since == first.at.timestamp()


def test_the_age_of_answers_is_told_as_an_instant(scene: Scene) -> None:
    with running(scene) as daemon:
        first = daemon.cycle()
        found = samples(daemon.cycle(hours=1))
    of_ca = {"ca": "issuing", "generation": "1"}
    signed = value(found, "pki_ocsp_staple_timestamp_seconds", **of_ca)
    assert signed <= first.at.timestamp()
    assert signed < value(found, "pki_ocsp_next_update_timestamp_seconds", **of_ca)


def test_slices_that_stand_still_and_doubts_are_told(scene: Scene) -> None:
    with running(scene) as daemon:
        pulse = daemon.cycle()
    assert value(samples(pulse), "pki_in_doubt", what="ledger") == 0
    troubled = msgspec.structs.replace(
        pulse.report,
        slices=(SliceStatus(tenant="beta", commit="b" * 40, since="a" * 40, count=3),),
        doubts=(Doubt(what="ledger", evidence="keys know more", remedy="look"),),
    )
    found = samples(replace(pulse, report=troubled))
    assert value(found, "pki_slice_faults", tenant="beta") == 3
    assert value(found, "pki_in_doubt", what="ledger") == 1
    assert value(found, "pki_in_doubt", what="clock") == 0


def test_the_readme_lists_every_metric_with_its_labels_and_its_type(scene: Scene) -> None:
    """Alert rules and boards are written from that table."""
    with running(scene) as daemon:
        pulse = daemon.cycle()
    rows = re.findall(r"^\| `(pki_\w+)` \| ([^|]+) \| (\w+) \|", README.read_text(), re.MULTILINE)
    told = {name: (kind, frozenset(labels.split(", ")) - {"–"}) for name, labels, kind in rows}
    ending = {"counter": "_total", "info": "_info"}
    exposed = {
        one.name + ending.get(one.type, ""): (one.type, frozenset(one._labelnames))
        for one in families(pulse, version="1")
    }
    exposed["pki_build_info"] = ("info", frozenset({"version"}))
    assert told == exposed
