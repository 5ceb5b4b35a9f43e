"""What wakes the loop."""

from __future__ import annotations

from threading import Thread

from pki_reconciler.daemon.wake import Reason, Wake


def test_a_hundred_pushes_are_one_look() -> None:
    wake = Wake()
    for _ in range(100):
        wake.call(Reason.PUSH)
    assert wake.wait(60) == {Reason.PUSH}
    assert wake.wait(0) == {Reason.CLOCK}


def test_a_call_from_another_thread_ends_the_wait() -> None:
    wake = Wake()
    caller = Thread(target=wake.call, args=(Reason.REFS,))
    caller.start()
    assert wake.wait(60) == {Reason.REFS}
    caller.join()


def test_stopping_ends_every_wait_for_ever() -> None:
    wake = Wake()
    wake.stop()
    assert wake.stopped
    assert Reason.STOP in wake.wait(60)
    assert Reason.STOP in wake.wait(60)
