"""Publish three files, as a process of its own: ``main`` takes the folder to be published."""

from __future__ import annotations

from pathlib import Path

from pki_publishers.layout import Class
from pki_publishers.release import PublicObject
from pki_publishers.targets import DirectoryTarget

FILES = {f"aia/one-{number}.cer": bytes([number]) * 1_000 for number in range(3)}


def main(folder: str) -> int:
    objects = [
        PublicObject(path=path, body=body, kind=Class.AUTHORITY, unit="one")
        for path, body in FILES.items()
    ]
    DirectoryTarget(Path(folder)).write([objects])
    return 0
