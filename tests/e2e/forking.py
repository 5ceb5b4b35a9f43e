"""The server behind ``Mortals``: forks a process for each line it reads, and watches its calls."""

from __future__ import annotations

import errno
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, NoReturn

import git  # noqa: F401 - it runs git when it is imported
import msgspec
import uvicorn  # noqa: F401

from pki_reconciler.cli import apply, compose, entry, init, run  # noqa: F401
from tests.e2e import reconcile_once, seccomp, write_once  # noqa: F401
from tests.e2e.effects import Process

PATIENCE = 120_000
"""Milliseconds without a watched call until a process is taken for one that hangs."""


def main() -> None:
    compose.check_linter()
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        print(json.dumps(_served(json.loads(line))), flush=True)


def _served(request: dict[str, Any]) -> dict[str, Any]:
    with ExitStack() as stack:
        out, err = (stack.enter_context(tempfile.TemporaryFile()) for _ in range(2))
        ours, theirs = (stack.enter_context(one) for one in socket.socketpair())
        child = os.fork()
        if not child:
            _live(request, theirs, out, err)
        theirs.close()
        calls = list(_watched(child, ours, request)) if request["watched"] else []
        _, status = os.waitpid(child, 0)
        for stream in (out, err):
            stream.seek(0)
        return {
            "code": os.waitstatus_to_exitcode(status),
            "stdout": out.read().decode(),
            "stderr": err.read().decode(),
            "calls": calls,
        }


def _live(
    request: dict[str, Any], channel: socket.socket, out: IO[bytes], err: IO[bytes]
) -> NoReturn:
    """The forked process; it ends here."""
    code = 70  # sysexits' EX_SOFTWARE, which the command never ends with
    try:
        gc.disable()
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        os.chdir(request["below"])
        name, *arguments = request["command"]
        if request["watched"]:
            listener = seccomp.guard(request["watched"])
            socket.send_fds(channel, [b"."], [listener])
            os.close(listener)
        channel.close()
        if name.startswith("tests."):
            code = importlib.import_module(name).main(*arguments)
        else:
            code = entry.call([name, *arguments])
    except BaseException:  # noqa: BLE001 - the test is told, and must find no stack trace
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _watched(
    child: int, channel: socket.socket, request: dict[str, Any]
) -> Iterator[tuple[str, int]]:
    """Answer every call until the process is gone; yields those on files of its world."""
    _, descriptors, _, _ = socket.recv_fds(channel, 1, 1)
    if not descriptors:
        return  # it ended before; why stands in its stderr
    [listener] = descriptors
    with ExitStack() as stack:
        stack.callback(os.close, listener)
        alive = os.pidfd_open(child)
        stack.callback(os.close, alive)
        process = Process(child)
        record = request["record"] and stack.enter_context(Path(request["record"]).open("wb"))
        at, error, counted = request["at"], request["error"], request["counted"]

        def counts_for(path: str) -> bool:
            return path == counted or path.startswith(f"{counted}/")

        counts: Counter[str] = Counter()
        waiting = select.poll()
        waiting.register(listener, select.POLLIN)
        waiting.register(alive, select.POLLIN)
        while ready := dict(waiting.poll(PATIENCE)):
            if listener not in ready:
                return
            if not ready[listener] & select.POLLIN or not (asked := seccomp.receive(listener)):
                if alive in ready:
                    return
                continue
            effect = process.effect(asked, data=bool(record)) if process.has(asked.thread) else None
            if effect is None or not counts_for(effect.path):
                seccomp.answer(listener, asked)
                continue
            counts[asked.name] += 1
            yield asked.name, counts[asked.name]
            late = counts[asked.name] - at["count"] if at and at["call"] == asked.name else -1
            hit = late == 0 or (late > 0 and request["for_ever"])
            if record:
                told = msgspec.structs.replace(effect, failed=hit and bool(error))
                record.write(msgspec.json.encode(told) + b"\n")
            if hit and request["hold"]:
                print(json.dumps({"held": True}), flush=True)
                sys.stdin.readline()
            elif hit and not error:
                os.kill(child, signal.SIGKILL)
                return
            seccomp.answer(listener, asked, getattr(errno, error) if hit and error else 0)
        os.kill(child, signal.SIGKILL)


if __name__ == "__main__":
    main()
