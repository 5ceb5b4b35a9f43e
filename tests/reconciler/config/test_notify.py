"""``[[notify]]`` in ``vcc-pki.toml``: every channel as it is meant, and what could never work."""

from __future__ import annotations

from pathlib import Path

import pytest

from pki_reconciler.config import ConfigRefused, load_config
from pki_reconciler.config.notify import url_fault
from pki_reconciler.config.settings import (
    AppriseSettings,
    ChannelSettings,
    MailSettings,
    WebhookSettings,
)
from pki_schema.errors import Severity
from pki_schema.fields import Name
from tests.reconciler.config.test_config import SMALL

ALL = """
[[notify]]
name = "ops"
kind = "webhook"
url = "https://alerts.vcc.internal:8443/hooks/pki?x=1"
secret_file = "/etc/vcc-pki/ops"
ca_file = "roots.pem"
only = ["error", "warning"]

[[notify]]
name = "mail"
kind = "smtp"
host = "mail.vcc.internal"
port = 2525
user = "vcc-pki"
password_file = "/etc/vcc-pki/mail"
from = "vcc-pki@vcc.internal"
to = ["pki@vcc.internal", "night@vcc.internal"]

[[notify]]
name = "chat"
kind = "apprise"
url_file = "chat"
"""


def channels(folder: Path, text: str) -> tuple[ChannelSettings, ...]:
    file = folder / "vcc-pki.toml"
    file.write_text(SMALL + text)
    return load_config(file).notify


def refused(folder: Path, text: str) -> list[tuple[str, str]]:
    """The line that is told, and the code."""
    with pytest.raises(ConfigRefused) as caught:
        channels(folder, text)
    lines = (SMALL + text).splitlines()
    return [(lines[p.position.line - 1], p.code) for p in caught.value.problems]


def test_every_channel_arrives_as_it_is_meant(tmp_path: Path) -> None:
    assert channels(tmp_path, ALL) == (
        WebhookSettings(
            name=Name("ops"),
            only=frozenset({Severity.ERROR, Severity.WARNING}),
            url="https://alerts.vcc.internal:8443/hooks/pki?x=1",
            secret_file=Path("/etc/vcc-pki/ops"),
            ca_file=tmp_path / "roots.pem",
        ),
        MailSettings(
            name=Name("mail"),
            host="mail.vcc.internal",
            port=2525,
            security="starttls",
            sender="vcc-pki@vcc.internal",
            recipients=("pki@vcc.internal", "night@vcc.internal"),
            user="vcc-pki",
            password_file=Path("/etc/vcc-pki/mail"),
        ),
        AppriseSettings(name=Name("chat"), url_file=tmp_path / "chat"),
    )


@pytest.mark.parametrize(("security", "port"), [("starttls", 587), ("ssl", 465), ("plain", 25)])
def test_the_port_follows_the_security(tmp_path: Path, security: str, port: int) -> None:
    text = '[[notify]]\nname="m"\nkind="smtp"\nhost="h"\nfrom="a@b"\nto=["c@d"]\n'
    [found] = channels(tmp_path, f'{text}security = "{security}"\n')
    assert isinstance(found, MailSettings)
    assert found.port == port


HOOK = '[[notify]]\nname = "ops"\nkind = "webhook"\n'
MAIL = '[[notify]]\nname = "mail"\nkind = "smtp"\nhost = "h.internal"\n'
SENT = 'from = "a@b.internal"\nto = ["c@d.internal"]\n'
WRONG = {
    "no kind": ('[[notify]]\nname = "x"\n', "[[notify]]", "PKI2303"),
    "an unknown kind": ('[[notify]]\nname = "x"\nkind = "fax"\n', 'kind = "fax"', "PKI2304"),
    "a key of another kind": (f'{HOOK}url = "http://h/"\nhost = "h"\n', 'host = "h"', "PKI2302"),
    "a misspelt key": (f'{HOOK}url = "http://h/"\nonyl = ["error"]\n', "onyl", "PKI2302"),
    "no name": ('[[notify]]\nkind = "webhook"\nurl = "http://h/"\n', "[[notify]]", "PKI2303"),
    "an odd name": (f'{HOOK}url = "http://h/"\n'.replace("ops", "O ps"), "name = ", "PKI2002"),
    "one name twice": (f'{HOOK}url = "http://h/"\n' * 2, "name = ", "PKI2310"),
    "no such severity": (f'{HOOK}url = "http://h/"\nonly = ["fatal"]\n', "only", "PKI2310"),
    "no severity at all": (f'{HOOK}url = "http://h/"\nonly = []\n', "only", "PKI2304"),
    "neither URL nor file": (HOOK, "[[notify]]", "PKI2310"),
    "both": (f'{HOOK}url = "http://h/"\nurl_file = "u"\n', "url = ", "PKI2310"),
    "a password in the URL": (f'{HOOK}url = "https://me:you@h/"\n', "url = ", "PKI2310"),
    "roots without TLS": (f'{HOOK}url = "http://h/"\nca_file = "r"\n', "ca_file", "PKI2310"),
    "no recipient": (f'{MAIL}from = "a@b.internal"\nto = []\n', "to = ", "PKI2304"),
    "a header in an address": (
        f'{MAIL}from = "a@b.internal"\nto = ["c@d.internal\\nBcc: e"]\n',
        "to = ",
        "PKI2310",
    ),
    "a name beside an address": (
        f'{MAIL}from = "PKI <a@b.internal>"\nto = ["c@d.internal"]\n',
        "from = ",
        "PKI2310",
    ),
    "no such security": (f'{MAIL}{SENT}security = "tls"\n', "security", "PKI2310"),
    "a port of none": (f"{MAIL}{SENT}port = 0\n", "port", "PKI2304"),
    "a port in words": (f'{MAIL}{SENT}port = "25"\n', "port", "PKI2304"),
    "a user without a password": (f'{MAIL}{SENT}user = "me"\n', "user", "PKI2310"),
    "a password in the clear": (
        f'{MAIL}{SENT}user = "me"\npassword_file = "p"\nsecurity = "plain"\n',
        "security",
        "PKI2310",
    ),
    "apprise without addresses": (
        '[[notify]]\nname = "x"\nkind = "apprise"\n',
        "[[notify]]",
        "PKI2303",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_could_never_work_is_refused_at_its_line(tmp_path: Path, case: str) -> None:
    text, line, code = WRONG[case]
    [(told, found)] = refused(tmp_path, f"\n{text}")
    assert told.startswith(line)
    assert found == code


def test_a_refused_url_is_not_shown(tmp_path: Path) -> None:
    with pytest.raises(ConfigRefused) as caught:
        channels(tmp_path, f'\n{HOOK}url = "https://daemon:secret-4711@h/"\n')
    assert "4711" not in str(caught.value)


@pytest.mark.parametrize("key", ["secret_file", "url_file"])
def test_a_secret_among_what_is_published_is_refused(tmp_path: Path, key: str) -> None:
    rest = 'url = "http://h/"\n' if key != "url_file" else ""
    text = f'\n{HOOK}{rest}{key} = "public/x"\n'
    target = '[[target]]\npublication = "p"\ndirectory = "public"\n'
    assert [code for _, code in refused(tmp_path, text + target)] == ["PKI2309"]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://host/",
        "https:///path",
        "https://host:0/",
        "https://host:99999/",
        "https://host:x/",
        "https://ho st/",
        "https://host/\r\nX: y",
        "https://höst/",
        "https://host/#part",
        "https://user@host/",
        "https://[::1",
        "file:///etc/passwd",
        "https://host/" + "a" * 2_048,
    ],
)
def test_nothing_but_a_plain_url_is_called(url: str) -> None:
    assert url_fault(url)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/", "https://h", "https://[::1]:8443/x?y=z", "https://h.example/a@b"]
)
def test_a_plain_url_is_called(url: str) -> None:
    assert url_fault(url) == ""
