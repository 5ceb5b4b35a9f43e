"""A folder as a target: whole files, nothing through links, nothing left behind."""

import errno
import os
import resource
import shutil
import stat
from pathlib import Path

import pytest

from pki_publishers.layout import Class
from pki_publishers.release import PublicObject
from pki_publishers.targets import DirectoryTarget, Target
from pki_publishers.targets.directory import SYNC_EACH_BELOW
from pki_publishers.targets.staging import FOLDER as STAGING
from pki_schema.errors import WorldFailed


def objects(count, body=b"body", folder="svc/t/s"):
    return [
        PublicObject(f"{folder}/{number}/file", body, Class.SET, "unit") for number in range(count)
    ]


BOTH_WAYS = pytest.mark.parametrize("count", [1, SYNC_EACH_BELOW - 1, SYNC_EACH_BELOW, 200])


@BOTH_WAYS
def test_written_is_readable(tmp_path, count):
    target: Target = DirectoryTarget(tmp_path / "www")
    target.write([objects(count)])
    assert {target.read(one.path) for one in objects(count)} == {b"body"}


@BOTH_WAYS
def test_modes_do_not_depend_on_the_umask(tmp_path, count):
    former = os.umask(0o077)
    try:
        DirectoryTarget(tmp_path / "www").write([objects(count)])
    finally:
        os.umask(former)
    modes = {
        (path.is_dir(), stat.S_IMODE(path.stat().st_mode))
        for path in (tmp_path / "www" / "svc").rglob("*")
    }
    assert modes == {(True, 0o755), (False, 0o644)}


@BOTH_WAYS
def test_a_file_is_replaced_and_not_rewritten(tmp_path, count):
    """A reader that has the former file open keeps the former bytes."""
    target = DirectoryTarget(tmp_path)
    target.write([objects(count, b"former")])
    with (tmp_path / "svc/t/s/0/file").open("rb") as reader:
        target.write([objects(count, b"new")])
        assert (reader.read(), target.read("svc/t/s/0/file")) == (b"former", b"new")


@BOTH_WAYS
def test_one_of_many_equal_files_is_replaced_alone(tmp_path, count):
    """They may share their octets on the disk, and nobody can tell."""
    target = DirectoryTarget(tmp_path)
    target.write([objects(count)])
    target.write([objects(1, b"new")])
    assert [target.read(one.path) for one in objects(count)] == [b"new", *[b"body"] * (count - 1)]
    target.delete([objects(1)[0].path])
    assert [target.read(one.path) for one in objects(count)] == [None, *[b"body"] * (count - 1)]


def test_a_filesystem_without_links_gets_files(tmp_path, monkeypatch):
    def refused(*_arguments, **_options):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    target = DirectoryTarget(tmp_path)
    target.write([objects(SYNC_EACH_BELOW)])
    files = [tmp_path / one.path for one in objects(SYNC_EACH_BELOW)]
    assert [(file.read_bytes(), file.stat().st_nlink) for file in files] == [(b"body", 1)] * len(
        files
    )


def test_equal_files_are_written_once(tmp_path):
    DirectoryTarget(tmp_path).write([objects(SYNC_EACH_BELOW)])
    files = [tmp_path / one.path for one in objects(SYNC_EACH_BELOW)]
    assert len({file.stat().st_ino for file in files}) == 1


@BOTH_WAYS
def test_nothing_is_left_in_staging(tmp_path, count):
    DirectoryTarget(tmp_path).write([objects(count)])
    assert list((tmp_path / STAGING).iterdir()) == []


def test_what_a_crash_left_in_staging_is_taken_away(tmp_path):
    (tmp_path / STAGING).mkdir()
    (tmp_path / STAGING / "4711").write_bytes(b"torn")
    DirectoryTarget(tmp_path).write([objects(1)])
    assert list((tmp_path / STAGING).iterdir()) == []


def test_a_failed_write_can_be_done_again(tmp_path):
    """Here a folder stands where a file belongs; the operator takes it away."""
    target = DirectoryTarget(tmp_path)
    (tmp_path / "a/b").mkdir(parents=True)
    wanted = [PublicObject("a/b", b"1", Class.SET, "u"), PublicObject("a/c", b"2", Class.SET, "u")]
    with pytest.raises(WorldFailed, match="cannot write a: Is a directory"):
        target.write([wanted])
    (tmp_path / "a/b").rmdir()
    target.write([wanted])
    assert [target.read("a/b"), target.read("a/c")] == [b"1", b"2"]
    assert list((tmp_path / STAGING).iterdir()) == []


def one(path, body=b"body"):
    return PublicObject(path, body, Class.SET, "u")


def refused_at_the_end(root, *phases):
    """Write these phases and one more, for which there is no place."""
    (root / "status.json").mkdir(parents=True, exist_ok=True)
    with pytest.raises(WorldFailed, match="Is a directory"):
        DirectoryTarget(root).write([*phases, [one("status.json")]])


def files(root):
    found = {p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file()}
    return {path for path in found if not path.startswith(STAGING)}


MANY = pytest.mark.parametrize("more", [0, SYNC_EACH_BELOW])


@MANY
def test_a_new_folder_comes_whole(tmp_path, more):
    """With the first of it comes what later phases have for it; nothing else comes early."""
    sets, pointers = [one("svc/t/s/c/1/cert.pem")], [one("svc/t/s/c/current.json"), one("later")]
    pointers += objects(more, folder="svc/t/others")
    refused_at_the_end(tmp_path / "www", [one("ocsp/a.der")], sets, [one("later/b")], pointers)
    assert files(tmp_path / "www") == {
        "ocsp/a.der",
        "svc/t/s/c/1/cert.pem",
        "svc/t/s/c/current.json",
        *(o.path for o in objects(more, folder="svc/t/others")),
        "later/b",
    }


@MANY
def test_where_a_folder_is_there_phases_follow_each_other(tmp_path, more):
    (tmp_path / "svc/t/s/c").mkdir(parents=True)
    sets = [one("svc/t/s/c/1/cert.pem"), *objects(more)]
    DirectoryTarget(tmp_path).write([sets, [one("svc/t/s/c/current.json")]])
    newer = [one("svc/t/s/c/2/cert.pem"), *objects(more, b"new")]
    (tmp_path / "svc/t/s/c/bad").mkdir()
    with pytest.raises(WorldFailed, match="Is a directory"):
        DirectoryTarget(tmp_path).write(
            [newer, [one("svc/t/s/c/bad")], [one("svc/t/s/c/current.json", b"new")]]
        )
    assert (tmp_path / "svc/t/s/c/2/cert.pem").read_bytes() == b"body"
    assert (tmp_path / "svc/t/s/c/current.json").read_bytes() == b"body"


@MANY
def test_a_folder_made_by_somebody_else_meanwhile_is_no_obstacle_for_long(tmp_path, more):
    """It is told; the next time it is written into."""
    target = DirectoryTarget(tmp_path)

    class Late(list):
        """When they have been read, somebody makes the folder."""

        def __iter__(self):
            yield from super().__iter__()
            (tmp_path / "svc").mkdir()
            (tmp_path / "svc/mine").touch()

    phases = [[one("svc/t/s/file"), *objects(more, folder="svc/t/s")]]
    with pytest.raises(WorldFailed, match="Directory not empty"):
        target.write(Late(phases))
    target.write(phases)
    assert target.read("svc/t/s/file") == b"body"
    assert (tmp_path / "svc/mine").exists()
    assert list((tmp_path / STAGING).iterdir()) == []


@MANY
@pytest.mark.parametrize("kind", [Class.AUTHORITY, Class.STATUS, Class.SET])
def test_no_crl_waits_for_what_there_is_no_room_for(tmp_path, more, kind):
    """Be it a new CA's certificate, new answers or the files of new services."""
    crl = PublicObject("crl/ca.crl", b"newer", Class.STATUS, "crl")
    large = [PublicObject("new/large", bytes(100_000), kind, "u"), *objects(more)]
    phases = {
        Class.AUTHORITY: [large, [crl]],
        Class.STATUS: [[*large, crl]],
        Class.SET: [[crl], large],
    }[kind]
    target = DirectoryTarget(tmp_path)
    target.write([[one("crl/ca.crl")]])
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, former[1]))
    try:
        with pytest.raises(WorldFailed, match="cannot write new/large: File too large"):
            target.write([*phases, [one("svc/t/s/c/current.json")]])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, former)
    assert files(tmp_path) == {"crl/ca.crl"}
    assert target.read("crl/ca.crl") == b"newer"
    assert list((tmp_path / STAGING).iterdir()) == []
    target.write([*phases, [one("svc/t/s/c/current.json")]])
    assert target.read("svc/t/s/c/current.json") == b"body"


@MANY
def test_no_crl_waits_for_a_folder_that_cannot_be_made(tmp_path, more):
    """Somebody's file stands where a new service's folder belongs."""
    target = DirectoryTarget(tmp_path)
    target.write([[one("crl/ca.crl")]])
    (tmp_path / "svc").mkdir()
    (tmp_path / "svc/stray").touch()
    crl = PublicObject("crl/ca.crl", b"newer", Class.STATUS, "crl")
    with pytest.raises(WorldFailed, match="Not a directory"):
        target.write([[crl], [one("svc/stray/s/c/1/cert.pem"), *objects(more)]])
    assert target.read("crl/ca.crl") == b"newer"


def test_what_a_crash_left_of_a_folder_in_staging_is_taken_away(tmp_path):
    """And nothing that a link in it leads to."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/keep").touch()
    left = tmp_path / "www" / STAGING / "1" / "svc"
    left.mkdir(parents=True)
    (left / "torn").write_bytes(b"torn")
    (left / "link").symlink_to(tmp_path / "outside")
    (left.parent.parent / "2").symlink_to(tmp_path / "outside")
    DirectoryTarget(tmp_path / "www").write([objects(1)])
    assert list((tmp_path / "www" / STAGING).iterdir()) == []
    assert (tmp_path / "outside/keep").exists()


def test_a_staple_is_the_answer_itself(tmp_path):
    """Equal files of several phases, too, are written once."""
    answers = [one(f"ocsp/ca/{n}.der", bytes([n])) for n in range(SYNC_EACH_BELOW)]
    staples = [one(f"svc/t/{n}/staple.der", bytes([n])) for n in range(SYNC_EACH_BELOW)]
    DirectoryTarget(tmp_path).write([answers, staples])
    for answer, staple in zip(answers, staples, strict=True):
        assert (tmp_path / answer.path).samefile(tmp_path / staple.path)


def test_nothing_there_is_none(tmp_path):
    target = DirectoryTarget(tmp_path)
    (tmp_path / "folder").mkdir()
    assert (target.read("no/such"), target.read("folder")) == (None, None)
    assert DirectoryTarget(tmp_path / "unborn").read("x") is None


def test_reading_makes_no_folder(tmp_path):
    DirectoryTarget(tmp_path / "unborn").read("x")
    assert not (tmp_path / "unborn").exists()


@pytest.mark.parametrize(
    "path",
    [
        "../x",
        "/x",
        "a//b",
        "a/../b",
        ".x",
        "a/.x",
        "",
        "a/",
        "a\0b",
        ".well-known",
        "a/.well-known/x",
    ],
)
def test_paths_stay_inside_and_visible(tmp_path, path):
    target = DirectoryTarget(tmp_path)
    for attempt in (
        lambda: target.write([[PublicObject(path, b"", Class.SET, "u")]]),
        lambda: target.read(path),
        lambda: target.delete([path]),
    ):
        with pytest.raises(ValueError, match="no path of a published file"):
            attempt()


def test_the_well_known_folder_is_public(tmp_path):
    """RFC 8615."""
    path = ".well-known/est/cacerts"
    target = DirectoryTarget(tmp_path)
    target.write([[PublicObject(path, b"cas", Class.TRUST, "u")]])
    assert target.read(path) == (tmp_path / path).read_bytes() == b"cas"
    target.delete([path])
    assert target.read(path) is None


@BOTH_WAYS
def test_nothing_is_written_through_a_linked_folder(tmp_path, count):
    outside = tmp_path / "outside"
    outside.mkdir()
    root = tmp_path / "www"
    root.mkdir()
    (root / "svc").symlink_to(outside)
    with pytest.raises(WorldFailed):
        DirectoryTarget(root).write([objects(count)])
    assert list(outside.iterdir()) == []


def test_a_linked_file_is_replaced_not_followed(tmp_path):
    outside = tmp_path / "outside"
    outside.write_bytes(b"mine")
    root = tmp_path / "www"
    root.mkdir()
    (root / "file").symlink_to(outside)
    DirectoryTarget(root).write([[PublicObject("file", b"new", Class.SET, "u")]])
    assert (outside.read_bytes(), (root / "file").read_bytes()) == (b"mine", b"new")


def test_nothing_is_read_through_a_link(tmp_path):
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "www").mkdir()
    (tmp_path / "www" / "file").symlink_to("../secret")
    with pytest.raises(WorldFailed):
        DirectoryTarget(tmp_path / "www").read("file")


def test_staging_is_no_link(tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "keep").touch()
    (tmp_path / "www").mkdir()
    (tmp_path / "www" / STAGING).symlink_to("../outside")
    with pytest.raises(WorldFailed):
        DirectoryTarget(tmp_path / "www").write([objects(1)])
    assert (tmp_path / "outside" / "keep").exists()


def test_deleted_is_gone_and_deleting_again_is_fine(tmp_path):
    target = DirectoryTarget(tmp_path)
    target.write([objects(2)])
    for _ in range(2):
        target.delete([objects(1)[0].path, "never/was"])
    assert sorted(path.name for path in (tmp_path / "svc/t/s").iterdir()) == ["1"]


@pytest.mark.parametrize("gone", ["svc/t/s/0/file", "svc/t/s/0", "svc"])
def test_what_is_gone_already_is_synced_all_the_same(tmp_path, monkeypatch, gone):
    """Whoever took it away may have died before that."""
    target = DirectoryTarget(tmp_path)
    target.write([objects(1)])
    shutil.rmtree(tmp_path / gone) if (tmp_path / gone).is_dir() else (tmp_path / gone).unlink()
    synced = []
    monkeypatch.setattr(
        os, "fsync", lambda folder: synced.append(str(Path(f"/proc/self/fd/{folder}").readlink()))
    )
    target.delete(["svc/t/s/0/file"])
    assert str((tmp_path / gone).parent) in synced


def test_an_error_names_no_path_outside_the_root(tmp_path):
    (tmp_path / "a").write_bytes(b"a file where a folder belongs")
    with pytest.raises(WorldFailed) as failure:
        DirectoryTarget(tmp_path).write([[PublicObject("a/b", b"", Class.SET, "u")]])
    assert str(tmp_path) not in failure.value.message + failure.value.remedy


@pytest.mark.slow
def test_ten_thousand_files_cost_little_more_than_creating_them(tmp_path):
    """Durable publication is bounded by creating files, not by syncing each: measured as a ratio
    to bare creation on the same disk at the same time, because disks differ.
    """
    import time

    body = bytes(900)
    bare = tmp_path / "bare"
    bare.mkdir()
    start = time.perf_counter()
    for number in range(10_000):
        Path(bare / str(number)).write_bytes(body)
    created = time.perf_counter() - start
    start = time.perf_counter()
    phase = [
        PublicObject(f"ocsp/ca-00000000/{number:x}.sha1.der", body, Class.STATUS, "u")
        for number in range(1, 10_001)
    ]
    DirectoryTarget(tmp_path / "www").write([phase])
    assert time.perf_counter() - start < 4 * created + 1
