"""When the power fails: what was never synced may be gone, and nothing else is.

One reconcile of more than twenty mixed changes is recorded, call by call. From the record follows
what a file system may have kept at each moment (``storage``): all of that must be a state from
which the next reconcile goes on, and nothing that was acknowledged may be missing in it.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import random
import shutil
import sqlite3
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pki_publishers import layout
from pki_schema.instants import to_epoch
from tests.e2e.busy_day import NOW, Day, reconciling
from tests.e2e.effects import Effect
from tests.e2e.evidence import Evidence, differences
from tests.e2e.mortals import Mortals
from tests.e2e.seccomp import CHANGING
from tests.e2e.storage import Contents, Disk, Keeps, contents, recorded
from tests.e2e.wreckage import LEDGER, Books, books, damages
from tests.e2e.write_once import FILES, PHASES

FOLDERS = ("state", "keys", "offline", "public")
GIT = "state/repository.git"
"""Git's own: a copy of what can be fetched again."""

NEVER_SYNCED = frozenset({"state/git.config"})
"""Read before each fetch, and written again when it is not what it should be."""


@dataclass(frozen=True)
class Recording:
    """The effects of a run, with paths below its world, and the files before and after it."""

    effects: tuple[Effect, ...]
    before: Contents
    after: Contents
    aside: Path

    def disk(self, count: int | None = None) -> Disk:
        """After the first so many effects, or all."""
        disk = Disk.holding(self.before)
        for effect in self.effects[:count]:
            disk.take(effect)
        return disk

    @cached_property
    def versions(self) -> dict[str, set[str]]:
        """The whole contents that each path had before the run, or was given by a move."""
        found = defaultdict(set)
        for path, body in self.before.items():
            if body is not None:
                found[path].add(hashlib.sha256(body).hexdigest())
        disk = self.disk(0)
        for effect in self.effects:
            if effect.kind == "move":
                for path, file in disk.moved(effect).items():
                    found[path].add(hashlib.sha256(file.content).hexdigest())
            disk.take(effect)
        return found

    @cached_property
    def promised(self) -> list[int]:
        """How many entries a commit had reported as durable before each effect, and at the end."""
        found, size, waiting = [], 0, False
        disk = self.disk(0)
        for effect in self.effects:
            if waiting and effect.kind != "sync":
                files = {path: file.content for path, file in disk.names.items() if file}
                size, waiting = self.read(files).size, False
            found.append(size)
            disk.take(effect)
            waiting = waiting or (effect.kind == "sync" and effect.path == f"{LEDGER}-wal")
        return [*found, size]

    def read(self, files: dict[str, bytes]) -> Books:
        return books(files, self.aside, to_epoch(NOW))


@pytest.fixture(scope="module")
def recording(day: Day, mortals: Mortals, tmp_path_factory: pytest.TempPathFactory) -> Recording:
    folder = tmp_path_factory.mktemp("recording")
    root, log, aside = day.again(folder / "world"), folder / "effects", folder / "aside"
    aside.mkdir()
    before = contents(root, FOLDERS, without=GIT)
    run = mortals.run(reconciling(root), root, watched=CHANGING, record=log)
    assert run.code == 0, run.stderr
    after = contents(root, FOLDERS, without=GIT)
    recording = Recording(tuple(recorded(log, root)), before, after, aside)
    shutil.rmtree(root)
    return recording


# The record


def test_the_record_is_complete(recording: Recording) -> None:
    """What it adds up to is what the run left, octet by octet: no call was missed."""
    made = {p: file.content if file else None for p, file in recording.disk().names.items() if p}
    assert sorted(made.keys() ^ recording.after.keys()) == []
    assert [
        p for p, body in made.items() if body != recording.after[p] and p[: len(GIT)] != GIT
    ] == []


# In which order


def test_files_are_synced_before_they_are_renamed(recording: Recording) -> None:
    """Published files, keys: a name never becomes durable before the octets behind it, nor a new
    folder before what is in it.
    """
    disk = recording.disk(0)
    moves = 0
    for effect in recording.effects:
        if effect.kind == "move" and effect.target not in NEVER_SYNCED:
            assert disk.unsettled(effect.path) == [], effect.target
            for path, file in disk.moved(effect).items():
                assert file.recent == [], path
                moves += 1
        disk.take(effect)
    assert moves > 200


def test_folders_are_synced_before_the_ledger_goes_on(recording: Recording) -> None:
    """Whenever the ledger is written to, every published file and every key is durable under its
    name; so what it acknowledges is.
    """
    disk = recording.disk(0)
    for effect in recording.effects:
        if effect.path == f"{LEDGER}-wal" and effect.kind == "write":
            public = disk.unsettled("public")
            left = [
                path for path in public if not path.startswith(("public/.staging", "public/.fence"))
            ]
            assert left + disk.unsettled("keys") + disk.unsettled("offline") == []
        disk.take(effect)


def test_each_phase_is_durable_before_the_next(recording: Recording) -> None:
    """CA certificates, then status, bundles and sets, then pointers; what is in a new folder comes
    at once with the first of it.
    """
    disk = recording.disk(0)
    phases: list[layout.Class] = []
    moved: set[str] = set()
    for effect in recording.effects:
        paths = disk.moved(effect) if effect.kind == "move" else {}
        places = [layout.place(path.removeprefix("public/")) for path in paths]
        kinds = [place.kind for place in places if place]
        if kinds:
            if phases and phases[-1] != min(kinds):
                assert moved <= disk.after_power_failure(_never, _never, random.Random()).keys()
            phases.append(min(kinds))
            moved |= paths.keys()
        disk.take(effect)
    assert phases == sorted(phases)
    assert len(set(phases)) > 3


def test_an_intent_is_durable_before_its_signature_exists(
    day: Day, recording: Recording, tmp_path: Path
) -> None:
    """The first octets that contain a signature are written after the sync behind its intent."""
    root = _laid_out(tmp_path / "world", recording.after)
    old = Evidence.gathered(day.folder, tmp_path).issued
    found = Evidence.gathered(root, tmp_path)
    effects = recording.effects
    writes = [(n, effect.data) for n, effect in enumerate(effects) if effect.kind == "write"]
    wal = f"{LEDGER}-wal"
    syncs = [n for n, effect in enumerate(effects) if (effect.kind, effect.path) == ("sync", wal)]
    new = [(key, der) for der, key in found.issued.items() if der not in old]
    for key, der in new:
        serial = base64.b64encode(found.intents[key].tbs)[16:40]  # octets 12 to 30: of the serial
        intended = _first(writes, serial)
        durable = next(n for n in syncs if n > intended)
        # As the ledger's text has it, and as it is published.
        signed = min(_first(writes, base64.b64encode(der)[-96:]), _first(writes, der[-48:]))
        assert intended < durable < signed
    assert len(new) > 20


def _first(writes: Sequence[tuple[int, bytes]], octets: bytes) -> int:
    """Which write has any third of these octets first (a page may end amidst them)."""
    third = len(octets) // 3
    parts = [octets[n : n + third] for n in range(0, third * 3, third)]
    return next((n for n, data in writes if any(part in data for part in parts)), sys.maxsize)


# What is left


def _never() -> bool:
    return False


def _always() -> bool:
    return True


CHANCES: dict[str, Callable[[random.Random], tuple[Keeps, Keeps]]] = {
    "nothing that was not synced": lambda _: (_never, _never),
    "names without their octets": lambda _: (_always, _never),
    "octets without their names": lambda _: (_never, _always),
    "half the names": lambda chance: (lambda: chance.random() < 0.5, _always),
    "nearly everything": lambda chance: (lambda: chance.random() < 0.9,) * 2,
    "hardly anything": lambda chance: (lambda: chance.random() < 0.1,) * 2,
}
"""What is kept of recent names, and of recent writes."""


def _failed(recording: Recording, count: int, kept: str, seed: int) -> dict[str, bytes]:
    """The files that are left when the power fails after so many effects."""
    chance = random.Random(seed)
    names, data = CHANCES[kept](chance)
    return recording.disk(count).after_power_failure(names, data, chance)


def _found_wrong(
    recording: Recording, count: int, files: dict[str, bytes], *, promised: int | None = None
) -> list[str]:
    try:
        found = recording.read(files)
    except sqlite3.DatabaseError as error:
        return [f"the ledger: {error}"]
    lost = (recording.promised[count] if promised is None else promised) - found.size
    forgotten = [f"{lost} entries are gone"] if lost > 0 else []
    return [*forgotten, *damages(files, found, recording.versions)]


def _moments(recording: Recording) -> st.SearchStrategy[int]:
    return st.integers(0, len(recording.effects))


FAILURE = {"kept": st.sampled_from(sorted(CHANCES)), "seed": st.integers(0, 2**32)}
FEW = settings(max_examples=50, deadline=None, database=None)


@FEW
@given(data=st.data(), **FAILURE)
def test_a_power_failure_takes_nothing_back(
    recording: Recording, data: st.DataObject, kept: str, seed: int
) -> None:
    """Whatever the file system forgets: the ledger is whole and has every entry that was reported
    as durable, every key it names is there, what it acknowledged stands on the target, no published
    file is torn and no pointer leads nowhere.
    """
    count = data.draw(_moments(recording), label="effects")
    assert _found_wrong(recording, count, _failed(recording, count, kept, seed)) == []


@pytest.mark.slow
@pytest.mark.parametrize("part", range(8))
def test_at_no_moment_does_a_power_failure_take_anything_back(
    recording: Recording, part: int
) -> None:
    """The same after every single effect, and by turns with all that may be forgotten."""
    kinds, disk = sorted(CHANCES), recording.disk(0)
    for count, effect in enumerate(recording.effects):
        if count % 8 == part:
            chance = random.Random(count)
            for kept in (kinds[count // 8 % len(kinds)], "nothing that was not synced"):
                files = disk.after_power_failure(*CHANCES[kept](chance), chance)
                assert _found_wrong(recording, count, files) == [], (count, kept)
        disk.take(effect)


def _laid_out(root: Path, files: Mapping[str, bytes | None]) -> Path:
    """A world of these files; as private as it was."""
    for path, body in files.items():
        file = root / path if body is None else (root / path).parent
        file.mkdir(mode=0o700, parents=True, exist_ok=True)
        if body is not None:
            (root / path).touch(mode=0o600)
            (root / path).write_bytes(body)
    return root


def _goes_on(
    day: Day, recording: Recording, mortals: Mortals, root: Path, failure: tuple[int, str, int]
) -> None:
    left = _failed(recording, *failure)
    day.again(root)
    for name in FOLDERS:
        for file in (root / name).rglob("*"):
            path = file.relative_to(root).as_posix()
            if file.is_file() and path not in left and not path.startswith(GIT):
                file.unlink()
    _laid_out(root, left)
    run = mortals.run(reconciling(root), root)
    assert run.code == 0, run.stdout + run.stderr
    found = Evidence.gathered(root, root.parent)
    assert found.contradictions() == []
    assert found.unrest() == []
    assert differences(found.picture(), day.expected) == []
    for old in root.parent.iterdir():
        shutil.rmtree(old)


def _sampled(recording: Recording, count: int) -> list[tuple[int, str, int]]:
    kinds = sorted(CHANCES)
    last = len(recording.effects) - 1
    return [(n * last // (count - 1), kinds[n % len(kinds)], n) for n in range(count)]


@pytest.mark.debian("git")
@pytest.mark.parametrize(
    "part", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in range(1, 6))]
)
def test_after_a_power_failure_it_goes_on(
    day: Day, recording: Recording, mortals: Mortals, quick: Path, part: int
) -> None:
    """The next reconcile ends where an undisturbed one would have."""
    for failure in _sampled(recording, 24)[part::6]:
        _goes_on(day, recording, mortals, quick / "world", failure)


def test_the_published_folder_itself_is_durable(mortals: Mortals, tmp_path: Path) -> None:
    """It is made with the first file, and the folders above it; a small phase syncs one by one."""
    log, disk = tmp_path / "effects", Disk.holding({})
    command = ["tests.e2e.write_once", str(tmp_path / "srv/pki/public")]
    run = mortals.run(command, tmp_path, watched=CHANGING, record=log)
    assert run.code == 0, run.stderr
    public, there = "srv/pki/public/", set()
    for effect in recorded(log, tmp_path):
        moved = disk.moved(effect) if effect.kind == "move" else {}
        phases = [n for n, files in enumerate(PHASES) for path in files if public + path in moved]
        if phases:
            durable = disk.after_power_failure(_never, _never, random.Random()).keys()
            earlier = {public + path for files in PHASES[: min(phases)] for path in files}
            assert earlier <= durable
        there |= moved.keys()
        disk.take(effect)
    left = disk.after_power_failure(_never, _never, random.Random())
    assert left == {f"{public}{path}": body for path, body in FILES.items()}
    assert there == left.keys()


# Whether anybody would notice

OMISSIONS: dict[str, Callable[[Effect], bool]] = {
    "published files": lambda e: e.path.startswith("public") and e.kind in ("sync", "sync all"),
    "folders of keys": lambda e: e.kind == "sync" and e.path in ("keys", "offline"),
    "octets of keys": lambda e: e.kind == "sync" and e.path.endswith(".pem.new"),
    "the ledger": lambda e: e.kind == "sync" and e.path == f"{LEDGER}-wal",
}


@pytest.mark.slow
@pytest.mark.parametrize("omission", OMISSIONS)
def test_a_sync_left_out_is_noticed(recording: Recording, omission: str) -> None:
    """With syncs struck from the record the same judge finds something wrong."""
    omitted, nothing = OMISSIONS[omission], Effect(call="", kind="remove", path="nothing")
    effects = tuple(nothing if omitted(effect) else effect for effect in recording.effects)
    poorer = dataclasses.replace(recording, effects=effects)
    assert any(
        _found_wrong(
            poorer,
            count,
            _failed(poorer, count, "nothing that was not synced", 0),
            promised=recording.promised[count],
        )
        for count in range(0, len(effects), 25)
    )
