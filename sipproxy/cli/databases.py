"""What `db` and `user` share: the URL, and how a database that fails is told."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from sipproxy.cli import NO_SERVER, USAGE

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


@contextmanager
def database(ctx: click.Context, url: str, *, create: bool = False) -> "Iterator[Connection]":
    """A connection; a database that fails is told in one sentence and ends the command.

    The exit code is 3 for a server, and 2 for a file or a bad URL.
    """
    from sipproxy.db.upkeep import connected
    from sipproxy.db.url import DatabaseUrl
    from sipproxy.errors import DatabaseError

    code = USAGE
    try:
        read = DatabaseUrl.parse(url)
        code = USAGE if read.scheme in ("sqlite", "text") else NO_SERVER
        with connected(read, create=create) as connection:
            yield connection
    except DatabaseError as error:
        click.echo(f"sipproxy: {error}", err=True)
        ctx.exit(code)
