"""``vcc-pki.toml``: what it means, and that everything wrong with it is told at once."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from pki_reconciler.config import Config, ConfigRefused, find_config, load_config
from pki_reconciler.config.remotes import branch_fault, protocol_of
from pki_reconciler.config.settings import DaemonSettings

SMALL = """\
[repository]
url = "../pki.git"

[state]
ledger = "ledger.sqlite3"
keys = "keys"
offline_keys = "/media/ceremony/keys"
"""
FULL = """\
[repository]
url = "git@forge.vcc.internal:pki/desired.git"
branch = "release/2026"
path = "desired-state/"

[state]
ledger = "/var/lib/vcc-pki/ledger.sqlite3"
keys = "/var/lib/vcc-pki/keys"
offline_keys = "offline"
passphrase_file = "/etc/vcc-pki/passphrase"
cache = "/var/cache/vcc-pki"
clone = "clone.git"

[limits]
revocations = 25

[lint]
weak_key_lists = ["/etc/vcc-pki/weak.csv", "here.csv"]

[[target]]
publication = "internal"
directory = "/srv/pki"

[[target]]
publication = "dmz"
directory = "public"
"""


def load(folder: Path, text: str | bytes) -> Config:
    file = folder / "vcc-pki.toml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return load_config(file)


def refused(folder: Path, text: str | bytes) -> list[tuple[int, str, str]]:
    """Line, code and message of every problem."""
    with pytest.raises(ConfigRefused) as caught:
        load(folder, text)
    found = caught.value.problems
    assert all(problem.position.path == str(folder / "vcc-pki.toml") for problem in found)
    return [(problem.position.line, problem.code, problem.message) for problem in found]


def test_what_is_left_out_lies_beside_the_ledger(tmp_path: Path) -> None:
    """The shortest file, its paths relative to its own folder."""
    config = load(tmp_path, SMALL)
    assert config.repository.url == f"file://{tmp_path.parent / 'pki.git'}"
    assert (config.repository.branch, config.repository.path) == ("main", ".")
    assert config.state.ledger == tmp_path / "ledger.sqlite3"
    assert config.state.cache == tmp_path / "cache"
    assert config.state.clone == tmp_path / "repository.git"
    assert config.state.offline_keys == Path("/media/ceremony/keys")
    assert config.state.passphrase_file is None
    assert (config.targets, config.revocations) == ((), None)
    assert config.weak_key_lists == ()
    assert config.daemon == DaemonSettings()


def test_everything_can_be_said(tmp_path: Path) -> None:
    """Each key of the file arrives in its place."""
    config = load(tmp_path, FULL)
    assert config.repository.url == "git@forge.vcc.internal:pki/desired.git"
    assert (config.repository.branch, config.repository.path) == ("release/2026", "desired-state")
    assert config.state.clone == tmp_path / "clone.git"
    assert config.state.cache == Path("/var/cache/vcc-pki")
    assert config.state.passphrase_file == Path("/etc/vcc-pki/passphrase")
    assert config.revocations == 25
    assert config.weak_key_lists == (Path("/etc/vcc-pki/weak.csv"), tmp_path / "here.csv")
    assert [(t.publication, t.directory) for t in config.targets] == [
        ("internal", Path("/srv/pki")),
        ("dmz", tmp_path / "public"),
    ]


def test_all_problems_are_told_at_once_in_reading_order(tmp_path: Path) -> None:
    """One run, one list: line, code and what is wrong."""
    text = """\
[repository]
url = "ext::sh -c touch% canary"
branch = "--upload-pack=x"
path = "../elsewhere"
token = "x"

[state]
ledger = 5
offline_keys = "~/keys"

[limits]
revocations = -1

[[target]]
publication = "ok"
directory = "public"

[[target]]
publication = "Not A Name"
directroy = "public"

[server]
port = 80
"""
    assert [(line, code) for line, code, _ in refused(tmp_path, text)] == [
        (2, "PKI2305"),
        (3, "PKI2306"),
        (4, "PKI2307"),
        (5, "PKI2302"),
        (7, "PKI2303"),
        (8, "PKI2304"),
        (9, "PKI2307"),
        (12, "PKI2304"),
        (18, "PKI2303"),
        (19, "PKI2002"),
        (20, "PKI2302"),
        (22, "PKI2302"),
    ]


def test_a_problem_reads_as_a_compiler_would_put_it(tmp_path: Path) -> None:
    """File, line, column, code, what is wrong and what to write instead."""
    with pytest.raises(ConfigRefused) as caught:
        load(tmp_path, SMALL + "kyes = 'x'\n")
    assert str(caught.value) == (
        f"{tmp_path}/vcc-pki.toml:8:1: error[PKI2302] unknown key 'kyes' in [state]; "
        "use one of: cache, clone, keys, ledger, offline_keys, passphrase_file"
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[repository\nurl = 1", 1),
        ("[repository]\nurl = 'a'\nurl = 'b'\n", 3),
        ("a = " + "[" * 60_000, 1),
        ("a = " + "9" * 5_000, 1),
        (b"a = '\xff'", 1),
        ("#" * 65_537, 1),
    ],
)
def test_what_is_no_toml_is_one_problem(tmp_path: Path, text: str | bytes, line: int) -> None:
    """Also what is too large, too deep, or not UTF-8."""
    assert [(at, code) for at, code, _ in refused(tmp_path, text)] == [(line, "PKI2301")]


def test_64_kib_are_not_too_large(tmp_path: Path) -> None:
    """The limit itself passes."""
    text = SMALL + "#" * (65_536 - len(SMALL))
    assert load(tmp_path, text).repository.branch == "main"


def test_an_absent_file_is_a_problem_of_it(tmp_path: Path) -> None:
    """The hint says how to name another."""
    with pytest.raises(ConfigRefused, match="--config FILE or VCC_PKI_CONFIG"):
        load_config(tmp_path / "vcc-pki.toml")


@pytest.mark.parametrize("word", ["true", "1.5", "'5'", "-1", "1000001"])
def test_a_limit_is_a_number(tmp_path: Path, word: str) -> None:
    """``true`` is a number for Python, not for an operator."""
    text = f"{SMALL}[limits]\nrevocations = {word}\n"
    assert [code for _, code, _ in refused(tmp_path, text)] == ["PKI2304"]


@pytest.mark.parametrize("lists", ["'one.csv'", "[1]", "['']", "true"])
def test_lists_of_weak_keys_are_a_list_of_files(tmp_path: Path, lists: str) -> None:
    text = f"{SMALL}[lint]\nweak_key_lists = {lists}\n"
    assert [code for _, code, _ in refused(tmp_path, text)] == ["PKI2304"]


@pytest.mark.parametrize(
    "shape", ["repository = 1\n", "target = 1\n", "[target]\n", "state = []\n"]
)
def test_a_table_of_another_shape_is_told(tmp_path: Path, shape: str) -> None:
    """A table where a list belongs, a value where a table belongs."""
    assert "PKI2304" in [code for _, code, _ in refused(tmp_path, shape)]


@pytest.mark.parametrize(
    "directory", [".", "..", "keys", "keys/public", "cache", "repository.git", "ledger.sqlite3"]
)
def test_nothing_secret_lies_in_what_is_published(tmp_path: Path, directory: str) -> None:
    """A target above, at or below a folder of the state would publish it, or be written by it."""
    text = f'{SMALL}[[target]]\npublication = "internal"\ndirectory = "{directory}"\n'
    found = refused(tmp_path, text)
    assert {(line, code) for line, code, _ in found} == {(10, "PKI2309")}


def test_a_link_does_not_hide_it(tmp_path: Path) -> None:
    """Folders are compared as they really are."""
    (tmp_path / "keys").mkdir()
    (tmp_path / "public").symlink_to(tmp_path / "keys")
    text = f'{SMALL}[[target]]\npublication = "internal"\ndirectory = "public"\n'
    assert [code for _, code, _ in refused(tmp_path, text)] == ["PKI2309"]


def test_two_things_do_not_share_a_place(tmp_path: Path) -> None:
    """Offline keys that lie with the online ones are not offline."""
    text = SMALL.replace("/media/ceremony/keys", "./keys")
    assert refused(tmp_path, text) == [(7, "PKI2308", "keys and offline_keys are one place")]


def test_two_targets_do_not_share_a_folder(tmp_path: Path) -> None:
    """Each would delete what the other has written."""
    one = '[[target]]\npublication = "a"\ndirectory = "public"\n'
    found = refused(tmp_path, SMALL + one + one.replace('"a"', '"b"'))
    assert found == [(13, "PKI2308", "another target has this directory")]


def test_a_password_in_the_url_is_refused_and_not_repeated(tmp_path: Path) -> None:
    """It would stand in the process list."""
    text = SMALL.replace("../pki.git", "https://u:hunter2@forge.example/pki.git")
    [(line, code, message)] = refused(tmp_path, text)
    assert (line, code, message) == (2, "PKI2305", "url carries a password")


@pytest.mark.parametrize(
    ("url", "protocol"),
    [
        ("/srv/pki.git", "file"),
        ("../pki.git", "file"),
        ("pki.git", "file"),
        ("./with:colon", "file"),
        ("file:///srv/pki.git", "file"),
        ("https://forge.example/pki.git", "https"),
        ("https://forge.example:8443/pki.git", "https"),
        ("https://reader@forge.example/pki.git", "https"),
        ("ssh://git@forge.example:2222/pki.git", "ssh"),
        ("ssh://git@[2001:db8::1]:22/pki.git", "ssh"),
        ("git@forge.example:pki.git", "ssh"),
        ("forge.example:pki.git", "ssh"),
        ("http://forge.example/pki.git", None),
        ("git://forge.example/pki.git", None),
        ("HTTPS://forge.example/pki.git", None),
        ("ext::sh -c id", None),
        ("ext::ssh://x/y", None),
        ("file::/srv/pki.git", None),
        ("-x", None),
        ("--upload-pack=id", None),
        ("-oProxyCommand=id:pki.git", None),
        ("-o@forge.example:pki.git", None),
        ("ssh://-oProxyCommand=id/pki.git", None),
        ("https://u:p@forge.example/pki.git", None),
        ("https://forge.example", None),
        ("file://forge.example/pki.git", None),
        ("/srv/pki\n.git", None),
        ("x" * 2049, None),
        ("", None),
    ],
)
def test_a_url_has_a_protocol_or_is_refused(url: str, protocol: str | None) -> None:
    """The allow-list of what may reach git."""
    assert protocol_of(url) == protocol


@pytest.mark.parametrize("branch", ["main", "release/2026.1", "a-b_c", "größe", "a@b", "x{y}"])
def test_ordinary_branches_pass(branch: str) -> None:
    """What git-check-ref-format(1) allows and people use."""
    assert branch_fault(branch) is None


def test_the_option_comes_before_the_environment_before_the_folder() -> None:
    """An empty variable is an unset one."""
    environ = {"VCC_PKI_CONFIG": "/etc/vcc-pki.toml"}
    assert find_config(Path("mine.toml"), environ) == Path("mine.toml")
    assert find_config(None, environ) == Path("/etc/vcc-pki.toml")
    assert find_config(None, {"VCC_PKI_CONFIG": ""}) == Path("vcc-pki.toml")


# The daemon


def test_the_daemons_settings(tmp_path: Path) -> None:
    text = f"""{SMALL}[daemon]
poll = "5m"
listen = "[::1]:9464"
webhook_secret_file = "webhook"
"""
    found = load(tmp_path, text).daemon
    assert found.poll == timedelta(minutes=5)
    assert found.listen == ("::1", 9464)
    assert found.webhook_secret_file == tmp_path / "webhook"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('poll = "soon"', "PKI2007"),
        ('poll = "0s"', "PKI2007"),
        ('poll = "2d"', "PKI2304"),
        ("poll = 60", "PKI2304"),
        ('listen = "9464"', "PKI2304"),
        ('listen = ":9464"', "PKI2304"),
        ('listen = "localhost:99999"', "PKI2304"),
        ("listen = 9464", "PKI2304"),
        ('interval = "60s"', "PKI2302"),
    ],
)
def test_wrong_settings_of_the_daemon(tmp_path: Path, line: str, code: str) -> None:
    """Each told once, at its line."""
    assert [found[:2] for found in refused(tmp_path, f"{SMALL}[daemon]\n{line}\n")] == [(9, code)]


# The clock


def test_how_far_the_clock_is_believed(tmp_path: Path) -> None:
    assert load(tmp_path, SMALL).leap == timedelta(hours=72)
    assert load(tmp_path, f'{SMALL}[clock]\nleap = "7d"\n').leap == timedelta(days=7)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('leap = "soon"', "PKI2007"),
        ('leap = "59m"', "PKI2304"),
        ('leap = "367d"', "PKI2304"),
        ("leap = 72", "PKI2304"),
        ('jump = "72h"', "PKI2302"),
    ],
)
def test_a_bound_that_is_none_is_told(tmp_path: Path, line: str, code: str) -> None:
    assert [found[:2] for found in refused(tmp_path, f"{SMALL}[clock]\n{line}\n")] == [(9, code)]
