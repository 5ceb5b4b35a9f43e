"""The outbox and what is published: nothing is lost, nothing goes back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import sqlalchemy as sa

from pki_reconciler.ledger.rows import OutboxRow, PublishedRow
from pki_schema.instants import Instant


def wish(path: str, digest: str, *, target: str = "public") -> OutboxRow:
    return OutboxRow(target=target, path=path, category="POINTER", digest=digest, unit=f"u/{path}")


def there(path: str, digest: str, *, number: int | None = None) -> PublishedRow:
    return PublishedRow(
        target="public", path=path, category="POINTER", digest=digest, number=number
    )


def enqueue(world: Any, *rows: OutboxRow) -> None:
    with world.ledger.transaction(world.now) as transaction:
        transaction.enqueue(rows)


def supersede(world: Any, path: str, delete_after: Instant) -> None:
    with world.ledger.transaction(world.now) as transaction:
        transaction.mark_superseded("public", [path], delete_after)


def test_what_may_go_is_found_without_looking_at_all_there_is(world: Any) -> None:
    """It is asked for in every cycle, also of a publication of two hundred thousand files."""
    plans: list[str] = []

    def look(connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if "delete_after <=" in statement:
            told = connection.connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)
            plans.extend(row[3] for row in told)

    reader = world.ledger.reader
    engine = reader._connection.engine
    sa.event.listen(engine, "before_cursor_execute", look)
    try:
        assert reader.deletable("public", world.now) == ()
    finally:
        sa.event.remove(engine, "before_cursor_execute", look)
    assert len(plans) == 1
    assert "INDEX published_superseded" in plans[0]


def test_a_wish_stands_until_it_is_acknowledged(world: Any) -> None:
    """In order of paths, per target."""
    enqueue(world, wish("b", "1"), wish("a", "1"), wish("a", "1", target="other"))
    assert [row.path for row in world.ledger.reader.outbox("public")] == ["a", "b"]
    world.ledger.acknowledge("public", [there("a", "1")])
    assert world.ledger.reader.outbox("public") == (wish("b", "1"),)
    assert world.ledger.reader.outbox("other") == (wish("a", "1", target="other"),)
    assert world.ledger.reader.published("public") == {"a": there("a", "1")}


def test_a_newer_wish_survives_an_older_acknowledgement(world: Any) -> None:
    """What was asked for while the older bytes were on their way is still to be written."""
    enqueue(world, wish("a", "1"))
    enqueue(world, wish("a", "2"))
    world.ledger.acknowledge("public", [there("a", "1")])
    assert world.ledger.reader.outbox("public") == (wish("a", "2"),)


def test_a_wish_falls_with_its_transaction(world: Any) -> None:
    """What was not recorded is not published."""
    try:
        with world.ledger.transaction(world.now) as transaction:
            transaction.enqueue([wish("a", "1")])
            assert transaction.reader.outbox("public")
            raise RuntimeError("killed here")
    except RuntimeError:
        pass
    assert world.ledger.reader.outbox("public") == ()


def test_numbers_never_go_back(world: Any) -> None:
    """A lower CRL number does not replace the memory of a higher one."""
    world.ledger.acknowledge("public", [there("ca.crl", "new", number=8)])
    world.ledger.acknowledge("public", [there("ca.crl", "old", number=7)])
    assert world.ledger.reader.published("public")["ca.crl"].digest == "new"
    world.ledger.acknowledge("public", [there("ca.crl", "newer", number=9)])
    assert world.ledger.reader.published("public")["ca.crl"].digest == "newer"


def test_asked_for_some_paths(world: Any) -> None:
    world.ledger.acknowledge("public", [there(f"p{i}", "1") for i in range(1_200)])
    found = world.ledger.reader.published("public", [f"p{i}" for i in range(1_100)] + ["none"])
    assert len(found) == 1_100


def test_what_is_about_to_be_overwritten_is_what_stands_on_the_same_target(world: Any) -> None:
    """Not where nothing waits, nothing stands, or only another target has it."""
    world.ledger.acknowledge("public", [there("a", "1", number=7), there("quiet", "1")])
    world.ledger.acknowledge("other", [msgspec.structs.replace(there("b", "1"), target="other")])
    enqueue(world, wish("a", "2"), wish("b", "2"), wish("new", "1"))
    assert world.ledger.reader.overwritten("public") == {"a": there("a", "1", number=7)}
    assert world.ledger.reader.overwritten("other") == {}


def test_deletion_waits_for_its_time(world: Any) -> None:
    """Superseded files stay for their readers, then go, then are forgotten."""
    world.ledger.acknowledge("public", [there("a", "1"), there("b", "1")])
    supersede(world, "a", world.now + timedelta(days=1))
    reader = world.ledger.reader
    assert reader.deletable("public", world.now) == ()
    later = world.now + timedelta(days=1)
    assert [row.path for row in reader.deletable("public", later)] == ["a"]
    world.ledger.acknowledge("public", [], ["a"])
    assert reader.deletable("public", later) == ()
    assert list(reader.published("public")) == ["b"]


def test_written_again_is_no_longer_superseded(world: Any) -> None:
    world.ledger.acknowledge("public", [there("a", "1")])
    supersede(world, "a", world.now)
    world.ledger.acknowledge("public", [there("a", "2")])
    assert world.ledger.reader.deletable("public", world.now) == ()


def test_nobody_writes_again_what_was_superseded(world: Any) -> None:
    """A wish from before would take the mark away when it is acknowledged."""
    world.ledger.acknowledge("public", [there("a", "1")])
    enqueue(world, wish("a", "1"), wish("b", "1"))
    supersede(world, "a", world.now)
    assert world.ledger.reader.outbox("public") == (wish("b", "1"),)


def test_one_set_takes_the_place_of_the_others_beside_it(world: Any) -> None:
    """Only of its class, only in its folder, and what was on its way out keeps its time."""
    rows = [
        *(there(f"svc/t/web/default/{name}/cert.pem", "1") for name in ("old", "older", "new")),
        there("svc/t/web/default/current.json", "1"),
        there("svc/t/web-2/default/old/cert.pem", "1"),
        there("svc/t/web/default-2/old/cert.pem", "1"),
    ]
    sets = [
        msgspec.structs.replace(row, category="SET") if row.path.endswith(".pem") else row
        for row in rows
    ]
    world.ledger.acknowledge("public", sets)
    wishes = [msgspec.structs.replace(wish(row.path, "1"), category=row.category) for row in sets]
    enqueue(world, *wishes)
    supersede(world, "svc/t/web/default/older/cert.pem", world.now + timedelta(days=1))
    with world.ledger.transaction(world.now) as transaction:
        transaction.mark_others_superseded(
            "public",
            {"svc/t/web/default": "svc/t/web/default/new"},
            "SET",
            world.now + timedelta(days=9),
        )
    going = {
        row.path.split("/")[4]: row.delete_after
        for row in world.ledger.reader.published("public").values()
        if row.delete_after
    }
    assert going == {
        "old": world.now + timedelta(days=9),
        "older": world.now + timedelta(days=1),
    }
    assert {row.path for row in world.ledger.reader.outbox("public")} == {
        row.path for row in sets[2:]
    }
