"""`sipproxy anonymize CAPTURE -w out.pcap`."""

import os
from typing import TYPE_CHECKING

import click

from sipproxy.cli import USAGE
from sipproxy.clock import Chance
from sipproxy.errors import SipproxyError

if TYPE_CHECKING:
    from sipproxy.replay.anonymize import Account

_ENOUGH = 12
"""Characters of a key below which it may be found by trying."""


@click.command("anonymize")
@click.argument("capture", type=click.Path())
@click.option(
    "-w",
    "out",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    required=True,
    help="The capture to write.",
)
@click.option(
    "--key",
    envvar="SIPPROXY_KEY",
    show_envvar=True,
    help="A secret: with it several captures, or one again, are mapped alike.",
)
@click.option(
    "--keep", multiple=True, metavar="DOMAIN", help="A domain that stays as it is; repeatable."
)
@click.pass_context
def command(
    ctx: click.Context, capture: str, out: str, key: str | None, keep: tuple[str, ...]
) -> None:
    """Write a capture without the people in it, to be shown to others.

    Addresses are mapped so that those that share a network still do; private ones stay private.
    Users, numbers, domains, Call-IDs, tags, branches and nonces get other names, the same
    everywhere. Answers to challenges, bodies, names beside addresses, and all headers that are not
    known to be harmless are left out; what is no SIP too. Times, ports, methods, statuses and
    User-Agents stay.
    """
    from sipproxy.replay.anonymize import anonymize

    try:
        if os.path.exists(out) and os.path.exists(capture) and os.path.samefile(out, capture):
            raise SipproxyError(f"{out} is the capture itself")
        secret = Chance().bytes(32) if key is None else key.encode("utf-8", "surrogateescape")
        account = anonymize(capture, out, key=secret, keep=keep)
    except SipproxyError as error:
        click.echo(f"sipproxy: {error}", err=True)
        ctx.exit(USAGE)
    _tell(out, account)
    if key is not None and len(key) < _ENOUGH:
        click.echo("sipproxy: a key as short as this may be found by trying", err=True)


def _tell(out: str, account: "Account") -> None:
    """What was written, and what was left out."""
    click.echo(f"{out}: {account.messages} messages, {account.keepalives} keepalives")
    for (host, port), count in account.asked.most_common(1):
        where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        click.echo(f"  most requests ({count}) go to {where} now")
    for count, what in (
        (account.bodies, "bodies left out"),
        (account.filled, "messages that were not understood, x in their place"),
        (account.other, "datagrams that are no SIP, left out"),
    ):
        if count:
            click.echo(f"  {count} {what}")
    headers = ", ".join(f"{name} {count}" for name, count in account.headers.most_common())
    if headers:
        click.echo(f"  headers left out: {headers}")
    for reason, count in account.unread.most_common():
        click.echo(f"  not read: {count} x {reason}")
    if account.broken:
        click.echo(f"  broken: {account.broken}; what stood before it was written")
