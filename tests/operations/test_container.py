"""The container image as its Containerfile says: what is in it, and who runs in it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "ci" / "images"
TEXT = (IMAGES / "Containerfile").read_text()


def instructions() -> list[tuple[str, str]]:
    """Each with its argument, continuation lines joined."""
    lines = [line for line in TEXT.splitlines() if line.strip() and line.lstrip()[0] != "#"]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(one.split()[0], one.partition(" ")[2].strip()) for one in joined.splitlines()]


def stage(name: str) -> list[tuple[str, str]]:
    """What follows ``FROM … AS name``, to the next stage."""
    found, inside = [], False
    for word, argument in instructions():
        inside = argument.endswith(f" AS {name}") if word == "FROM" else inside
        if inside:
            found.append((word, argument))
    return found


def test_it_is_built_in_one_stage_and_run_in_another() -> None:
    stages = [argument.rpartition(" AS ")[2] for word, argument in instructions() if word == "FROM"]
    assert stages == ["build", "run"]
    assert [a for w, a in stage("run") if w == "COPY"] == ["--from=build /opt/vcc-pki /opt/vcc-pki"]


def test_its_base_has_a_version_and_no_host() -> None:
    [base] = [a.partition("=")[2] for w, a in instructions() if w == "ARG"]
    assert re.fullmatch(r"python:3\.\d+-slim-\w+", base)
    assert {a.split()[0] for w, a in instructions() if w == "FROM"} == {"${BASE}"}


def test_it_runs_as_somebody_who_is_not_root() -> None:
    words = [word for word, _ in stage("run")]
    [user] = [a for w, a in stage("run") if w == "USER"]
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user)
    assert words.index("USER") > max(n for n, word in enumerate(words) if word in ("RUN", "COPY"))


def test_what_it_writes_are_volumes() -> None:
    """So the root may be read-only: state, publications, and nothing beside."""
    [volumes] = [a for w, a in stage("run") if w == "VOLUME"]
    assert json.loads(volumes) == ["/var/lib/vcc-pki", "/srv/pki"]
    [environment] = [a for w, a in stage("run") if w == "ENV"]
    assert "HOME=/var/lib/vcc-pki" in environment
    assert "PYTHONDONTWRITEBYTECODE=1" in environment


def test_its_health_is_that_the_daemon_lives() -> None:
    [check] = [a for w, a in stage("run") if w == "HEALTHCHECK"]
    command = json.loads(check.partition("CMD ")[2])
    assert "/livez" in command[-1]
    compile(command[-1], "health", "exec")
    [entry] = [a for w, a in stage("run") if w == "ENTRYPOINT"]
    assert json.loads(entry)[0] == "/opt/vcc-pki/bin/vcc-pki"


def test_every_wheel_is_verified_and_none_is_named_by_its_place() -> None:
    installs = re.findall(r"pip [^&\n]*?install [^&]*", "\n".join(a for _, a in instructions()))
    assert len(installs) == 3
    for one in installs:
        assert "--require-hashes --only-binary :all:" in one or "--no-index --no-deps" in one
    assert not re.search(
        r"https?:|--index|--find-links|--trusted|pypi", TEXT.replace("http://127.0.0.1", "")
    )


def test_nothing_is_fetched_but_by_pip_and_apt() -> None:
    assert "ADD" not in {word for word, _ in instructions()}
    assert not re.search(r"\b(curl|wget|git clone|latest)\b", TEXT)


def test_no_secret_gets_in() -> None:
    """Neither by a build argument nor by copying more than the wings."""
    assert not re.search(r"(?i)\b\w*(password|token|secret_key|passphrase)\w*=", TEXT)
    copied = [a.split()[:-1] for w, a in stage("build") if w == "COPY"]
    for sources in copied:
        for source in sources:
            assert source not in (".", "./", "/")
            assert (ROOT / source).exists()


def test_it_runs_with_what_the_product_needs_and_no_more() -> None:
    """A part of the lock, block by block; whoever is needed is there at any depth."""
    done = subprocess.run(
        [sys.executable, IMAGES / "runtime-lock"], capture_output=True, text=True, check=True
    )
    blocks = re.split(r"\n(?=\S)", done.stdout.strip())
    lock = (ROOT / "requirements.lock").read_text()
    assert all(block in lock and "--hash=sha256:" in block for block in blocks)
    names = {block.split("==")[0] for block in blocks}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    direct = {re.split(r"[<>=]", one)[0].lower() for one in project["dependencies"]}
    assert direct <= names
    assert {"cffi", "anyio", "h11", "mako"} <= names
    assert not names & {"pytest", "mypy", "ruff", "hatchling", "hypothesis", "asn1crypto"}


@pytest.mark.parametrize("engine", ["", "docker"])
def test_without_an_engine_the_build_says_what_to_do(tmp_path: Path, engine: str) -> None:
    """None is installed, or one whose daemon does not answer."""
    for name in ("dirname", "sh", "cat"):
        (tmp_path / name).symlink_to(Path("/bin") / name)
    if engine:
        (tmp_path / engine).write_text("#!/bin/sh\nexit 1\n")
        (tmp_path / engine).chmod(0o755)
    done = subprocess.run(
        [IMAGES / "build"], capture_output=True, text=True, env={"PATH": str(tmp_path)}
    )
    assert done.returncode == 1
    assert "neither podman nor docker answers here" in done.stderr
    assert "sudo apt-get install podman" in done.stderr


@pytest.mark.parametrize("engine", ["podman", "docker"])
def test_the_build_hands_over_what_is_committed(tmp_path: Path, engine: str) -> None:
    """To an engine that writes down its arguments and what it was given."""
    (tmp_path / engine).write_text(
        '#!/bin/sh\n[ "$1" = info ] && exit\n'
        f'echo "$@" > {tmp_path}/arguments\n'
        "for last; do :; done\n"
        f'(cd "$last" && find . -type f) > {tmp_path}/files\n'
    )
    (tmp_path / engine).chmod(0o755)
    path = f"{tmp_path}:/usr/bin:/bin"
    done = subprocess.run(
        [IMAGES / "build", "--build-arg", "BASE=x"],
        capture_output=True,
        text=True,
        env={"PATH": path, "HOME": os.environ.get("HOME", "/")},
    )
    assert done.returncode == 0, done.stderr
    arguments = (tmp_path / "arguments").read_text()
    assert ("--format=docker" in arguments) is (engine == "podman")
    assert "--build-arg BASE=x" in arguments
    files = set((tmp_path / "files").read_text().splitlines())
    assert {"./requirements.lock", "./ci/images/Containerfile"} <= files
    assert not any(part in name for name in files for part in (".venv", ".git/", "__pycache__"))
