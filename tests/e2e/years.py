"""An organisation that lives for years, hour by hour, with what happens to one: authors who change
their minds, certificates lost and held, CAs that are followed by others, and outages.

Everything is real but the clock: keys and files on disk, the ledger, the repository, the daemon.
What comes of it is judged by ``Onlooker``, from published bytes alone.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from pki_publishers.release import PublicObject
from pki_publishers.targets import DirectoryTarget
from pki_publishers.targets.marks import Mark
from pki_publishers.targets.target import LARGEST
from pki_reconciler.daemon.pulse import Pulse
from pki_reconciler.daemon.running import Daemon, Ears
from pki_reconciler.daemon.wake import Reason
from pki_reconciler.loop import Host
from pki_reconciler.observe.advance import Observed
from pki_schema.errors import WorldFailed
from pki_schema.instants import Instant
from tests.e2e.authors import Author
from tests.e2e.onlooker import Onlooker
from tests.e2e.reconcile_once import stored
from tests.fakes import EPOCH
from tests.worlds import World

HOUR = timedelta(hours=1)
LENGTHS = {"git": 72, "keys": 24, "target": 24, "daemon": 24}
"""Hours that an outage lasts. The shortest certificates are renewed three days early."""


@dataclass
class Target(DirectoryTarget):
    """A folder that may be away for the writer, and notes what was changed in it."""

    root: Path
    away: bool = False
    changed: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__(self.root)

    def _reach(self) -> None:
        if self.away:
            raise WorldFailed("the target does not answer", "see its network")

    @contextmanager
    def held(self, mark: Mark) -> Iterator[None]:
        self._reach()
        with super().held(mark):
            yield

    def mark(self) -> Mark:
        self._reach()
        return super().mark()

    def write(self, phases: Sequence[Sequence[PublicObject]]) -> None:
        self._reach()
        self.changed.update(item.path for phase in phases for item in phase)
        super().write(phases)

    def read(self, path: str, *, most: int = LARGEST) -> bytes | None:
        self._reach()
        return super().read(path, most=most)

    def delete(self, paths: Iterable[str]) -> None:
        self._reach()
        found = list(paths)
        self.changed.update(found)
        super().delete(found)


@dataclass(frozen=True)
class Outage:
    """From one hour to before another."""

    what: str
    begin: int
    end: int


def outages(hours: int, each: int, apart: int, chance: random.Random) -> list[Outage]:
    """So many of each kind, in a random order at random times, at least ``apart`` hours apart."""
    kinds = [kind for kind in LENGTHS for _ in range(each)]
    chance.shuffle(kinds)
    spare = hours - apart - sum(LENGTHS[kind] + apart for kind in kinds)
    assert spare >= 0, "there are more outages than time"
    pauses = sorted(chance.randint(0, spare) for _ in kinds)
    found, past = [], apart
    for kind, pause in zip(kinds, pauses, strict=True):
        found.append(Outage(kind, past + pause, past + pause + LENGTHS[kind]))
        past += LENGTHS[kind] + apart
    return found


@dataclass
class Years:
    """``late`` are renewals that were due, possible and not done; ``untold`` what a daemon did not
    say about an outage, or said without one; ``excused`` hours in which one kept a renewal waiting.
    """

    world: World
    author: Author
    target: Target
    onlooker: Onlooker
    outages: Sequence[Outage]
    cycles: int = 0
    late: list[str] = field(default_factory=list)
    untold: list[str] = field(default_factory=list)
    excused: int = 0
    _seen: str = ""

    @classmethod
    def begin(
        cls,
        root: Path,
        *,
        services: int,
        days: int,
        each: int,
        seed: int,
        apart: int = 72,
        steady: int = 0,
    ) -> Years:
        """Below an empty folder; with ``each`` outages of every kind, ``apart`` hours apart."""
        chance = random.Random(seed)
        World.empty(root)
        world = stored(root, EPOCH)
        target = Target(world.public)
        world.targets = {"public": target}
        onlooker = Onlooker(world.public)
        author = Author(world, chance, onlooker, days=days)
        author.found(services, steady)
        return cls(world, author, target, onlooker, outages(24 * days, each, apart, chance))

    def live(self, hours: int) -> None:
        """Hour by hour, and none is left out."""
        hour = 0
        while hour < hours:
            with self.world.host() as host:
                daemon = Daemon(
                    replace(host, observe=self._observing(host)),
                    Ears(began=lambda _: None, ended=lambda *_: None),
                )
                while hour < hours and "daemon" not in self._away(hour):
                    self._cycle(daemon, hour)
                    hour += 1
            while hour < hours and "daemon" in self._away(hour):
                self.author.hour(hour)
                self.onlooker.look(self._now(hour), (), lingers=self._retired)
                hour += 1

    def _away(self, hour: int) -> set[str]:
        return {one.what for one in self.outages if one.begin <= hour < one.end}

    def _now(self, hour: int) -> datetime:
        self.world.clock.instant = EPOCH + hour * HOUR
        return self.world.clock.instant

    def _cycle(self, daemon: Daemon, hour: int) -> None:
        away, now = self._away(hour), self._now(hour)
        self.author.hour(hour)
        with self._disturbed(away):
            pulse = daemon.cycle(frozenset({Reason.CLOCK}))
        self.cycles += 1
        self._told(pulse, away, now)
        changed, self.target.changed = self.target.changed, set()
        lingers = self._retired if "target" in away else lambda _: False
        self.onlooker.look(now, changed, lingers=lingers)
        if hour % 168 == 167:
            self.onlooker.look_at_all(now)
        self._in_time(away, now)
        self.author.check(hour, disturbed=bool(away))

    def _retired(self, path: str) -> bool:
        """Whether it is a pointer of a service that is declared no longer: it goes with the end of
        its certificate, unless nobody is there to take it away.
        """
        return path.endswith("/current.json") and not self.author.declares(path)

    @contextmanager
    def _disturbed(self, away: Collection[str]) -> Iterator[None]:
        """The repository and the folder of keys are elsewhere, the target does not answer."""
        moved = {"git": self.world.tree, "keys": self.world.root / "keys"}
        gone = [path for what, path in moved.items() if what in away]
        for path in gone:
            path.rename(path.with_name(f"{path.name}.away"))
        self.target.away = "target" in away
        try:
            yield
        finally:
            self.target.away = False
            for path in gone:
                path.with_name(f"{path.name}.away").rename(path)

    def _told(self, pulse: Pulse, away: Collection[str], now: datetime) -> None:
        """An outage is told in its first cycle, and over in the first one after it."""
        named = {one.resource for one in pulse.failures}
        expected = {"git": "repository", "target": "publication/public"}
        for what, resource in expected.items():
            if what in away and resource not in named:
                self.untold.append(f"{now} {what} is away, and nobody says so")
        if not away and named:
            self.untold.append(f"{now} {sorted(one.message for one in pulse.failures)}")

    def _in_time(self, away: Collection[str], now: datetime) -> None:
        """Whatever is due is done in the same hour. Without Git, too."""
        overdue = {path for path in self.onlooker.overdue(now) if self.author.wants(path)}
        if away <= {"git"}:
            self.late += [f"{now} {path}" for path in sorted(overdue)]
        else:
            self.excused += len(overdue)

    def _observing(self, host: Host) -> Callable[[Instant], Observed]:
        """Git is asked when there is something new, or when it is away; asking it each hour costs
        more than everything else.
        """
        head = self.world.tree / ".git/refs/heads/main"

        def observe(now: Instant) -> Observed:
            there = head.read_text().strip() if head.exists() else ""
            if there and there == self._seen:
                return Observed(head=there)
            observed = host.observe(now)
            self._seen = "" if observed.failed or observed.refused else there
            return observed

        return observe
