"""A connection that ends in time, whatever the other side does."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Timer

from pki_reconciler.daemon.channels.channel import PATIENCE, Undelivered
from pki_schema.errors import WorldFailed


@contextmanager
def connected(
    host: str, port: int, *, tls: ssl.SSLContext | None, seconds: float = PATIENCE
) -> Iterator[socket.socket]:
    """A socket for the block, which fails with ``Undelivered`` if it takes longer than this.

    A timeout of a socket counts anew with every octet, so a timer shuts the connection down.
    """
    late = False
    try:
        plain = socket.create_connection((host, port), timeout=seconds)
    except OSError as error:
        raise Undelivered(f"cannot be reached: {_why(error)}") from None
    # Its own descriptor, which nobody else closes or wraps, of the same connection.
    spare = plain.dup()

    def cut() -> None:
        nonlocal late
        late = True
        with suppress(OSError):
            spare.shutdown(socket.SHUT_RDWR)

    timer = Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        with _wrapped(plain, tls, host) as channel:
            yield channel
    except Undelivered:
        if late:
            raise _too_slow(seconds) from None
        raise
    except OSError as error:
        if late:
            raise _too_slow(seconds) from None
        raise Undelivered(f"the connection failed: {_why(error)}") from None
    finally:
        timer.cancel()
        timer.join()
        spare.close()
        plain.close()


def trusting(ca_file: Path | None) -> ssl.SSLContext:
    """TLS 1.2 or later, verified with these roots, or the system's; raises ``WorldFailed``."""
    try:
        return ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    except (OSError, ssl.SSLError):
        raise WorldFailed(
            f"{ca_file} is no file of certificates in PEM", "correct ca_file in [[notify]]"
        ) from None


def _wrapped(plain: socket.socket, tls: ssl.SSLContext | None, host: str) -> socket.socket:
    return tls.wrap_socket(plain, server_hostname=host) if tls else plain


def _too_slow(seconds: float) -> Undelivered:
    return Undelivered(f"no answer within {seconds:g} s")


def _why(error: OSError) -> str:
    """The system's own words only."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message})"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return error.strerror or type(error).__name__
