"""`sipproxy db create|check|show URL`."""

from typing import TYPE_CHECKING

import click

from sipproxy.cli import FINDINGS, OK
from sipproxy.cli.databases import database

if TYPE_CHECKING:
    from sqlalchemy import Table

    from sipproxy.db.upkeep import Shown

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
    postgres://user:password@host/name, text:///path/folder.
    """


@command.command("create")
@click.argument("url")
@_tables
@click.pass_context
def create_tables(ctx: click.Context, url: str, tables: tuple[str, ...]) -> None:
    """Make the tables that are missing in URL; those that are there stay as they are.

    An SQLite file or a folder is made where there is none, readable by its owner and group only.
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


@command.command("show")
@click.argument("url")
@click.option("-t", "--table", "tables", metavar="NAME", multiple=True, help="Only this table.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a table.")
@click.pass_context
def show_tables(ctx: click.Context, url: str, tables: tuple[str, ...], as_json: bool) -> None:
    """List the tables in URL: version, rows, and whether the layout is Kamailio's.

    Exit 1 when a table that was asked for is not there.
    """
    from sipproxy.db import upkeep

    with database(ctx, url) as connection:
        found = upkeep.show(connection, tables)
    if as_json:
        _show_json(found)
    elif found:
        _show_lines(found)
    missing = sorted(set(tables) - {one.name for one in found})
    for name in missing:
        click.echo(f"sipproxy: {name}: there is no such table", err=True)
    ctx.exit(FINDINGS if missing else OK)


def _show_json(found: "list[Shown]") -> None:
    import json
    from dataclasses import asdict

    for one in found:
        click.echo(json.dumps(asdict(one)))


def _show_lines(found: "list[Shown]") -> None:
    wide = max(5, *(len(one.name) for one in found))
    click.echo(f"{'table':{wide}}  version      rows  layout")
    for one in found:
        layout = "; ".join(one.findings) or ("as Kamailio 5.6" if one.known else "not known here")
        version = "-" if one.version is None else one.version
        click.echo(f"{one.name:{wide}}  {version:>7}  {one.rows:>8}  {layout}")


def _wanted(names: tuple[str, ...]) -> "list[Table]":
    from sipproxy.db import upkeep

    try:
        return upkeep.known_tables(names)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
