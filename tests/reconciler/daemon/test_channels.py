"""What a channel sends, at real receivers; and how it comes away from those that mean it ill."""

from __future__ import annotations

import email
import email.policy
import hashlib
import hmac
import time
from email.message import EmailMessage
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pki_reconciler.daemon.channels.channel import Undelivered
from pki_reconciler.daemon.channels.connecting import trusting
from pki_reconciler.daemon.channels.mail import Mail, letter
from pki_reconciler.daemon.channels.others import others
from pki_reconciler.daemon.channels.webhook import Webhook
from pki_reconciler.daemon.notices import Notice, compose
from pki_reconciler.daemon.transitions import Told, transitions
from pki_schema.errors import Severity, WorldFailed
from pki_schema.reported import Health, Sync
from tests.fakes import EPOCH
from tests.reconciler.daemon import receivers
from tests.reconciler.daemon.pulses import failure, pulse
from tests.reconciler.daemon.receivers import Authority, hostile, mail_sink, webhook

ALL = frozenset(Severity)
SECRET = b"a secret of the receiver and ours"
PASSWORD = "pass word 4711"


def notice(message: str = "away") -> Notice:
    found = pulse(
        certificates={"web": (Health.EXPIRED, Sync.SYNCED)}, failures=(failure(message=message),)
    )
    _, changed = transitions(Told(), found)
    made = compose(changed, only=ALL, at=EPOCH, source="pki.vcc.internal")
    assert made
    return made


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.create(tmp_path_factory.mktemp("authority"))


def hook(url: str, *, secret: bytes | None = SECRET, **how: Any) -> Webhook:
    settings: dict[str, Any] = {"tls": trusting(None), "patience": 20.0} | how
    return Webhook(name="ops", only=ALL, url=url, secret=secret, **settings)


def mail(port: int, *, security: str = "plain", **how: Any) -> Mail:
    settings: dict[str, Any] = {
        "tls": trusting(None),
        "sender": "vcc-pki@vcc.internal",
        "recipients": ("pki@vcc.internal", "night@vcc.internal"),
    } | how
    return Mail(name="mail", only=ALL, host="127.0.0.1", port=port, security=security, **settings)


# The webhook


def test_a_webhook_gets_json_that_it_can_verify() -> None:
    with webhook() as receiver:
        assert hook(f"{receiver.url}/a?b=c").send(notice()) == ""
    [(path, headers, body)] = receiver.posts
    assert path == "/hook/a?b=c"
    assert headers["Content-Type"] == "application/json"
    digest = hmac.new(SECRET, body, hashlib.sha256).hexdigest()
    assert headers["X-Hub-Signature-256"] == f"sha256={digest}"
    [document] = receiver.documents
    assert headers["X-VCC-PKI-Delivery"] == document["id"] == notice().identifier
    assert document["severity"] == "error"
    assert document["at"] == "2026-11-23T12:00:00Z"
    assert document["changes"][0] == {
        "kind": "certificate",
        "before": "",
        "after": "Expired",
        "severity": "error",
        "count": 1,
        "named": ["alpha/web/default"],
        "details": [],
    }
    assert "1 certificate is Expired: alpha/web/default\n" in document["text"]


def test_without_a_secret_nothing_is_signed() -> None:
    with webhook(204) as receiver:
        hook(receiver.url, secret=None).send(notice())
    assert "X-Hub-Signature-256" not in receiver.posts[0][1]


def test_tls_is_verified_with_the_roots_it_was_given(authority: Authority) -> None:
    with webhook(tls=authority.server) as receiver:
        url = receiver.url.replace("http:", "https:")
        hook(url, tls=trusting(authority.roots)).send(notice())
        with pytest.raises(Undelivered, match=r"its certificate is not trusted \(self-signed"):
            hook(url).send(notice())
        with pytest.raises(Undelivered, match=r"Hostname mismatch|not valid for"):
            hook(url.replace("127.0.0.1", "localhost"), tls=trusting(authority.roots)).send(
                notice()
            )
    assert len(receiver.posts) == 1


@pytest.mark.parametrize(
    ("status", "lasting"),
    [(301, True), (307, True), (400, True), (404, True), (408, False), (429, False), (500, False)],
)
def test_only_2xx_has_arrived_and_nothing_is_followed(status: int, lasting: bool) -> None:
    with webhook(status) as receiver, pytest.raises(Undelivered, match=str(status)) as caught:
        hook(receiver.url).send(notice())
    assert caught.value.lasting is lasting
    assert [path for path, _, _ in receiver.posts] == ["/hook"]


@pytest.mark.parametrize(
    ("behaviour", "patience", "why"),
    [
        (receivers.hangs, 0.3, "no answer"),
        (receivers.drips, 0.3, "no answer within"),
        (receivers.floods, 20, "no HTTP answer|connection failed"),
        (receivers.closes, 20, "no HTTP answer|connection failed"),
        (receivers.babbles, 20, "no HTTP answer|connection failed"),
    ],
)
def test_a_hostile_receiver_costs_its_time_and_no_more(
    behaviour: Any, patience: float, why: str
) -> None:
    with hostile(behaviour) as port:
        began = time.monotonic()
        with pytest.raises(Undelivered, match=why):
            hook(f"http://127.0.0.1:{port}/", patience=patience).send(notice())
        assert time.monotonic() - began < 3


def test_a_body_without_an_end_is_not_read() -> None:
    with hostile(receivers.never_ends) as port:
        assert hook(f"http://127.0.0.1:{port}/").send(notice()) == ""


def test_tls_that_hangs_is_cut_off() -> None:
    with hostile(receivers.drips) as port, pytest.raises(Undelivered):
        hook(f"https://127.0.0.1:{port}/", patience=0.3).send(notice())


def test_nobody_there_is_told_without_an_address() -> None:
    with hostile(receivers.closes) as port:
        pass
    with pytest.raises(Undelivered) as caught:
        hook(f"http://127.0.0.1:{port}/token-4711").send(notice())
    assert str(caught.value) == "cannot be reached: Connection refused"


# Mail


def test_a_mail_is_plain_text_in_utf_8() -> None:
    with mail_sink() as sink:
        assert mail(sink.port).send(notice("der Schlüssel ist fort")) == ""
    [raw] = sink.mails
    received = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(received, EmailMessage)
    assert received["Subject"] == "[VCC-PKI] error: 1 certificate is Expired (and 1 more)"
    assert received["To"] == "pki@vcc.internal, night@vcc.internal"
    assert received["Auto-Submitted"] == "auto-generated"
    assert received["Date"].datetime == EPOCH
    assert received.get_content_type() == "text/plain"
    assert "repository: der Schlüssel ist fort; look" in received.get_content()
    assert b"ehlo vcc.internal\r\n" in sink.said


def test_starttls_and_a_login(authority: Authority) -> None:
    roots = trusting(authority.roots)
    login = ("vcc-pki", PASSWORD)
    with mail_sink(tls=authority.server) as sink:
        mail(sink.port, security="starttls", tls=roots, login=login).send(notice())
    assert len(sink.mails) == 1
    assert sink.verbs.index(b"STARTTLS") < sink.verbs.index(b"AUTH")


def test_tls_from_the_beginning(authority: Authority) -> None:
    with mail_sink(tls=authority.server, at_once=True) as sink:
        mail(sink.port, security="ssl", tls=trusting(authority.roots)).send(notice())
    assert len(sink.mails) == 1


@pytest.mark.parametrize("security", ["starttls", "ssl"])
def test_a_stranger_hears_neither_login_nor_mail(authority: Authority, security: str) -> None:
    with (
        mail_sink(tls=authority.server, at_once=security == "ssl") as sink,
        pytest.raises(Undelivered, match="its certificate is not trusted"),
    ):
        mail(sink.port, security=security, login=("vcc-pki", PASSWORD)).send(notice())
    assert not {b"AUTH", b"MAIL"} & set(sink.verbs)


def test_without_starttls_it_says_nothing_in_the_clear() -> None:
    with mail_sink() as sink, pytest.raises(Undelivered, match="no such security") as caught:
        mail(sink.port, security="starttls", login=("vcc-pki", PASSWORD)).send(notice())
    assert caught.value.lasting
    assert set(sink.verbs) == {b"EHLO"}


@pytest.mark.parametrize(
    ("answers", "why", "lasting"),
    [
        ({"MAIL": b"451 later\r\n"}, "answers 451", False),
        ({"MAIL": b"550 not you\r\n"}, "answers 550", True),
        ({"RCPT": b"550 nobody\r\n"}, "every recipient was refused", True),
        ({"RCPT": b"450 greylisted\r\n"}, "every recipient was refused", False),
        ({"DATA": b"554 no\r\n"}, "answers 554", True),
        ({"AUTH": b"535 wrong: pass word 4711\r\n"}, r"the login is refused \(535\)", True),
    ],
)
def test_a_refusal_is_told_by_its_code_alone(
    answers: dict[str, bytes], why: str, lasting: bool
) -> None:
    login = ("vcc-pki", PASSWORD) if "AUTH" in answers else None
    with mail_sink(**answers) as sink, pytest.raises(Undelivered, match=f"^{why}$") as caught:
        mail(sink.port, login=login).send(notice())
    assert caught.value.lasting is lasting


def test_a_good_bye_that_fails_undoes_no_mail() -> None:
    with mail_sink(QUIT=b"500 what?\r\n") as sink:
        mail(sink.port).send(notice())
    assert len(sink.mails) == 1


@pytest.mark.parametrize(
    ("behaviour", "patience"),
    [
        (receivers.hangs, 0.3),
        (receivers.drips, 0.3),
        (receivers.talks, 20),
        (receivers.closes, 20),
        (receivers.babbles, 20),
    ],
)
def test_a_hostile_mail_server_costs_its_time_and_no_more(behaviour: Any, patience: float) -> None:
    with hostile(behaviour) as port:
        began = time.monotonic()
        with pytest.raises(Undelivered):
            mail(port, patience=patience).send(notice())
        assert time.monotonic() - began < 3


def test_no_header_is_made_of_what_is_told() -> None:
    evil = notice("x\r\nBcc: all@vcc.internal\r\n\r\nbody")
    message = letter(evil, sender="a@b.internal", recipients=("c@d.internal",))
    parsed = email.message_from_bytes(message.as_bytes(), policy=email.policy.default)
    assert parsed["Bcc"] is None
    assert "x  Bcc: all@vcc.internal" in message.get_content()


# Everything else


class FakeApprise:
    """The library's interface as far as it is used."""

    def __init__(self, *, arrives: bool = True) -> None:
        self.added: list[str] = []
        self.sent: list[dict[str, str]] = []
        self.arrives = arrives

    def add(self, url: str) -> bool:
        self.added.append(url)
        return url.startswith("ntfys://")

    def notify(self, **message: str) -> bool:
        self.sent.append(message)
        return self.arrives


def test_apprise_gets_title_text_and_kind() -> None:
    fake = FakeApprise()
    library = SimpleNamespace(Apprise=lambda: fake)
    others("chat", ["ntfys://topic"], only=ALL, load=lambda: library).send(notice())
    [sent] = fake.sent
    assert sent["title"] == notice().title
    assert (sent["notify_type"], sent["body_format"]) == ("failure", "text")


def test_an_address_that_apprise_refused_is_told_by_its_number() -> None:
    library = SimpleNamespace(Apprise=FakeApprise)
    with pytest.raises(WorldFailed) as caught:
        others("chat", ["ntfys://x", "secret://4711"], only=ALL, load=lambda: library)
    assert "address 2 of [[notify]] chat" in caught.value.message
    assert "4711" not in str(caught.value)


def test_what_no_receiver_took_has_not_arrived() -> None:
    library = SimpleNamespace(Apprise=lambda: FakeApprise(arrives=False))
    with pytest.raises(Undelivered):
        others("chat", ["ntfys://x", "ntfys://y"], only=ALL, load=lambda: library).send(notice())


def test_what_one_receiver_took_is_not_sent_again_for_the_other() -> None:
    fakes = iter([FakeApprise(), FakeApprise(arrives=False)])
    library = SimpleNamespace(Apprise=lambda: next(fakes))
    chat = others("chat", ["ntfys://x", "ntfys://y"], only=ALL, load=lambda: library)
    assert chat.send(notice()) == "1 of 2 receivers did not take it"


def test_no_secret_is_in_what_a_channel_is_shown_as(tmp_path: Path) -> None:
    shown = repr(hook("https://host/token-4711")) + repr(mail(25, login=("user", PASSWORD)))
    assert not any(s in shown for s in ("4711", "secret of", PASSWORD))
