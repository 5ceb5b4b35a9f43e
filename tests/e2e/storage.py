"""A file system that forgets: what may be left of a recorded run when the power fails.

``kill -9`` proves nothing about durability, because the kernel keeps what was never synced. A
``Disk`` is given the recorded effects of a run one by one and knows at any moment what POSIX
promises to be there after a power failure, and what may be there or not: octets written since the
file's last sync, and names made, moved or removed since their folder's last sync.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from tests.e2e.effects import Effect

SECTOR = 512
"""A write is torn between sectors."""


Contents = dict[str, bytes | None]
"""Files by path, folders with ``None``; paths are relative to a world."""


def contents(root: Path, folders: Iterable[str], *, without: str) -> Contents:
    """What is in these folders of a world, but what lies below ``without``."""
    found = [path for name in folders for path in (root / name, *(root / name).rglob("*"))]
    return {
        name: path.read_bytes() if path.is_file() else None
        for path in found
        if path.exists() and not (name := path.relative_to(root).as_posix()).startswith(without)
    }


def recorded(log: Path, root: Path) -> list[Effect]:
    """The effects of a run, with paths relative to its world."""
    found = [msgspec.json.decode(line, type=Effect) for line in log.read_bytes().splitlines()]
    return [
        msgspec.structs.replace(one, path=_below(root, one.path), target=_below(root, one.target))
        for one in found
    ]


def _below(root: Path, path: str) -> str:
    """The world's own folder is the empty path."""
    return "" if path == str(root) else path.removeprefix(f"{root}/")


@dataclass
class File:
    """``kept`` survives for sure; ``recent`` are writes (where, what) and cuts since then."""

    content: bytes = b""
    kept: bytes = b""
    recent: list[tuple[int, bytes | None]] = field(default_factory=list)

    def change(self, at: int, data: bytes | None) -> None:
        self.content = changed(self.content, at, data)
        self.recent.append((at, data))

    def sync(self) -> None:
        """What was lost by a sync that failed is not made durable by one that succeeds."""
        for at, data in self.recent:
            self.kept = changed(self.kept, at, data)
        self.recent.clear()

    def fail_to_sync(self) -> None:
        """Processes still read what they wrote, and no later sync writes it (fsync(2), EIO)."""
        self.recent.clear()


def changed(content: bytes, at: int, data: bytes | None) -> bytes:
    """With data written somewhere, or without data cut (or filled up) to a length."""
    padded = content.ljust(at, b"\0")
    return padded[:at] if data is None else padded[:at] + data + padded[at + len(data) :]


Names = dict[str, File | None]
"""What stands at each path; ``None`` is a folder."""


@dataclass(frozen=True)
class Step:
    """A change of names: ``file`` goes from ``old`` (if any) to ``new`` (if any), a folder with all
    that is in it by then.
    """

    file: File | None
    old: str = ""
    new: str = ""

    def touches(self, folder: str) -> bool:
        return any(path and path.rpartition("/")[0] == folder for path in (self.old, self.new))

    def take(self, names: Names) -> None:
        inside = below(names, self.old) if self.old and self.file is None else []
        if self.old and self.old in names and names[self.old] is self.file:
            del names[self.old]
        if self.new:
            names[self.new] = self.file
            for path in inside:
                names[self.new + path.removeprefix(self.old)] = names.pop(path)


def below(names: Names, folder: str) -> list[str]:
    """The paths of everything in a folder."""
    return [path for path in names if path.startswith(f"{folder}/")]


Keeps = Callable[[], bool]
"""Whether one more of what may be lost is kept."""


@dataclass
class Disk:
    """``names`` is what processes see, ``kept`` what survives for sure, ``recent`` the rest."""

    names: Names
    kept: Names
    recent: list[Step] = field(default_factory=list)

    @classmethod
    def holding(cls, durable: Contents) -> Disk:
        """These files and folders, durable."""
        found: Names = {path: None if b is None else File(b, b) for path, b in durable.items()}
        found[""] = None
        return cls(found, dict(found))

    def take(self, effect: Effect) -> None:
        """Let it happen; what failed when it was recorded (a name that is taken) does nothing.

        What was not synced in a folder before it was moved never will be: nobody may rely on that.
        """
        there = self.names.get(effect.path)
        if effect.failed:
            if effect.kind == "sync" and there:
                there.fail_to_sync()
            elif effect.kind == "sync all":
                for file in filter(None, self.names.values()):
                    file.fail_to_sync()
            return
        match effect.kind:
            case "write" if there:
                there.change(effect.at, effect.data)
            case "cut" | "empty" if there:
                there.change(effect.at, None)
            case "create" | "empty" if effect.path not in self.names:
                self._step(Step(File(), new=effect.path))
            case "folder" if effect.path not in self.names:
                self._step(Step(None, new=effect.path))
            case "move" if effect.path in self.names:
                self._step(Step(there, old=effect.path, new=effect.target))
            case "link" if there:
                self._step(Step(there, new=effect.target))
            case "remove" if effect.path in self.names:
                self._step(Step(there, old=effect.path))
            case "sync" if there:
                there.sync()
            case "sync":
                self._settle(lambda step: step.touches(effect.path))
            case "sync all":
                self._settle(lambda _: True)
                for file in filter(None, self.names.values()):
                    file.sync()

    def _step(self, step: Step) -> None:
        parent = (step.new or step.old).rpartition("/")[0]
        if parent in self.names:
            step.take(self.names)
            self.recent.append(step)

    def _settle(self, which: Callable[[Step], bool]) -> None:
        """Also what made the names that these move or remove: it cannot come after them."""
        chosen: list[Step] = []
        gone: set[str] = set()
        for step in reversed(self.recent):
            if which(step) or (step.new and step.new in gone):
                chosen.append(step)
                gone.add(step.old)
        for step in reversed(chosen):
            step.take(self.kept)
        settled = {id(step) for step in chosen}
        self.recent = [step for step in self.recent if id(step) not in settled]

    def moved(self, effect: Effect) -> dict[str, File]:
        """The files that a move gives their names, by these."""
        files = {effect.path: self.names.get(effect.path)}
        files |= {path: self.names[path] for path in below(self.names, effect.path)}
        return {effect.target + p.removeprefix(effect.path): f for p, f in files.items() if f}

    def unsettled(self, folder: str) -> list[str]:
        """Paths below a folder whose name or content may still be lost."""
        steps = {path for s in self.recent for path in (s.old, s.new)}
        files = {path for path, file in self.names.items() if file and file.recent}
        return sorted(path for path in steps | files if path.startswith(f"{folder}/"))

    def after_power_failure(
        self, names: Keeps, data: Keeps, torn: random.Random
    ) -> dict[str, bytes]:
        """The files that are left, by path: of recent names and writes those that are kept."""
        left = dict(self.kept)
        for step in self.recent:
            if names():
                step.take(left)
        folders = {path for path, file in left.items() if file is None}
        found = {}
        for path, file in left.items():
            if file is not None and _reached(path, folders):
                content = file.kept
                for at, octets in file.recent:
                    if data():
                        content = changed(content, at, octets)
                    elif octets and torn.random() < 1 / 4:
                        sectors = torn.randrange(1 + len(octets) // SECTOR)
                        content = changed(content, at, octets[: sectors * SECTOR])
                found[path] = content
        return found


def _reached(path: str, folders: Collection[str]) -> bool:
    """Whether all folders above it are there."""
    above = path.rpartition("/")[0]
    return not above or (above in folders and _reached(above, folders))
