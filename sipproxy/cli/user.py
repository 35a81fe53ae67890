"""`sipproxy user add|passwd|rm|show|list`."""

import json
import re
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sipproxy.cli import FINDINGS, OK
from sipproxy.cli.databases import database

if TYPE_CHECKING:
    from sipproxy.db.subscribers import Secrets, Subscriber

F = TypeVar("F", bound=Callable[..., Any])

_ADDRESS = re.compile(r"(?P<user>[^\s@:\"]+)@(?P<domain>[^\s@\"]+)")


class Address(click.ParamType[tuple[str, str]]):
    """`user@domain` as a pair of texts."""

    name = "user@domain"

    def convert(self, value: Any, param: object, ctx: object) -> tuple[str, str]:
        found = _ADDRESS.fullmatch(value) if isinstance(value, str) else None
        if found is None or max(map(len, found.groups())) > 64:
            self.fail(f"{value!r} is not user@domain, of 64 characters each at most")
        return found["user"], found["domain"]


def _options(function: F) -> F:
    """The database and the table of users."""
    table = click.option("--table", default="subscriber", show_default=True, help="The table.")
    url = click.option(
        "--db",
        "url",
        metavar="URL",
        envvar=["SIPPROXY_DB", "DBURL"],
        required=True,
        help="The database, as in a cfg: sqlite:////path/file.db; else $SIPPROXY_DB or $DBURL.",
    )
    return url(table(function))


def _secret_options(function: F) -> F:
    """What is stored of a password."""
    plain = click.option("--plain", is_flag=True, help="Store the password itself as well.")
    realm = click.option("--realm", default="", help="The realm of the hashes; else the domain.")
    algorithm = click.option(
        "--algorithm",
        type=click.Choice(["MD5", "SHA-256", "SHA-512-256"]),
        default="MD5",
        show_default=True,
        help="As the cfg's modparam `algorithm` of auth.",
    )
    password = click.argument("password", required=False)
    return password(plain(realm(algorithm(function))))


@click.group("user")
def command() -> None:
    """Users in a database, as auth_db checks them.

    Hashes of the password are stored (columns ha1 and ha1b), the password itself only with --plain.
    """


@command.command("add")
@click.argument("who", metavar="USER@DOMAIN", type=Address())
@_secret_options
@_options
@click.pass_context
def add_user(
    ctx: click.Context,
    who: tuple[str, str],
    password: str | None,
    url: str,
    table: str,
    plain: bool,
    realm: str,
    algorithm: str,
) -> None:
    """Add a user.

    PASSWORD is asked for, or read from standard input, when it is not given: what stands on a
    command line can be seen by others.
    """
    from sipproxy.db.subscribers import Subscribers

    secrets = _secrets(who, _password(password), plain, realm, algorithm)
    with database(ctx, url) as connection:
        done = Subscribers(connection, table).add(*who, secrets)
    _end(ctx, done, f"{'@'.join(who)} is there already: sipproxy user passwd changes the password")


@command.command("passwd")
@click.argument("who", metavar="USER@DOMAIN", type=Address())
@_secret_options
@_options
@click.pass_context
def change_password(
    ctx: click.Context,
    who: tuple[str, str],
    password: str | None,
    url: str,
    table: str,
    plain: bool,
    realm: str,
    algorithm: str,
) -> None:
    """Change a user's password; PASSWORD as for add.

    Without --plain a password that was stored itself is taken away.
    """
    from sipproxy.db.subscribers import Subscribers

    secrets = _secrets(who, _password(password), plain, realm, algorithm)
    with database(ctx, url) as connection:
        done = Subscribers(connection, table).change(*who, secrets)
    _end(ctx, done, f"there is no user {'@'.join(who)}")


@command.command("rm")
@click.argument("who", metavar="USER@DOMAIN", type=Address())
@_options
@click.pass_context
def remove_user(ctx: click.Context, who: tuple[str, str], url: str, table: str) -> None:
    """Remove a user."""
    from sipproxy.db.subscribers import Subscribers

    with database(ctx, url) as connection:
        done = Subscribers(connection, table).remove(*who)
    _end(ctx, done, f"there is no user {'@'.join(who)}")


@command.command("show")
@click.argument("who", metavar="USER@DOMAIN", type=Address())
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@_options
@click.pass_context
def show_user(
    ctx: click.Context, who: tuple[str, str], as_json: bool, url: str, table: str
) -> None:
    """Tell whether there is a user and what is stored of the password; exit 1 without one."""
    from sipproxy.db.subscribers import Subscribers

    with database(ctx, url) as connection:
        found = Subscribers(connection, table).find(*who)
    if found is None:
        _end(ctx, False, f"there is no user {'@'.join(who)}")
        return
    click.echo(json.dumps(_facts(found)) if as_json else _line(found))


@command.command("list")
@click.argument("domain", required=False, default="")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@_options
@click.pass_context
def list_users(ctx: click.Context, domain: str, as_json: bool, url: str, table: str) -> None:
    """List the users, or those of DOMAIN."""
    from sipproxy.db.subscribers import Subscribers

    with database(ctx, url) as connection:
        found = Subscribers(connection, table).all(domain)
    if as_json:
        click.echo(json.dumps([_facts(one) for one in found]))
        return
    for one in found:
        click.echo(_line(one))


def _password(given: str | None) -> str:
    """The password from the command line, the terminal, or a line of standard input."""
    if given is None and sys.stdin.isatty():
        given = str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    elif given is None:
        given = sys.stdin.readline().rstrip("\r\n")
    if not given:
        raise click.UsageError("an empty password is not taken")
    return given


def _secrets(
    who: tuple[str, str], password: str, plain: bool, realm: str, algorithm: str
) -> "Secrets":
    from sipproxy.db.subscribers import Secrets
    from sipproxy.modules.auth.digest import Digest

    user, domain = who
    if plain and len(password) > 64:
        raise click.UsageError("a password that is stored has 64 characters at most")
    digest = Digest(algorithm)
    realm = realm or domain
    return Secrets(
        digest.ha1(user, realm, password),
        digest.ha1(f"{user}@{domain}", realm, password),
        password if plain else "",
    )


def _end(ctx: click.Context, done: bool, otherwise: str) -> None:
    if not done:
        click.echo(f"sipproxy: {otherwise}", err=True)
    ctx.exit(OK if done else FINDINGS)


def _facts(one: "Subscriber") -> dict[str, Any]:
    return {
        "username": one.username,
        "domain": one.domain,
        "hashed": one.hashed,
        "plain": one.plain,
    }


def _line(one: "Subscriber") -> str:
    stored = [word for word, there in (("hashed", one.hashed), ("plain", one.plain)) if there]
    return f"{one.address}  {', '.join(stored) or 'no password'}"
