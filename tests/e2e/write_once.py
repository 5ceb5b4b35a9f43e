"""Publish a few files in three phases, as a process of its own: ``main`` takes the folder to be
published. What ``FILES`` has of the last phase belongs into a folder that is there by then.
"""

from __future__ import annotations

from pathlib import Path

from pki_publishers.layout import Class
from pki_publishers.release import PublicObject
from pki_publishers.targets import DirectoryTarget

PHASES = (
    {f"aia/one-{number}.cer": bytes([number]) * 1_000 for number in range(3)},
    {"crl/one.crl": b"list", "svc/t/s/c/1/cert.pem": b"certificate"},
    {"svc/t/s/c/current.json": b"pointer", "status.json": b"summary", "aia/last.cer": b"last"},
)
FILES = {path: body for phase in PHASES for path, body in phase.items()}


def main(folder: str) -> int:
    kinds = (Class.AUTHORITY, Class.STATUS, Class.POINTER)
    phases = [
        [PublicObject(path, body, kind, "one") for path, body in phase.items()]
        for phase, kind in zip(PHASES, kinds, strict=True)
    ]
    DirectoryTarget(Path(folder)).write(phases)
    return 0
