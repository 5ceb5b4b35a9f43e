"""From pulses to receivers: told once, in order, whatever a channel does, and over a restart."""

from __future__ import annotations

import io
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Queue
from threading import Event

from pki_reconciler.config.settings import (
    Config,
    RepositorySettings,
    StatePaths,
    WebhookSettings,
)
from pki_reconciler.daemon.channels.channel import Undelivered
from pki_reconciler.daemon.channels.opening import configured
from pki_reconciler.daemon.log import Log
from pki_reconciler.daemon.notices import Notice
from pki_reconciler.daemon.pulse import Pulse
from pki_reconciler.daemon.sending import (
    LONGEST_QUEUE,
    MOST_ATTEMPTS,
    MOST_REFUSALS,
    pause_after,
)
from pki_reconciler.daemon.telling import Teller
from pki_schema.errors import Severity
from pki_schema.fields import Name
from pki_schema.reported import Health, Sync
from tests.reconciler.daemon.pulses import failure, held, pulse
from tests.reconciler.daemon.receivers import webhook

QUIET = pulse()
AWAY = pulse(failures=(failure(),))
HELD = pulse(holds=(held(),))
PATIENCE = 20
"""Seconds after which a test says that something did not happen."""


@dataclass
class Channel:
    """Keeps what it is sent, as ``titles``; ``before`` runs first and may raise or hang."""

    name: str = "ops"
    only: frozenset[Severity] = frozenset(Severity)
    titles: Queue[str] = field(default_factory=Queue)
    before: Callable[[Notice], None] = lambda _: None

    def send(self, notice: Notice) -> str:
        self.before(notice)
        self.titles.put(notice.title)
        return ""

    def next(self) -> str:
        return self.titles.get(timeout=PATIENCE)


@dataclass
class Results:
    """What the log is told; ``wait`` until something has happened so often."""

    found: Queue[tuple[str, str, str]] = field(default_factory=Queue)
    counts: Counter[str] = field(default_factory=Counter)

    def __call__(self, channel: str, result: str, reason: str) -> None:
        self.found.put((channel, result, reason))

    def wait(self, result: str, times: int = 1) -> None:
        while self.counts[result] < times:
            self.counts[self.found.get(timeout=PATIENCE)[1]] += 1


@contextmanager
def telling(
    path: Path, *channels: Channel, results: Results | None = None, pause: float = 0
) -> Iterator[Teller]:
    teller = Teller(
        channels,
        path / "notices.json",
        source="host",
        told=results or Results(),
        pause=lambda _: pause,
    )
    try:
        yield teller
    finally:
        teller.close()


def refuses(lasting: bool = False) -> Callable[[Notice], None]:
    def refuse(_: Notice) -> None:
        raise Undelivered("no", lasting=lasting)

    return refuse


AWAY_TOLD = "error: 1 resource is failing"
HELD_TOLD = "warning: 1 rule is holding something back"
BACK_TOLD = "notice: 1 resource is no longer failing"


def test_each_transition_is_told_once_and_in_order(tmp_path: Path) -> None:
    channel = Channel()
    with telling(tmp_path, channel) as teller:
        for one in (QUIET, AWAY, AWAY, QUIET, HELD):
            teller.tell(one)
        told = [channel.next() for _ in range(3)]
    assert told == [AWAY_TOLD, BACK_TOLD, HELD_TOLD]
    assert channel.titles.empty()


def test_a_restart_does_not_repeat(tmp_path: Path) -> None:
    """Neither what still stands, nor what was over before; what happened meanwhile is told."""
    channel, results = Channel(), Results()
    with telling(tmp_path, channel, results=results) as teller:
        teller.tell(AWAY)
        results.wait("sent")
    assert channel.next() == AWAY_TOLD
    with telling(tmp_path, channel) as teller:
        teller.tell(AWAY)
        teller.tell(QUIET)
        assert channel.next() == BACK_TOLD
    assert channel.titles.empty()


def test_what_did_not_arrive_survives_a_restart(tmp_path: Path) -> None:
    results = Results()
    channel = Channel(before=refuses())
    with telling(tmp_path, channel, results=results, pause=60) as teller:
        teller.tell(AWAY)
        results.wait("failed")
    channel = Channel()
    with telling(tmp_path, channel) as teller:
        teller.tell(AWAY)
        assert channel.next() == AWAY_TOLD
    assert channel.titles.empty()


def test_it_is_written_down_before_it_is_sent(tmp_path: Path) -> None:
    """So a crash in the middle of sending may send it twice, with one id, and loses nothing."""
    written: Queue[bytes] = Queue()
    file = tmp_path / "notices.json"
    sent: list[Notice] = []

    def look(notice: Notice) -> None:
        sent.append(notice)
        written.put(file.read_bytes())

    with telling(tmp_path, Channel(before=look)) as teller:
        teller.tell(AWAY)
        in_the_middle = written.get(timeout=PATIENCE)
    file.write_bytes(in_the_middle)
    with telling(tmp_path, Channel(before=look)) as teller:
        teller.tell(AWAY)
        written.get(timeout=PATIENCE)
    assert len(sent) == 2
    assert sent[0] == sent[1]


def test_a_file_that_was_torn_is_a_first_start(tmp_path: Path) -> None:
    (tmp_path / "notices.json").write_bytes(b'{"told": {"troubles": {')
    channel = Channel()
    with telling(tmp_path, channel) as teller:
        teller.tell(AWAY)
        assert channel.next() == AWAY_TOLD


def test_the_file_is_private_and_whole(tmp_path: Path) -> None:
    with telling(tmp_path, Channel()) as teller:
        teller.tell(AWAY)
    [file] = tmp_path.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert json.loads(file.read_bytes()).keys() == {"told", "waiting"}


def test_a_file_that_cannot_be_written_is_told_and_holds_nothing_up(tmp_path: Path) -> None:
    channel, results = Channel(), Results()
    with telling(tmp_path / "missing", channel, results=results) as teller:
        teller.tell(AWAY)
        assert channel.next() == AWAY_TOLD
        results.wait("failed")


# Who is told what


def test_a_channel_hears_its_severities_begin_and_end(tmp_path: Path) -> None:
    pager, mail = Channel("pager", frozenset({Severity.ERROR})), Channel("mail")
    with telling(tmp_path, pager, mail) as teller:
        for one in (HELD, AWAY, HELD):
            teller.tell(one)
        assert [pager.next(), pager.next()] == [AWAY_TOLD, BACK_TOLD]
        assert [mail.next() for _ in range(3)] == [
            HELD_TOLD,
            f"{AWAY_TOLD} (and 1 more)",
            f"{HELD_TOLD} (and 1 more)",
        ]
    assert pager.titles.empty()


def test_who_heard_of_an_error_hears_that_it_became_a_warning(tmp_path: Path) -> None:
    pager = Channel("pager", frozenset({Severity.ERROR}))
    with telling(tmp_path, pager) as teller:
        for seconds, health in ((0, Health.EXPIRED), (60, Health.EXPIRING), (180, Health.EXPIRING)):
            teller.tell(pulse(seconds=seconds, certificates={"web": (health, Sync.SYNCED)}))
        assert pager.next() == "error: 1 certificate is Expired"
        assert pager.next() == "error: 1 certificate is Expiring, was Expired"


def test_a_thousand_certificates_are_one_notice_with_ten_names(tmp_path: Path) -> None:
    received: Queue[Notice] = Queue()
    expired = {f"s{n:04}": (Health.EXPIRED, Sync.SYNCED) for n in range(1_000)}
    with telling(tmp_path, Channel(before=received.put)) as teller:
        teller.tell(pulse(certificates=expired))
        notice = received.get(timeout=PATIENCE)
    [change] = notice.changes
    assert (change.count, len(change.named)) == (1_000, 10)
    assert notice.title == "error: 1000 certificates are Expired"
    assert "alpha/s0009/default and 990 more\n" in notice.text
    assert len(notice.document()) < 2_000


def test_without_a_channel_nothing_is_written(tmp_path: Path) -> None:
    with telling(tmp_path) as teller:
        teller.tell(AWAY)
    assert list(tmp_path.iterdir()) == []


# Channels that fail


def test_it_is_tried_until_it_arrives_and_the_others_wait_their_turn(tmp_path: Path) -> None:
    attempts: list[str] = []

    def third_time(notice: Notice) -> None:
        attempts.append(notice.title)
        if len(attempts) < 3:
            raise Undelivered("not yet")

    channel = Channel(before=third_time)
    with telling(tmp_path, channel) as teller:
        teller.tell(AWAY)
        teller.tell(QUIET)
        assert [channel.next(), channel.next()] == [AWAY_TOLD, BACK_TOLD]
        assert attempts == [AWAY_TOLD] * 3 + [BACK_TOLD]


def test_it_is_given_up_in_the_end(tmp_path: Path) -> None:
    """After a day of silence; after twenty minutes of a receiver that does not want it."""
    for lasting, most in ((False, MOST_ATTEMPTS), (True, MOST_REFUSALS)):
        results, folder = Results(), tmp_path / str(lasting)
        folder.mkdir()
        channel = Channel(before=refuses(lasting))
        with telling(folder, channel, results=results) as teller:
            teller.tell(AWAY)
            results.wait("given_up")
            assert teller.counts()["ops", "failed"] == most
    waits = [pause_after(n) for n in range(1, MOST_ATTEMPTS)]
    assert waits[:7] == [5, 10, 20, 40, 80, 160, 300]
    assert 23 * 3_600 < sum(waits) < 26 * 3_600
    assert sum(waits[: MOST_REFUSALS - 1]) < 21 * 60


def test_a_fault_of_a_plugin_ends_nothing_and_shows_nothing(tmp_path: Path) -> None:
    def faulty(_: Notice) -> None:
        channel.before = lambda _: None
        raise KeyError("https://token-4711@host")

    results = Results()
    channel = Channel(before=faulty)
    with telling(tmp_path, channel, results=results) as teller:
        teller.tell(AWAY)
        assert channel.next() == AWAY_TOLD
    assert results.found.get_nowait() == ("ops", "failed", "KeyError")


def test_the_oldest_are_dropped_and_counted(tmp_path: Path) -> None:
    """While one hangs, a hundred wait; the newest of them arrive."""
    inside, release = Event(), Event()

    def hang(_: Notice) -> None:
        inside.set()
        release.wait()

    channel, results = Channel(before=hang), Results()
    with telling(tmp_path, channel, results=results) as teller:
        teller.tell(AWAY)
        inside.wait(PATIENCE)
        for _ in range(LONGEST_QUEUE // 2):
            teller.tell(QUIET)
            teller.tell(AWAY)
        assert teller.counts()["ops", "dropped"] == 1
        release.set()
        results.wait("sent", LONGEST_QUEUE + 1)


def test_a_channel_that_hangs_holds_up_neither_a_cycle_nor_the_end(tmp_path: Path) -> None:
    """Nor another channel; what it did not take waits for the next start."""
    release = Event()
    hanging, well = Channel("hanging", before=lambda _: bool(release.wait())), Channel("well")
    with telling(tmp_path, hanging, well) as teller:
        began = time.monotonic()
        teller.tell(AWAY)
        assert time.monotonic() - began < 1
        assert well.next() == AWAY_TOLD
        began = time.monotonic()
        teller.close(seconds=0.2)
        assert time.monotonic() - began < 2
        remembered = json.loads((tmp_path / "notices.json").read_bytes())
        release.set()
    assert {name: len(found) for name, found in remembered["waiting"].items()} == {
        "hanging": 1,
        "well": 0,
    }


def test_a_quiet_cycle_looks_at_nothing(tmp_path: Path) -> None:
    """However many certificates there are: the report is the same, and so is what was told."""

    class Untouchable(Pulse):
        @property
        def fetched_at(self) -> None:  # type: ignore[override]
            raise AssertionError("looked at")

    with telling(tmp_path, Channel()) as teller:
        teller.tell(QUIET)
        same = object.__new__(Untouchable)
        for name in ("report", "failures", "refused", "rewound"):
            object.__setattr__(same, name, getattr(QUIET, name))
        teller.tell(same)


# Secrets


def test_neither_log_nor_file_shows_a_secret(tmp_path: Path) -> None:
    """Of a webhook whose URL is a secret, with another to sign by, that refuses everything."""
    (tmp_path / "url").touch(mode=0o600)
    (tmp_path / "secret").touch(mode=0o600)
    (tmp_path / "secret").write_text("signing-secret-0815\n")
    stream, results = io.StringIO(), Results()
    log = Log(stream)

    def told(channel: str, result: str, reason: str) -> None:
        log.notified(channel, result, reason)
        results(channel, result, reason)

    with webhook(404) as receiver:
        (tmp_path / "url").write_text(f"{receiver.url}/token-4711\n")
        settings = WebhookSettings(
            name=Name("ops"), url_file=tmp_path / "url", secret_file=tmp_path / "secret"
        )
        channels = configured(config_with(tmp_path, settings), {})
        teller = Teller(
            channels, tmp_path / "notices.json", source="host", told=told, pause=lambda _: 0
        )
        teller.tell(AWAY)
        results.wait("given_up")
        teller.close()
    assert receiver.posts[0][0] == "/hook/token-4711"
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(one["result"], one["reason"]) for one in lines] == [
        ("failed", "answers 404"),
        ("given_up", "answers 404"),
    ]
    shown = stream.getvalue() + (tmp_path / "notices.json").read_text() + repr(channels)
    assert not any(secret in shown for secret in ("4711", "0815", str(receiver.port)))


def test_a_secret_that_is_missing_is_told_and_found_later(tmp_path: Path) -> None:
    """No restart is needed, and nothing else waits."""
    settings = WebhookSettings(name=Name("ops"), url_file=tmp_path / "url")
    [channel] = configured(config_with(tmp_path, settings), {})
    assert "cannot be opened: No such file" in channel.fault()
    results = Results()
    teller = Teller(
        [channel], tmp_path / "notices.json", source="host", told=results, pause=lambda _: 0.01
    )
    with webhook() as receiver:
        teller.tell(AWAY)
        results.wait("failed")
        fresh = tmp_path / "fresh"
        fresh.touch(mode=0o600)
        fresh.write_text(receiver.url)
        fresh.replace(tmp_path / "url")
        results.wait("sent")
    teller.close()
    assert [one["title"] for one in receiver.documents] == [AWAY_TOLD]


def config_with(folder: Path, *channels: WebhookSettings) -> Config:
    state = StatePaths(
        **{name: folder / name for name in ("ledger", "keys", "offline_keys", "cache", "clone")}
    )
    return Config(repository=RepositorySettings(url="x"), state=state, notify=channels)
