"""The migrations make the tables that the code believes in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from pki_reconciler.ledger import migrations, tables
from tests.reconciler.ledger.test_publications import there, wish


def shape(engine: sa.Engine) -> dict[str, str]:
    """Every table and index with the statement that made it, blanks apart."""
    with engine.connect() as connection:
        found = connection.exec_driver_sql(
            "SELECT name, sql FROM sqlite_master"
            " WHERE sql IS NOT NULL AND name <> 'alembic_version'"
        ).all()
    return {name: " ".join(text.split()) for name, text in found}


def test_migrated_and_described_are_one(world: Any) -> None:
    """A ledger made by the migrations has exactly the tables of ``tables``, to the letter."""
    described = sa.create_engine("sqlite://")
    tables.METADATA.create_all(described)
    assert shape(world.ledger._engine) == shape(described)
    described.dispose()


def test_there_is_one_newest_revision() -> None:
    configuration = Config()
    configuration.set_main_option("script_location", str(migrations.HERE))
    assert ScriptDirectory.from_config(configuration).get_heads() == [tables.REVISION]


def rows(engine: sa.Engine) -> dict[str, set[tuple[Any, ...]]]:
    """All there are, by table."""
    with engine.connect() as connection:
        return {
            name: set(map(tuple, connection.execute(sa.select(table))))
            for name, table in tables.METADATA.tables.items()
        }


def first_revision(path: Path) -> sa.Engine:
    """An empty ledger as the first revision made it."""
    engine = sa.create_engine(f"sqlite:///{path}")
    configuration = Config()
    configuration.set_main_option("script_location", str(migrations.HERE))
    with engine.begin() as connection:
        configuration.attributes["connection"] = connection
        command.upgrade(configuration, "0001")
    return engine


def pour(source: sa.Engine, into: sa.Engine) -> None:
    """Copy all rows, as far as there is a place for them."""
    there = sa.MetaData()
    there.reflect(into)
    with source.connect() as full, into.begin() as empty:
        for table in there.sorted_tables:
            places = [c.name for c in table.c if not c.computed]
            query = sa.select(*(sa.column(name) for name in places))
            for row in full.execute(query.select_from(sa.table(table.name))).mappings():
                if table.name != "alembic_version":
                    empty.execute(sa.insert(table).values(dict(row)))


def test_a_ledger_with_a_past_is_brought_forward(world: Any, make: Any, tmp_path: Path) -> None:
    """Afterwards it has the rows of one that was never old, in new columns, too."""
    root = world.authority("root")
    issuing = world.authority("issuing", issuer=root, parent="root", ocsp="presigned")
    backend, other = make.service("backend"), make.service("other")
    world.accept("c1", meanings=(backend, other))
    [serial, _] = world.issue(backend, other, issuer=issuing)
    world.revoke(issuing, serial, by="r1")
    for commit, names in (("c2", ("r1",)), ("c3", ("r1", "r2")), ("c4", ("r2",))):
        world.accept(commit, meanings=(make.replace(backend, resume_after=names),))
    world.crl(issuing, 1)
    _publish(world)
    old = first_revision(tmp_path / "old.db")
    pour(world.ledger._engine, old)
    migrations.upgrade(old)
    assert shape(old) == shape(world.ledger._engine)
    expected = rows(world.ledger._engine)
    assert rows(old) == expected
    assert all(expected[name] for name in ("due", "outbox", "published"))
    old.dispose()


def _publish(world: Any) -> None:
    """One file that is there, one that is leaving, one that is to be written."""
    with world.ledger.transaction(world.now) as transaction:
        transaction.enqueue([wish(path, "1") for path in "abc"])
    world.ledger.acknowledge("public", [there("a", "1", number=7), there("b", "1")])
    with world.ledger.transaction(world.now) as transaction:
        transaction.mark_superseded("public", ["b"], world.now)


def test_the_schema_is_portable() -> None:
    """PostgreSQL's compiler has a word for everything in it."""
    dialect = postgresql.dialect()
    for table in tables.METADATA.sorted_tables:
        assert "STRICT" not in str(CreateTable(table).compile(dialect=dialect))
        for index in table.indexes:
            assert str(CreateIndex(index).compile(dialect=dialect))
    entry = str(CreateTable(tables.entry).compile(dialect=dialect))
    assert "seq BIGINT NOT NULL" in entry
