"""`sipproxy db create|check URL`."""

from typing import TYPE_CHECKING

import click

from sipproxy.cli import FINDINGS, OK
from sipproxy.cli.databases import database

if TYPE_CHECKING:
    from sqlalchemy import Table

_tables = click.option(
    "-t",
    "--table",
    "tables",
    metavar="NAME",
    multiple=True,
    help="Only this table; may be given several times. Without it: all that are known.",
)


@click.group("db")
def command() -> None:
    """Kamailio's tables in a database: make them, or see whether they are as they should be.

    URL is written as in a cfg: sqlite:////path/file.db, mysql://user:password@host/name,
    postgres://user:password@host/name.
    """


@command.command("create")
@click.argument("url")
@_tables
@click.pass_context
def create_tables(ctx: click.Context, url: str, tables: tuple[str, ...]) -> None:
    """Make the tables that are missing in URL; those that are there stay as they are.

    An SQLite file is made where there is none, readable by its owner and group only.
    """
    from sipproxy.db import upkeep

    wanted = _wanted(tables)
    with database(ctx, url, create=True) as connection:
        made = upkeep.create(connection, wanted)
    for table in wanted:
        word = f"created, version {table.info['version']}" if table.name in made else "kept"
        click.echo(f"{table.name}: {word}")
    ctx.exit(OK)


@command.command("check")
@click.argument("url")
@_tables
@click.pass_context
def check_tables(ctx: click.Context, url: str, tables: tuple[str, ...]) -> None:
    """Name the tables, columns and versions that are missing in URL; exit 1 when there are any."""
    from sipproxy.db import upkeep

    wanted = _wanted(tables)
    with database(ctx, url) as connection:
        findings = upkeep.check(connection, wanted)
    for finding in findings:
        click.echo(finding)
    ctx.exit(FINDINGS if findings else OK)


def _wanted(names: tuple[str, ...]) -> "list[Table]":
    from sipproxy.db import upkeep

    try:
        return upkeep.known_tables(names)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
