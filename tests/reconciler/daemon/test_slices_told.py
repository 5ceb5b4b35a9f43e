"""A tenant that stands still, as the daemon tells it: once in the log, always where one asks."""

from __future__ import annotations

import io
import json

from pki_reconciler.daemon.listening import verbose
from pki_reconciler.daemon.log import Log
from pki_reconciler.daemon.metrics import exposition
from pki_reconciler.daemon.running import Daemon, Ears
from pki_reconciler.daemon.wake import Reason
from tests.properties.organisation import SERVICES, Break, Declare, Fix, Nursery


def test_a_fault_and_its_end_are_logged_once_and_shown_meanwhile(nursery: Nursery) -> None:
    told = io.StringIO()
    log = Log(told)
    with nursery.scene() as scene, scene.world.host() as host:
        daemon = Daemon(host, Ears(began=lambda _: None, ended=log.ended))
        pulses = []
        for step in (Break(), Declare(SERVICES[2], days=60), None, Fix(), None):
            if step is not None:
                scene.play([step])
            scene.world.clock.advance(seconds=60)
            pulses.append(daemon.cycle(frozenset({Reason.CLOCK})))
    events = [json.loads(line) for line in told.getvalue().splitlines()]
    faults = [(e["event"], e["tenant"]) for e in events if e["event"].startswith("tenant ")]
    assert faults == [("tenant stands still", "alpha"), ("tenant is sound again", "alpha")]
    for pulse, sound in zip(pulses, (False, False, False, True, True), strict=True):
        metrics = exposition(pulse, version="1").decode()
        assert f'pki_slice_valid{{tenant="alpha"}} {float(sound)}' in metrics
        assert 'pki_slice_valid{tenant="beta"} 1.0' in metrics
        assert pulse.ready
        assert ("[-] tenant alpha stands still" in verbose(pulse)) != sound
