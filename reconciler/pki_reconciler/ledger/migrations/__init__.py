"""How the tables came to be: Alembic revisions, run by the program itself, never by hand.

Belongs here: one file per revision in ``versions``, frozen once released. Does not belong here: an
``alembic.ini``, or a revision that cannot go forward without the operator's help.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

HERE = Path(__file__).parent


def upgrade(engine: sa.Engine) -> None:
    """Bring a database, empty or old, to the newest revision, in one transaction."""
    with engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            _write_ahead(connection)
        with connection.begin():
            configuration = Config()
            # "%" would be read as interpolation.
            configuration.set_main_option("script_location", str(HERE).replace("%", "%%"))
            configuration.attributes["connection"] = connection
            command.upgrade(configuration, "head")


def _write_ahead(connection: sa.Connection) -> None:
    """Readers beside the writer; kept in the file, and not to be changed inside a transaction."""
    connection.connection.cursor().execute("PRAGMA journal_mode=WAL")
