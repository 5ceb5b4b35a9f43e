"""The daemon's HTTP face: probes, metrics and webhooks. It reads the pulse and wakes the loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from pki_reconciler.daemon import hooks
from pki_reconciler.daemon.metrics import CONTENT_TYPE, NONE, Notified, exposition, label
from pki_reconciler.daemon.pulse import Pulse
from pki_reconciler.daemon.wake import Reason, Wake
from pki_reconciler.decide.report import stillness
from pki_schema import instants
from pki_schema.errors import WorldFailed

_UNCACHED = {"Cache-Control": "no-store"}
PATIENCE = 5
"""Seconds for a body to arrive, and for connections to end when the daemon does."""


def create_app(
    pulse: Callable[[], Pulse | None],
    wake: Wake,
    *,
    secret: bytes | None,
    version: str,
    notices: Callable[[], Notified] = lambda: NONE,
) -> Starlette:
    """The ASGI app. ``pulse`` is the newest one, ``None`` before the first cycle has ended.

    Without ``secret`` no webhook is taken. ``notices`` are what became of them so far.
    """

    async def alive(_: Request) -> Response:
        return PlainTextResponse("ok\n", headers=_UNCACHED)

    async def ready(request: Request) -> Response:
        now = pulse()
        verdict = "ready" if now and now.ready else "not ready"
        text = verbose(now) if "verbose" in request.query_params else ""
        return PlainTextResponse(
            f"{text}{verdict}\n", 200 if verdict == "ready" else 503, headers=_UNCACHED
        )

    async def measured(_: Request) -> Response:
        now = pulse()
        if now is None:
            return PlainTextResponse("not yet\n", 503, headers=_UNCACHED)
        text = exposition(now, version=version, notices=notices())
        return Response(text, media_type=CONTENT_TYPE)

    async def pushed(request: Request) -> Response:
        if secret is None:
            return PlainTextResponse("no webhook here\n", 404)
        body = bytearray()
        async with asyncio.timeout(PATIENCE):
            async for chunk in request.stream():
                body += chunk
                if len(body) > hooks.LARGEST_BODY:
                    return PlainTextResponse("content too large\n", 413)
        if not hooks.is_genuine(request.headers, bytes(body), secret):
            return PlainTextResponse("wrong signature\n", 401)
        wake.call(Reason.PUSH)
        return PlainTextResponse("looking\n", 202)

    async def given_up(_: Request, __: Exception) -> Response:
        return PlainTextResponse("incomplete\n", 400)

    return Starlette(
        routes=[
            Route("/livez", alive),
            Route("/readyz", ready),
            Route("/metrics", measured),
            Route("/hooks/push", pushed, methods=["POST"]),
        ],
        exception_handlers={TimeoutError: given_up, ClientDisconnect: given_up},
    )


def verbose(pulse: Pulse | None) -> str:
    """A line per thing that this host needs, as Kubernetes writes them."""
    if pulse is None:
        return "[-] no cycle has ended yet\n"
    down = {label(one, pulse.report): one for one in pulse.failures}
    names = ["ledger", "repository", *(f"publication/{p.name}" for p in pulse.report.publications)]
    lines = [f"[+] {name} ok" for name in names if name not in down]
    for name, one in sorted(down.items()):
        again = f"; again at {instants.render(one.retry_at)}" if one.retry_at else ""
        lines.append(f"[-] {name} failed {one.attempts} times: {one.message}{again}")
    lines += [f"[-] {one.what} in doubt: {one.evidence}" for one in pulse.report.doubts]
    lines += [f"[-] commit {commit[:12]} was not accepted" for commit in pulse.refused]
    if pulse.rewound:
        lines.append(f"[-] history was rewritten: {pulse.rewound[:12]}")
    lines += [f"[-] {stillness(one)}" for one in pulse.report.slices if one.tenant]
    lines += [f"[-] held {one.code}: {one.message}" for one in pulse.report.held]
    lines.append(f"last cycle {instants.render(pulse.at)}: {pulse.result}")
    return "".join(f"{line}\n" for line in lines)


@contextmanager
def listening(app: Starlette, address: tuple[str, int] | None) -> Iterator[int | None]:
    """Serve for as long as the block lasts; gives the port. Raises ``WorldFailed`` without it."""
    if address is None:
        yield None
        return
    host, port = address
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        raise WorldFailed(
            f"cannot listen on {host} port {port}: {error.strerror}",
            "choose another address in [daemon] listen",
        ) from None
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="error",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=PATIENCE,
            timeout_graceful_shutdown=PATIENCE,
            limit_concurrency=64,
            h11_max_incomplete_event_size=16_384,
        )
    )
    # In a thread uvicorn leaves signals alone: they belong to the loop.
    thread = Thread(target=server.run, args=([listener],), name="http", daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(timeout=2 * PATIENCE)
        listener.close()
