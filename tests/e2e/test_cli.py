"""The command line: exit codes, what is on stdout, what is refused, and what is left alone."""

from __future__ import annotations

import json
import os
import pty
import shutil
import stat
import subprocess
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pki_reconciler.cli import entry
from pki_reconciler.config import load_config
from pki_schema import instants
from pki_schema.instants import Instant
from tests.installation import COMMAND, ENVIRONMENT, Installation
from tests.worlds import SHIPPED

ARGUS = "tenants/vcc/services/argus-backend.yaml"
MODEL = "templates/vcc-clara-model.yaml"
Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """A repository and a configuration, before ``init``. Copied, never touched."""
    return Installation.prepare(tmp_path_factory.mktemp("prepared") / "host")


@pytest.fixture(scope="session")
def applied(
    prepared: Installation, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Installation, Any]:
    """After ``init`` and the first ``apply``, with that one's document. Copied, never touched."""
    host = prepared.copy(tmp_path_factory.mktemp("applied") / "host")
    assert entry.call(["--config", str(host.config), "init"]) == 0
    return host, host.apply()


@pytest.fixture
def new(prepared: Installation, tmp_path: Path) -> Installation:
    return prepared.copy(tmp_path / "host")


@pytest.fixture
def host(applied: tuple[Installation, Any], tmp_path: Path) -> Installation:
    return applied[0].copy(tmp_path / "host")


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Call the command in this process: exit code, stdout, stderr (of what it starts, too)."""
    monkeypatch.delenv("VCC_PKI_CONFIG", raising=False)

    def call(*arguments: object) -> tuple[int, str, str]:
        capfd.readouterr()
        code = entry.call([str(argument) for argument in arguments])
        captured = capfd.readouterr()
        return code, captured.out, captured.err

    return call


def _now(host: Installation) -> Instant:
    """When the host was applied, as it says itself."""
    return host.published.crl("vcc-root").last_update_utc


def _as_of(host: Installation, **later: float) -> str:
    return instants.render(_now(host) + timedelta(**later))


def _snapshot(*folders: Path) -> dict[str, tuple[bytes, int]]:
    """Bytes and modification time of every file below."""
    return {
        str(path): (path.read_bytes(), path.stat().st_mtime_ns)
        for folder in folders
        for path in sorted(folder.rglob("*") if folder.is_dir() else [folder])
        if path.is_file()
    }


# ------------------------------------------------------------------ init


def test_init_makes_everything_readable_by_its_user_alone(new: Installation) -> None:
    """Whatever the umask is: folders 0700, files 0600; keys made later likewise."""
    before = os.umask(0)
    try:
        assert new.run("init").returncode == 0
        assert new.run("apply").returncode == 0
    finally:
        os.umask(before)
    modes = {
        path.relative_to(new.state).as_posix(): stat.S_IMODE(path.stat().st_mode)
        for path in (new.state, *new.state.rglob("*"))
        if not {"repository.git", "cache"} & set(path.relative_to(new.state).parts[:-1])
    }
    keys = [name for name in modes if "keys/" in name and name.endswith(".pem")]
    assert {modes[name] for name in modes if (new.state / name).is_dir()} == {0o700}
    assert {modes[name] for name in modes if (new.state / name).is_file()} == {0o600}
    assert len(keys) == 12  # seven CAs, five responders
    assert sum(name.startswith("offline-keys/") for name in keys) == 2


def test_keys_are_encrypted(applied: tuple[Installation, Any]) -> None:
    host, _ = applied
    bodies = [
        path.read_bytes()
        for folder in ("keys", "offline-keys")
        for path in (host.state / folder).glob("*.pem")
    ]
    assert bodies
    assert all(body.startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----") for body in bodies)


def test_init_refuses_where_there_is_a_ledger(host: Installation, cli: Cli) -> None:
    before = _snapshot(host.state, host.public)
    code, out, err = cli("init", "--config", host.config)
    assert (code, out) == (1, "")
    assert "there is a ledger at" in err
    assert _snapshot(host.state, host.public) == before


def _only_keys(host: Installation) -> None:
    shutil.rmtree(host.public)
    shutil.rmtree(host.state / "offline-keys")


def _only_offline_keys(host: Installation) -> None:
    shutil.rmtree(host.public)
    shutil.rmtree(host.state / "keys")


def _only_what_is_published(host: Installation) -> None:
    shutil.rmtree(host.state)


def _everything_but_the_ledger(host: Installation) -> None:
    pass


@pytest.mark.parametrize(
    ("lose", "word"),
    [
        (_only_keys, "a key in"),
        (_only_offline_keys, "an offline key in"),
        (_only_what_is_published, "publication public in"),
        (_everything_but_the_ledger, "a key in"),
    ],
    ids=lambda value: getattr(value, "__name__", "").strip("_"),
)
@pytest.mark.parametrize("verb", ["init", "apply"])
def test_a_lost_ledger_is_not_begun_anew(
    host: Installation, cli: Cli, lose: Callable[[Installation], None], word: str, verb: str
) -> None:
    """Keys or publications without a ledger: a new one would forget every revocation."""
    for path in host.state.glob("ledger.sqlite3*"):
        path.unlink()
    lose(host)
    before = host.published
    code, out, err = cli(verb, "--config", host.config)
    assert (code, out) == (1, "")
    assert word in err
    assert "restore the ledger" in err
    assert host.published == before
    assert not (host.state / "ledger.sqlite3").exists()


@pytest.mark.parametrize("verb", ["apply", "plan", "status"])
def test_before_init_verbs_say_what_to_do(new: Installation, cli: Cli, verb: str) -> None:
    code, out, err = cli(verb, "--config", new.config)
    assert (code, out) == (1, "")
    assert "vcc-pki init" in err


# ------------------------------------------------------------------ apply


def test_the_document_of_apply(applied: tuple[Installation, Any]) -> None:
    """Counts and every published path, by name."""
    host, document = applied
    assert document.keys() == {
        "now",
        "commit",
        "accepted",
        "refused",
        "slices",
        "remarks",
        "failed",
        "rewound",
        "counts",
        "objects",
        "plan",
        "held",
        "waiting",
        "seconds",
    }
    counts = document["counts"]
    written = counts.pop("written")
    assert written > 50
    assert counts == {
        "manifests_parsed": len(list(SHIPPED.rglob("*.yaml"))),
        "subjects_planned": 25,
        "signed": 25,  # 7 CAs, 5 responders, 13 certificates of services
        "crls_signed": 7,
        "answers_signed": 26,
        "revoked": 0,
        "released": 0,
        "published": len(host.published.files),
    }
    assert document["objects"] == sorted(host.published.files)
    assert document["accepted"] == [document["commit"]]
    assert (document["refused"], document["held"], document["waiting"]) == ([], [], [])


def test_apply_again_does_nothing(host: Installation) -> None:
    before = _snapshot(host.public)
    document = host.apply()
    assert document["objects"] == []
    assert {name: count for name, count in document["counts"].items() if count} == {}
    assert _snapshot(host.public) == before


def test_apply_exits_with_1_for_a_commit_it_does_not_accept(host: Installation, cli: Cli) -> None:
    """As document and as text, with file, line and column."""
    host.append(MODEL, '  maxDuration: "90days"\n')
    commit = host.commit()
    code, out, _ = cli("apply", "--config", host.config, "-o", "json")
    (refused,) = json.loads(out)["refused"]
    assert (code, refused["commit"]) == (1, commit)
    assert refused["problems"] == [
        {
            "path": MODEL,
            "line": 13,
            "column": 16,
            "code": "PKI2007",
            "severity": "error",
            "message": 'duration "90days" is not a duration',
            "hint": "write 90d",
        }
    ]
    code, out, _ = cli("apply", "--config", host.config)
    assert code == 1
    assert f"commit {commit[:12]} NOT accepted" in out
    assert (
        f'{MODEL}:13:16: error[PKI2007] duration "90days" is not a duration; write 90d'
        in out.splitlines()
    )


def test_apply_exits_with_3_while_a_tenant_stands_still(host: Installation, cli: Cli) -> None:
    """Each time, with the place and what to do; `plan` foresees it, with 1 for whoever brings it
    and 3 where it is there already; `status` begins with it.
    """
    since = host.apply()["commit"]
    host.append(ARGUS, '  duration: "90days"\n')
    commit = host.commit()
    wrong = f'{ARGUS}:12:13: error[PKI2007] duration "90days" is not a duration; write 90d'
    sentence = f"tenant vcc stands still as of commit {since[:12]}: 1 error in commit {commit[:12]}"
    code, out, _ = cli("plan", "--config", host.config)
    assert (code, out.splitlines()[:2]) == (1, [f"! {sentence}", f"  {wrong}"])
    code, out, _ = cli("apply", "--config", host.config, "-o", "json")
    document = json.loads(out)
    fault = {"tenant": "vcc", "commit": commit, "since": since, "problems": [wrong], "count": 1}
    assert (code, document["slices"], document["refused"]) == (3, [fault], [])
    code, out, _ = cli("apply", "--config", host.config)
    assert code == 3
    assert [f"! {sentence}", f"  {wrong}"] == out.splitlines()[:2]
    assert "correct it in a new commit" in out.splitlines()[2]
    assert cli("plan", "--config", host.config)[0] == 0
    assert cli("plan", "--config", host.config, "--detailed-exitcode")[0] == 3
    _, out, _ = cli("status", "--config", host.config)
    assert out.splitlines()[2:4] == [f"! {sentence}", f"  {wrong}"]
    _, out, _ = cli("status", "--config", host.config, "-o", "json")
    report = json.loads(out)
    assert report["slices"] == [fault]
    assert {c["sync"] for c in report["certificates"] if c["identity"]["tenant"] == "vcc"} == {
        "Invalid"
    }


def test_apply_exits_with_3_for_what_is_held(host: Installation, cli: Cli) -> None:
    host.revoke("all", "{template: vcc-service}", "superseded")
    host.commit()
    code, out, _ = cli("apply", "--config", host.config, "-o", "json")
    held = json.loads(out)["held"]
    assert code == 3
    assert [one["code"] for one in held] == ["PKI6001"]
    assert held[0]["origin"] == "tenants/vcc/tenant.yaml:20:25"
    code, out, _ = cli("apply", "--config", host.config)
    assert code == 3
    assert "7 revocations in tenant vcc (0 more in the last 24 h), limit 5" in out
    assert "to let it pass: set spec.limits.revocations: 7 at tenants/vcc/tenant.yaml:20:25" in out


def test_apply_exits_with_1_without_git_and_goes_on(host: Installation, cli: Cli) -> None:
    host.tree.rename(host.root / "away")
    code, out, _ = cli("apply", "--config", host.config, "-o", "json")
    assert code == 1
    assert json.loads(out)["failed"]


@pytest.mark.parametrize(
    ("library", "told"),
    [
        (
            "import pkilint.validation as v\nv.ValidatorContainer.validate = lambda *_: []",
            "certificate: pkilint pkix.ee_certificate_keycertsign_keyusage_set was not found",
        ),
        ("import sys\nsys.modules['pkilint'] = None", "ModuleNotFoundError"),
    ],
    ids=["one that finds nothing", "one that is not there"],
)
def test_apply_signs_nothing_behind_a_linter_that_has_gone_silent(
    host: Installation, tmp_path: Path, library: str, told: str
) -> None:
    """Another pkilint, found first on the path: known faults pass it, so it is not begun."""
    (tmp_path / "sitecustomize.py").write_text(f"{library}\n")
    host.append(ARGUS, "  duration: 60d\n")
    host.commit()
    before = _snapshot(host.state, host.public)
    path = f"{tmp_path}{os.pathsep}{ENVIRONMENT['PYTHONPATH']}"
    done = host.run("apply", environ={"PYTHONPATH": path})
    assert done.returncode == 1, done.stdout
    assert f"the linter let a known fault pass: {told}" in done.stderr
    assert "install the versions of requirements.lock" in done.stderr
    assert _snapshot(host.state, host.public) == before


# ------------------------------------------------------------------ plan


def test_plan_writes_nothing_and_opens_no_key(host: Installation, cli: Cli) -> None:
    """Not the ledger, not a public file; the keys and their passphrase may even be elsewhere."""
    host.append(ARGUS, "  duration: 60d\n")
    host.commit()
    for name in ("keys", "offline-keys", "passphrase"):
        (host.state / name).rename(host.root / name)
    before = _snapshot(host.state / "ledger.sqlite3", host.public)
    code, out, _ = cli("plan", "--config", host.config)
    assert code == 0
    assert "± reissue      Certificate/vcc/argus-backend/default" in out
    assert _snapshot(host.state / "ledger.sqlite3", host.public) == before


def test_what_plan_says_is_what_apply_does(host: Installation, cli: Cli) -> None:
    host.append(ARGUS, "  duration: 60d\n")
    host.revoke("gone", "{tenant: vcc, service: vpb-backend}", "superseded")
    host.commit()
    _, out, _ = cli("plan", "--config", host.config, "-o", "json")
    document = host.apply()
    planned = [(a["verb"], a["subject"]["name"]) for a in json.loads(out)["actions"]]
    done = [(a["verb"], a["subject"].rpartition("/vcc/")[2]) for a in document["plan"]]
    assert ("reissue", "argus-backend/default") in planned
    assert ("reissue", "argus-backend/default") in done
    assert {verb for verb, _ in planned} == {verb for verb, _ in done}


def test_plan_as_of_an_instant_is_the_same_bytes_each_time(host: Installation, cli: Cli) -> None:
    """From two processes; another instant is another plan."""
    host.append(ARGUS, "  duration: 60d\n")
    host.commit()
    soon, late = (_as_of(host, days=days) for days in (1, 61))
    first, second = (host.run("plan", "--as-of", soon, "-o", "json").stdout for _ in range(2))
    _, other, _ = cli("plan", "--config", host.config, "--as-of", late, "-o", "json")
    assert first == second
    assert '"renew"' not in first
    assert '"renew"' in other


@pytest.mark.parametrize(
    ("days", "code"),
    [(0, 0), (2, 0), (19, 0), (21, 2), (62, 2)],
    ids=["at once", "only status", "more status", "a responder", "services too"],
)
def test_detailed_exit_code_by_the_clock(
    host: Installation, cli: Cli, days: int, code: int
) -> None:
    """CRLs and OCSP answers that are due are no changes; renewals are."""
    found, out, _ = cli(
        "plan", "--config", host.config, "--detailed-exitcode", "--as-of", _as_of(host, days=days)
    )
    assert found == code, out


def _change(host: Installation) -> None:
    host.append(ARGUS, "  duration: 60d\n")


def _comment(host: Installation) -> None:
    host.append(ARGUS, "# nothing\n")


def _too_many(host: Installation) -> None:
    host.revoke("all", "{template: vcc-service}", "superseded")


def _error(host: Installation) -> None:
    host.append(ARGUS, "  duration: 90days\n")


@pytest.mark.parametrize(
    ("change", "detailed", "plain"),
    [(_comment, 0, 0), (_change, 2, 0), (_too_many, 3, 0), (_error, 1, 1)],
    ids=["nothing", "changes", "held", "error"],
)
def test_detailed_exit_code_by_the_commit(
    host: Installation,
    cli: Cli,
    change: Callable[[Installation], None],
    detailed: int,
    plain: int,
) -> None:
    """0 nothing, 2 changes, 3 something is held, 1 an error; without the option 0 or 1."""
    change(host)
    host.commit()
    codes = [
        cli("plan", "--config", host.config, *options)[0]
        for options in (["--detailed-exitcode"], [])
    ]
    assert codes == [detailed, plain]


def test_plan_says_that_a_removed_revocation_changes_nothing(host: Installation, cli: Cli) -> None:
    host.revoke("gone", "{tenant: vcc, service: vpb-backend}", "superseded")
    host.commit()
    host.apply()
    (host.tree / "revocations" / "gone.yaml").unlink()
    host.commit()
    code, out, _ = cli("plan", "--config", host.config)
    assert code == 0
    assert "changes nothing: revoked stays revoked" in out
    assert "Plan: nothing to do." in out


# ------------------------------------------------------------------ status


def test_status_shows_every_ca_and_every_certificate(host: Installation, cli: Cli) -> None:
    code, out, _ = cli("status", "--config", host.config, "-o", "json")
    document = json.loads(out)
    assert code == 0
    assert document["version"] == 1
    assert len(document["responders"]) == 5
    [public] = document["publications"]
    assert (public["sync"], public["health"], public["delivery"]) == (
        "Synced",
        "Healthy",
        "Published",
    )
    axes = ["Synced", "Healthy", "Published", "Fetched", "Served"]
    for kind in ("authorities", "responders", "certificates", "publications"):
        assert all([c["type"] for c in one["conditions"]] == axes for one in document[kind])
    assert len(document["authorities"]) == 7
    assert len(document["certificates"]) == 13
    assert {(c["sync"], c["health"]) for c in document["certificates"]} == {("Synced", "Healthy")}
    assert {c["delivery"] for c in document["certificates"]} == {"Published"}
    assert {a["health"] for a in document["authorities"]} == {"Healthy"}
    assert (document["held"], document["failures"]) == ([], [])


def test_status_of_a_service_tells_its_story(host: Installation, cli: Cli) -> None:
    """Commit, plan, serial, where it is published, when it is due; nobody says it was fetched."""
    code, out, _ = cli("status", "vcc/argus-backend", "--config", host.config, "-o", "json")
    [story] = json.loads(out)
    assert code == 0
    assert story["issued_for"] == story["commit"] != ""
    assert "svc/vcc/argus-backend/default/current.json" in story["published"]["public"]
    assert all((host.public / path).is_file() for path in story["published"]["public"])
    assert story["not_before"] < story["renew_at"] < story["not_after"]
    unknown = {c["type"] for c in story["conditions"] if c["status"] == "Unknown"}
    assert unknown == {"Fetched", "Served"}
    base = "http://pki.vcc.internal/svc/vcc/argus-backend/default"
    assert story["urls"]["public"][0] == f"{base}/current.json"
    code, text, _ = cli("status", "argus-backend", "--config", host.config)
    assert code == 0
    order = [
        "declared ",
        f"commit {story['commit'][:12]}  VCC PKI demo <pki-demo@vcc.local>",
        f"plan {story['plan'][:12]}",
        f"serial {story['serial']} by vcc-services",
        f"published  {base}/current.json",
        f"due        renewal {story['renew_at']}",
    ]
    places = [text.index(words) for words in order]
    assert places == sorted(places)


def test_status_without_the_clone_still_names_the_commit(host: Installation, cli: Cli) -> None:
    clone = load_config(host.config).state.clone
    aside = clone.with_name("aside")
    clone.rename(aside)
    try:
        code, text, _ = cli("status", "argus-backend", "--config", host.config)
        assert not clone.exists()
    finally:
        aside.rename(clone)
    assert code == 0
    assert "  declared   commit " in text


def test_status_of_a_revoked_service_says_how_to_go_on(host: Installation, cli: Cli) -> None:
    host.revoke("gone", "{tenant: vcc, service: argus-backend}", "cessationOfOperation")
    host.commit()
    host.apply()
    _, text, _ = cli("status", "argus-backend", "--config", host.config)
    assert "Held, Revoked, Published" in text
    assert "to do      to certify it again, add gone to its service's spec.resumeAfter" in text


def test_status_of_an_unknown_service(host: Installation, cli: Cli) -> None:
    code, _, err = cli("status", "vcc/nobody", "--config", host.config)
    assert code == 1
    assert 'there is no service "vcc/nobody"' in err


# ------------------------------------------------------------------ configuration


@pytest.mark.parametrize("place", ["before", "after", "environment", "folder"])
def test_where_the_configuration_is_named(
    host: Installation, cli: Cli, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """``--config`` before or after the verb, ``VCC_PKI_CONFIG``, or the current folder."""
    before = ["--config", host.config] if place == "before" else []
    after = ["--config", host.config] if place == "after" else []
    if place == "environment":
        monkeypatch.setenv("VCC_PKI_CONFIG", str(host.config))
    if place == "folder":
        monkeypatch.chdir(host.root)
    code, out, _ = cli(*before, "status", *after, "-o", "json")
    assert code == 0
    assert json.loads(out)["commit"]


def test_the_option_is_stronger_than_the_environment(
    host: Installation, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VCC_PKI_CONFIG", str(host.root / "absent.toml"))
    assert cli("status", "--config", host.config)[0] == 0
    assert cli("--config", host.config, "status")[0] == 0
    assert cli("status")[0] == 1


@pytest.mark.parametrize("verb", ["init", "plan", "apply", "status", "serve"])
def test_a_faulty_configuration_is_told_with_all_its_faults(
    new: Installation, cli: Cli, verb: str
) -> None:
    """On stderr, with file and line; exit 1; nothing is created."""
    text = new.config.read_text().replace('url = "./desired-state"', "url = 7")
    new.config.write_text(text + 'colour = "blue"\n\n[limits]\nrevocations = -1\n')
    code, out, err = cli(verb, "--config", new.config)
    assert (code, out) == (1, "")
    assert [line.split(" ")[0] for line in err.splitlines()] == [
        f"{new.config}:2:1:",
        f"{new.config}:13:1:",
        f"{new.config}:16:1:",
    ]
    assert not new.state.exists()


def test_an_absent_configuration_says_how_to_name_one(tmp_path: Path, cli: Cli) -> None:
    code, out, err = cli("apply", "--config", tmp_path / "absent.toml")
    assert (code, out) == (1, "")
    assert "name the file with --config FILE or VCC_PKI_CONFIG" in err


# ------------------------------------------------------------------ usage


@pytest.mark.parametrize(
    "arguments",
    [
        ["frobnicate"],
        ["apply", "--frobnicate"],
        ["apply", "extra"],
        ["apply", "--output", "xml"],
        ["plan", "-o", "yaml"],
        ["validate"],
        ["serve", "--port", "99999"],
        ["serve", "--port", "http"],
        ["--config"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_64(cli: Cli, arguments: Sequence[str]) -> None:
    """EX_USAGE: 2 means that there are changes. Told on stderr, without a stack trace."""
    code, out, err = cli(*arguments)
    assert (code, out) == (64, "")
    assert err
    assert "Traceback" not in err


def test_wrong_usage_is_64_for_the_shell_too(prepared: Installation) -> None:
    assert prepared.run("frobnicate").returncode == 64


def test_an_instant_that_is_none_is_an_error(host: Installation, cli: Cli) -> None:
    code, out, err = cli("plan", "--config", host.config, "--as-of", "tomorrow")
    assert (code, out) == (1, "")
    assert '"tomorrow" is not an instant' in err


@pytest.mark.parametrize("arguments", [["--help"], ["plan", "--help"]], ids=" ".join)
def test_help_is_no_error(cli: Cli, arguments: Sequence[str]) -> None:
    code, out, err = cli(*arguments)
    assert (code, err) == (0, "")
    assert "Usage: " in out


# ------------------------------------------------------------------ validate


def test_the_shipped_tree_is_valid(cli: Cli) -> None:
    """Exit 0; services wait for their CSRs, which hosts bring, and the time-stamp authority for a
    policy of the operator's own.
    """
    code, out, err = cli("validate", SHIPPED)
    *told, kinds, verdict = out.splitlines()
    assert (code, err) == (0, "")
    codes = Counter(line.split("[")[1][:7] for line in told)
    assert codes == {"PKI3030": 13, "PKI4087": 1, "PKI2107": 12}
    assert "7 CertificateAuthority, 8 CertificateTemplate" in kinds
    assert verdict == "0 errors, 14 warnings, 12 notices; 13 certificates wait for a CSR"


def test_a_broken_tree_is_told_with_everything_that_is_wrong(tmp_path: Path, cli: Cli) -> None:
    """In reading order, as a compiler does, so that editors and CI find the places."""
    tree = tmp_path / "tree"
    shutil.copytree(SHIPPED, tree)
    for path, text in (
        (ARGUS, '  duration: "90days"\n  colour: blue\n'),
        ("tenants/partner/services/exchange.yaml", "  dnsNames: [exchange.vcc.local]\n"),
    ):
        (tree / path).write_text((tree / path).read_text() + text)
    (tree / "cas" / "vcc-time.yaml").write_text("kind: [\n")
    (tree / "templates" / "link.yaml").symlink_to("vcc-tsa.yaml")
    code, out, _ = cli("validate", tree)
    errors = [line.removeprefix(f"{tree}/") for line in out.splitlines() if ": error[" in line]
    places = [line.partition(": error[")[0] for line in errors]
    assert code == 1
    assert set(places) >= {
        f"{ARGUS}:12:13",
        f"{ARGUS}:13:3",
        "tenants/partner/services/exchange.yaml:13:14",
        "cas/vcc-time.yaml:2:1",
        "templates/link.yaml:1:1",
    }


def test_validate_as_a_document(tmp_path: Path, cli: Cli) -> None:
    tree = tmp_path / "tree"
    shutil.copytree(SHIPPED, tree)
    (tree / ARGUS).write_text((tree / ARGUS).read_text() + '  duration: "90days"\n')
    code, out, _ = cli("validate", tree, "-o", "json")
    document = json.loads(out)
    assert code == 1
    assert document["kinds"]["Service"] == 11  # of twelve, one cannot be read
    assert [p["code"] for p in document["problems"] if p["severity"] == "error"] == ["PKI2007"]


def test_explain_says_which_line_set_a_value(cli: Cli) -> None:
    place = SHIPPED / "templates/vcc-service.yaml"
    code, out, _ = cli(
        "explain", "Service/vcc/argus-backend", "--field", "duration", "--dir", SHIPPED
    )
    assert (code, out.splitlines()) == (
        0,
        ["duration: 90d", f"    {place}:15:13  CertificateTemplate/vcc-service"],
    )
    code, out, _ = cli("explain", "Tenant/vcc", "--dir", SHIPPED, "-o", "json")
    document = json.loads(out)
    assert (code, document["object"]) == (0, "Tenant/vcc")
    assert {"field": "zone", "value": "vcc.local"}.items() <= document["settings"][1].items()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("Service/vcc/argus-backnd",), 'did you mean "Service/vcc/argus-backend"?'),
        (("argus",), "write kind/tenant/name"),
        (("Tenant/vcc", "--field", "zon"), 'did you mean "zone"?'),
    ],
)
def test_explain_of_nothing_says_what_may_have_been_meant(
    cli: Cli, arguments: tuple[str, ...], expected: str
) -> None:
    code, out, err = cli("explain", *arguments, "--dir", SHIPPED)
    assert (code, out) == (1, "")
    assert expected in err


def test_fmt_lays_out_and_says_what(tmp_path: Path, cli: Cli) -> None:
    """``--check`` for CI; without it the file is written, and a second time there is nothing."""
    tree = tmp_path / "tree"
    shutil.copytree(SHIPPED, tree)
    text = (tree / ARGUS).read_text()
    (tree / ARGUS).write_text(text.replace("  trustLevel: high", "  trustLevel:   high  "))
    (tree / ARGUS).chmod(0o640)
    code, out, _ = cli("fmt", "--check", tree)
    assert (code, out.splitlines()[0]) == (1, f"{tree / ARGUS} would change")
    assert "   high  " in (tree / ARGUS).read_text()
    code, out, _ = cli("fmt", tree)
    count = len(list(tree.rglob("*.yaml")))
    assert (code, out.splitlines()) == (
        0,
        [str(tree / ARGUS), f"{count} manifests, 1 changed"],
    )
    assert (tree / ARGUS).read_text() == text
    assert (tree / ARGUS).stat().st_mode & 0o777 == 0o640
    assert cli("fmt", "--check", tree)[0] == 0


def test_what_the_disk_does_not_give_is_one_sentence(cli: Cli) -> None:
    """Reading this file is an I/O error, whoever asks."""
    code, out, err = cli("fmt", "/proc/self/mem")
    assert (code, out) == (1, "")
    assert err.startswith("vcc-pki: ")
    assert len(err.splitlines()) == 1


def test_fmt_leaves_alone_what_it_cannot_read(tmp_path: Path, cli: Cli) -> None:
    broken = tmp_path / "a.yaml"
    broken.write_text("kind:   [\n")
    code, out, _ = cli("fmt", broken)
    assert code == 1
    assert f"{broken}:2:1: error[PKI1001]" in out
    assert broken.read_text() == "kind:   [\n"


def test_validate_of_no_folder_is_an_error(tmp_path: Path, cli: Cli) -> None:
    code, out, err = cli("validate", tmp_path / "absent")
    assert (code, out) == (1, "")
    assert "is not a folder" in err


# ------------------------------------------------------------------ output


@pytest.mark.parametrize(
    "arguments",
    [
        ["apply", "-o", "json"],
        ["plan", "-o", "json"],
        ["plan", "--output", "json", "--detailed-exitcode"],
        ["status", "-o", "json"],
        ["validate", "desired-state", "--output", "json"],
    ],
    ids=" ".join,
)
def test_stdout_carries_one_document_and_nothing_else(
    host: Installation, cli: Cli, monkeypatch: pytest.MonkeyPatch, arguments: Sequence[str]
) -> None:
    """Even when something is wrong: here a tenant stands still and a template is broken."""
    host.append(ARGUS, '  duration: "90days"\n')
    host.append(MODEL, '  maxDuration: "90days"\n')
    host.commit()
    monkeypatch.chdir(host.root)
    _, out, err = cli(*arguments)
    assert isinstance(json.loads(out), dict)
    assert err == ""


def _on_a_terminal(host: Installation, *arguments: str, **environ: str) -> str:
    """Run the command with a terminal as stdout; returns what it wrote there."""
    own, other = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=host.root,
        env={**ENVIRONMENT, "TERM": "xterm-256color", **environ},
        stdin=subprocess.DEVNULL,
        stdout=other,
        stderr=other,
    )
    os.close(other)
    written = b""
    try:
        while chunk := os.read(own, 65_536):
            written += chunk
    except OSError:
        pass  # the other end was closed: Linux says EIO
    finally:
        os.close(own)
        process.wait(timeout=60)
    return written.decode()


def test_colour_is_for_terminals_and_for_those_who_want_it(prepared: Installation) -> None:
    """``NO_COLOR`` (no-color.org), set to anything but nothing, turns it off."""
    assert "\x1b[" in _on_a_terminal(prepared, "validate", str(SHIPPED))
    assert "\x1b[" not in _on_a_terminal(prepared, "validate", str(SHIPPED), NO_COLOR="1")
    assert "\x1b[" not in prepared.run("validate", str(SHIPPED)).stdout


def test_on_a_narrow_terminal_nothing_of_status_is_cut(host: Installation) -> None:
    """A table that does not fit is told row by row."""
    wide = _on_a_terminal(host, "status", NO_COLOR="1", COLUMNS="200")
    narrow = _on_a_terminal(host, "status", NO_COLOR="1", COLUMNS="60")
    assert "CA                GEN  SYNC" in wide
    longer = [line for line in narrow.splitlines() if len(line) > 60]
    assert all("/" in line for line in longer)  # paths and URLs stay whole
    assert {word for word in wide.split() if word[0] != "/"} <= set(narrow.split())
