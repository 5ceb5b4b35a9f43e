"""The migrations make the tables that the code believes in."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from pki_reconciler.ledger import migrations, tables


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


def test_the_schema_is_portable() -> None:
    """PostgreSQL's compiler has a word for everything in it."""
    dialect = postgresql.dialect()
    for table in tables.METADATA.sorted_tables:
        assert "STRICT" not in str(CreateTable(table).compile(dialect=dialect))
        for index in table.indexes:
            assert str(CreateIndex(index).compile(dialect=dialect))
    entry = str(CreateTable(tables.entry).compile(dialect=dialect))
    assert "seq BIGINT NOT NULL" in entry
