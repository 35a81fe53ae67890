"""`sipproxy gen attack|flood|normal|powercut -w out.pcap`."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import click

from sipproxy.cli import USAGE
from sipproxy.errors import SipproxyError

KINDS = ("normal", "attack", "flood", "powercut")


class Moment(click.ParamType[float]):
    """Unix seconds, or a date and time as ISO 8601 writes it, UTC unless it says otherwise."""

    name = "TIME"

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        """Raises BadParameter."""
        if isinstance(value, int | float):
            return float(value)
        try:
            return float(value)
        except ValueError:
            pass
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is neither Unix seconds nor a date: 2026-11-23T12:00", param, ctx)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


@click.command("gen")
@click.argument("kind", type=click.Choice(KINDS))
@click.option(
    "-w",
    "path",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    required=True,
    help="The capture to write.",
)
@click.option(
    "--truth",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="Where to write who is who, as JSON; FILE.json beside the capture without it.",
)
@click.option(
    "--passwords",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="Also the users with their passwords, for replay --users.",
)
@click.option(
    "--users",
    type=click.IntRange(2, 5000),
    default=20,
    show_default=True,
    help="How many phones there are.",
)
@click.option(
    "--minutes",
    type=click.FloatRange(0.5, 7 * 24 * 60),
    default=10.0,
    show_default=True,
    help="How long it lasts.",
)
@click.option(
    "--rate",
    type=click.FloatRange(0.01, 10_000),
    help="Requests of an attacker in a second.  [default: 5, of a flood 200]",
)
@click.option(
    "--start",
    type=Moment(),
    default=1_795_000_000.0,
    show_default=True,
    help="When it begins: Unix seconds, or 2026-11-23T12:00 (UTC).",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=1,
    show_default=True,
    help="The same seed gives the same file.",
)
@click.option(
    "--server",
    metavar="IP:PORT",
    default="203.0.113.5:5060",
    show_default=True,
    help="The address of the server.",
)
@click.option("--domain", default="example.com", show_default=True, help="The domain of the users.")
@click.pass_context
def command(
    ctx: click.Context,
    kind: str,
    path: str,
    truth: str | None,
    passwords: str | None,
    users: int,
    minutes: float,
    rate: float | None,
    start: float,
    seed: int,
    server: str,
    domain: str,
) -> None:
    """Write a capture of made-up traffic, and the truth about it. Nothing is sent.

    normal: phones, alone or many behind one address, register and call each other. attack: besides,
    a scan, a list of passwords, many addresses that guess a little, calls to expensive numbers.
    flood: besides, two addresses that send as fast as they can. powercut: all phones of the offices
    come back at once. The server's answers are there too: it stops nobody.
    """
    from sipproxy.cli.replay_options import address_of
    from sipproxy.testing.traffic.scenarios import Wishes, make

    address = address_of(server, "--server")
    if ":" in address[0]:
        raise click.BadParameter("the server has an IPv4 address", param_hint="--server")
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,200}[A-Za-z0-9])?", domain):
        raise click.BadParameter(f"{domain!r} is no domain", param_hint="--domain")
    wishes = Wishes(
        users=users,
        seconds=60 * minutes,
        start=start,
        rate=rate or 0.0,
        seed=seed,
        server=address,
        domain=domain,
    )
    beside = truth or f"{path}.json"
    try:
        found = make(kind, path, wishes)
        with open(beside, "w", encoding="utf-8") as stream:
            json.dump(found, stream, indent=1)
            stream.write("\n")
        if passwords:
            with open(passwords, "w", encoding="utf-8") as stream:
                stream.writelines(
                    f"{row['user']}@{domain}:{row['password']}\n" for row in found["users"]
                )
    except (OSError, SipproxyError) as error:
        reason = (
            f"cannot write {error.filename}: {error.strerror}"
            if isinstance(error, OSError)
            else error
        )
        click.echo(f"sipproxy: {reason}", err=True)
        ctx.exit(USAGE)
    labels = [source["label"] for source in found["sources"]]
    counts = ", ".join(f"{labels.count(label)} {label}" for label in dict.fromkeys(labels))
    click.echo(f"{path}: {found['packets']} packets, sources: {counts}; the truth is in {beside}")
