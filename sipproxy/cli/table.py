"""`sipproxy table show|get|set|rm|import|export|watch`."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sipproxy.cli import FINDINGS, NO_SERVER, OK, USAGE

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from sipproxy.cli.table_sources import Live, Row, Source, Wish

F = TypeVar("F", bound=Callable[..., Any])

_SORTED = 10_000
"""Rows that are put in order before they are shown; of more each is shown as it comes."""


class TableName(click.ParamType[str]):
    """The name of a table; a shell completes it by asking the server."""

    name = "table"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> "list[CompletionItem]":
        from click.shell_completion import CompletionItem

        from sipproxy.cli.table_sources import Live
        from sipproxy.errors import SipproxyError
        from sipproxy.net.rpc_client import Link

        try:
            with Link(ctx.params.get("address") or _DEFAULT, 1.0) as link:
                tables = Live(link).tables()
        except SipproxyError:
            return []
        names = [str(one["name"]) for one in tables]
        return [CompletionItem(name) for name in names if name.startswith(incomplete)]


_DEFAULT = "unix:/run/sipproxy/sipproxy_ctl"
_TABLE = TableName()


def _server(function: F) -> F:
    """Which server."""
    address = click.option(
        "-s",
        "address",
        metavar="ADDRESS",
        envvar="SIPPROXY_CTL",
        default=_DEFAULT,
        show_default=True,
        help="unix:/path, unixd:/path, tcp:host:port or udp:host:port; else $SIPPROXY_CTL.",
    )
    timeout = click.option(
        "--timeout", default=10.0, show_default=True, help="Seconds to wait for an answer."
    )
    return address(timeout(function))


def _source(function: F) -> F:
    """Which server, or which snapshot."""
    file = click.option(
        "--file",
        "snapshot",
        metavar="SNAPSHOT",
        type=click.Path(dir_okay=False),
        help="Look into this file, which htable's parameter `snapshot` names, not at a server.",
    )
    return _server(file(function))


def _which(function: F) -> F:
    """Which keys."""
    match = click.option(
        "--match", "keys", metavar="REGEX", default="", help="Only keys this expression finds."
    )
    value = click.option(
        "--value", "values", metavar="REGEX", default="", help="Only values this expression finds."
    )
    return match(value(function))


_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group("table")
def command() -> None:
    """The htables of a running server, or of a snapshot: look, change, take out, put in.

    An expression is one of POSIX, extended, in which case does not count, as in sht_rm_name_re.
    """


@command.command("show")
@click.argument("table", type=_TABLE, required=False)
@_which
@click.option("--limit", type=click.IntRange(1), help="At most so many keys.")
@_json
@_source
@click.pass_context
def show(
    ctx: click.Context,
    table: str | None,
    keys: str,
    values: str,
    limit: int | None,
    as_json: bool,
    address: str,
    timeout: float,
    snapshot: str | None,
) -> None:
    """Show the keys of TABLE with type, value and seconds left; without TABLE, the tables.

    Keys are in order up to 10,000 of them; of more each is shown as it comes.
    """
    from sipproxy.cli import table_files, table_text

    with _opened(ctx, address, timeout, snapshot) as source:
        if table is None:
            _print(table_text.tables(source.tables(), as_json))
            return
        rows = _in_order(islice(source.rows(table, keys, values), limit))
        if as_json:
            table_files.write(rows, "json", sys.stdout)
        else:
            _print(table_text.rows(rows))


@command.command("get")
@click.argument("table", type=_TABLE)
@click.argument("key")
@_json
@_source
@click.pass_context
def get(
    ctx: click.Context,
    table: str,
    key: str,
    as_json: bool,
    address: str,
    timeout: float,
    snapshot: str | None,
) -> None:
    """Print the value of KEY; exit 1 when there is none."""
    from sipproxy.cli import table_files

    with _opened(ctx, address, timeout, snapshot) as source:
        row = source.get(table, key)
    if row is None:
        click.echo(f"sipproxy: {table} has no key {key!r}", err=True)
        ctx.exit(FINDINGS)
    click.echo(table_files.json_of(row) if as_json else _bytes(str(row.value)))


@command.command("set")
@click.argument("table", type=_TABLE)
@click.argument("key")
@click.argument("value")
@click.option(
    "--type", "kind", type=click.Choice(["int", "str"]), help="Else int for what looks like one."
)
@click.option(
    "--expires", metavar="SECONDS", default="", help="Or `never`; else what the table gives."
)
@_server
@click.pass_context
def set_key(
    ctx: click.Context,
    table: str,
    key: str,
    value: str,
    kind: str | None,
    expires: str,
    address: str,
    timeout: float,
) -> None:
    """Set KEY to VALUE.

    As with `sipproxy rpc`, a number is an int and `s:5` is the text 5; --type says it plainly.
    """
    from sipproxy.cli import table_files
    from sipproxy.cli.table_sources import Wish

    try:
        seconds = table_files.seconds_of(expires)
        wish = Wish(key, _value(value, kind), seconds)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    with _live(ctx, address, timeout) as live:
        for _, reason in live.set(table, [wish]):
            if reason:
                click.echo(f"sipproxy: {table}: {reason}", err=True)
                ctx.exit(FINDINGS)


@command.command("rm")
@click.argument("table", type=_TABLE)
@click.argument("names", metavar="[KEY]...", nargs=-1)
@_which
@click.option("--yes", is_flag=True, help="Do not ask, with --match or --value.")
@_server
@click.pass_context
def remove(
    ctx: click.Context,
    table: str,
    names: tuple[str, ...],
    keys: str,
    values: str,
    yes: bool,
    address: str,
    timeout: float,
) -> None:
    """Remove KEYs, or all that --match and --value find; exit 1 when one is not there.

    What an expression finds is counted first, and goes when you say so (or with --yes).
    """
    if bool(names) == bool(keys or values):
        raise click.UsageError("give KEYs, or --match or --value")
    with _live(ctx, address, timeout) as live:
        doomed = list(names) or [row.key for row in live.rows(table, keys, values)]
        if not names and doomed and not yes:
            _confirm(table, doomed)
        removed = live.remove(table, doomed)
    click.echo(f"{removed} removed")
    ctx.exit(OK if removed and removed >= len(names) else FINDINGS)


@command.command("export")
@click.argument("table", type=_TABLE)
@click.argument("file", type=click.Path(dir_okay=False), default="-")
@_which
@click.option("--format", "form", type=click.Choice(["csv", "json"]), help="Else by FILE's name.")
@_source
@click.pass_context
def export(
    ctx: click.Context,
    table: str,
    file: str,
    keys: str,
    values: str,
    form: str | None,
    address: str,
    timeout: float,
    snapshot: str | None,
) -> None:
    """Write the keys of TABLE to FILE, or to standard output: key, type, value, expires.

    `expires` are the seconds left, or never. FILE is there when all of it is.
    """
    from sipproxy.cli import table_files

    with (
        _opened(ctx, address, timeout, snapshot) as source,
        click.open_file(
            file, "w", encoding="utf-8", errors="surrogateescape", atomic=file != "-"
        ) as out,
    ):
        count = table_files.write(
            source.rows(table, keys, values), table_files.form_of(file, form), out
        )
    if file != "-":
        click.echo(f"{count} keys written to {file}", err=True)


@command.command("import")
@click.argument("table", type=_TABLE)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--format", "form", type=click.Choice(["csv", "json"]), help="Else by FILE's name.")
@click.option("--dry-run", is_flag=True, help="Read all of it and set nothing.")
@_server
@click.pass_context
def import_rows(
    ctx: click.Context,
    table: str,
    file: str,
    form: str | None,
    dry_run: bool,
    address: str,
    timeout: float,
) -> None:
    """Set the keys that FILE (- is standard input) has, as `export` writes them.

    Without a column `type` values are texts; without `expires` keys live as the table says. Rows
    that cannot be set are named, the others are set; exit 1 when there are any.
    """
    from sipproxy.cli import table_files

    try:
        with click.open_file(file, "rb") as stream:
            data = stream.read()
        rows = list(table_files.read(_text(data), table_files.form_of(file, form), file))
    except (OSError, table_files.Unreadable) as error:
        click.echo(f"sipproxy: {file}: {getattr(error, 'strerror', None) or error}", err=True)
        ctx.exit(USAGE)
    wrong = [row for row in rows if isinstance(row, str)]
    for complaint in wrong:
        click.echo(complaint, err=True)
    wishes = [row for row in rows if not isinstance(row, str)]
    count, refused = len(wishes), len(wrong)
    if not dry_run:
        with _live(ctx, address, timeout) as live:
            failed = _set_all(live, table, wishes)
        count, refused = count - failed, refused + failed
    click.echo(f"{count} {'can be' if dry_run else 'are'} set, {refused} not")
    ctx.exit(FINDINGS if refused else OK)


@command.command("watch")
@click.argument("table", type=_TABLE)
@_which
@click.option(
    "--every", default=1.0, type=click.FloatRange(0.1), show_default=True, help="Seconds."
)
@click.option("--for", "seconds", type=click.FloatRange(0.0), help="End after so many seconds.")
@click.option("-n", "most", type=click.IntRange(1), help="End after so many changes.")
@click.option(
    "--keys-at-most",
    "limit",
    default=100_000,
    type=click.IntRange(1),
    show_default=True,
    help="Refuse to look at more keys than these again and again.",
)
@_json
@_server
@click.pass_context
def watch(
    ctx: click.Context,
    table: str,
    keys: str,
    values: str,
    every: float,
    seconds: float | None,
    most: int | None,
    limit: int,
    as_json: bool,
    address: str,
    timeout: float,
) -> None:
    """Show what changes in TABLE: + a new key, ~ another value, - a key that is gone.

    The server is asked every second for all keys that are wanted: what comes and goes in between
    is not seen. Until Ctrl-C, --for or -n.
    """
    from sipproxy.cli import table_text
    from sipproxy.cli.table_watch import TooMany, changes
    from sipproxy.clock import SystemClock

    with _live(ctx, address, timeout) as live:
        try:
            now = SystemClock().now
            found = changes(lambda: live.rows(table, keys, values), every, seconds, limit, now)
            for change in islice(found, most):
                _print([table_text.change(change, as_json)])
                sys.stdout.flush()
        except TooMany as error:
            click.echo(f"sipproxy: {table}: {error}: narrow it by --match", err=True)
            ctx.exit(USAGE)
        except KeyboardInterrupt:
            click.echo(err=True)


# -- what they have in common


@contextmanager
def _opened(
    ctx: click.Context, address: str, timeout: float, snapshot: str | None
) -> "Iterator[Source]":
    """A server or a snapshot; what goes wrong with it ends the command."""
    if snapshot is None:
        with _live(ctx, address, timeout) as live:
            yield live
        return
    from sipproxy.cli.table_sources import NotHere, SnapshotFile

    try:
        source = SnapshotFile(snapshot)
    except (NotHere, OSError) as error:
        reason = f"{snapshot}: {error.strerror}" if isinstance(error, OSError) else str(error)
        click.echo(f"sipproxy: {reason}", err=True)
        ctx.exit(USAGE)
    try:
        yield source
    except NotHere as error:
        click.echo(f"sipproxy: {error}", err=True)
        ctx.exit(FINDINGS)


@contextmanager
def _live(ctx: click.Context, address: str, timeout: float) -> "Iterator[Live]":
    """A running server; what goes wrong with it ends the command."""
    from sipproxy.cli.table_sources import Live, NotHere
    from sipproxy.errors import RpcError
    from sipproxy.net.rpc_client import Link, NoServer

    try:
        with Link(address, timeout) as link:
            yield Live(link)
    except NoServer as error:
        click.echo(f"sipproxy: {error}", err=True)
        ctx.exit(NO_SERVER)
    except (NotHere, RpcError) as error:
        reason = error.reason if isinstance(error, RpcError) else error
        click.echo(f"sipproxy: {reason}", err=True)
        ctx.exit(FINDINGS)


def _in_order(rows: "Iterator[Row]") -> "Iterator[Row]":
    """The rows by key, if they are not too many to be held."""
    first = list(islice(rows, _SORTED + 1))
    if len(first) <= _SORTED:
        first.sort()
    yield from first
    yield from rows


def _set_all(live: "Live", table: str, wishes: "list[Wish]") -> int:
    """Set them and name those that are refused; how many are."""
    failed = 0
    for wish, reason in live.set(table, wishes):
        if reason:
            click.echo(f"{wish.place}: {reason}", err=True)
            failed += 1
    return failed


def _confirm(table: str, doomed: list[str]) -> None:
    """Ask before many keys go; raises UsageError where nobody can be asked."""
    if not sys.stdin.isatty():
        raise click.UsageError(f"{len(doomed)} keys are found: --yes removes them unasked")
    shown = ", ".join(map(repr, sorted(doomed)[:5])) + (", ..." if len(doomed) > 5 else "")
    click.confirm(f"Remove {len(doomed)} keys of {table} ({shown})?", abort=True, err=True)


def _value(text: str, kind: str | None) -> int | str:
    """What a word of the command line means; raises ValueError."""
    from sipproxy.cli import table_files
    from sipproxy.rpc.cnumbers import long_of_text

    if kind is not None:
        return table_files.typed(text, kind)
    if text.startswith("s:"):
        return text[2:]
    return text if long_of_text(text) is None or not text else table_files.typed(text, "int")


def _text(data: bytes) -> str:
    from sipproxy.text import decode

    return decode(data.removeprefix(b"\xef\xbb\xbf"))


def _bytes(text: str) -> bytes:
    from sipproxy.text import encode

    return encode(text)


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)
