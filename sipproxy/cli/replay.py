"""`sipproxy replay CAPTURE... -f CFG`."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from sipproxy.cli import FINDINGS, OK, USAGE
from sipproxy.cli.defines import define_option, parse_defines
from sipproxy.clock import SystemClock
from sipproxy.errors import CfgError, SipproxyError

if TYPE_CHECKING:
    from sipproxy.replay.expect import Test
    from sipproxy.replay.run import Replayed
    from sipproxy.replay.verdicts import Decision


@click.command("replay")
@click.argument("captures", metavar="CAPTURE...", type=click.Path(), nargs=-1, required=True)
@click.option("-f", "cfg", metavar="CFG", type=click.Path(), required=True, help="The cfg to run.")
@click.option(
    "--me", "me", metavar="IP:PORT", multiple=True, help="Our address in the capture; repeatable."
)
@define_option
@click.option(
    "--compat",
    type=click.Choice(["3.0", "5.6", "6.1"]),
    help="The version of Kamailio to behave as, where a user would notice.",
)
@click.option(
    "--auth",
    type=click.Choice(["db", "capture", "accept", "reject"]),
    default="db",
    show_default=True,
    help="Who knows the passwords: the cfg's database, the old server's answers, or nobody.",
)
@click.option("--users", type=click.Path(), help="A file of users in place of the database.")
@click.option("--good", type=click.Path(), help="A file with users or addresses that are good.")
@click.option("--blocked", metavar="LIST", help="What counts as blocked: 403,500-599,silence.")
@click.option("--epoch", type=float, help="Unix time at which the server starts.")
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
@click.option("--messages", is_flag=True, help="With --json: the decision on each request too.")
@click.option("--csv", "as_csv", is_flag=True, help="A row for each source as CSV.")
@click.option("--fail-if", multiple=True, metavar="TEST", help="Exit 1 if so: 'good.blocked>0'.")
@click.option("--log", "show_log", is_flag=True, help="Also the lines the cfg logs, on stderr.")
@click.pass_context
def command(
    ctx: click.Context,
    captures: tuple[str, ...],
    cfg: str,
    me: tuple[str, ...],
    defines: tuple[str, ...],
    compat: str | None,
    auth: str,
    users: str | None,
    good: str | None,
    blocked: str | None,
    epoch: float | None,
    as_json: bool,
    messages: bool,
    as_csv: bool,
    fail_if: tuple[str, ...],
    show_log: bool,
) -> None:
    """Play captures through CFG on a virtual clock and tell what became of each source.

    Nothing is sent, written or asked outside. A request counts as blocked when it is answered
    with 400 or above (a challenge is no block) or not at all.
    """
    from sipproxy.program import load_file
    from sipproxy.replay.expect import parse_tests
    from sipproxy.replay.judges import Users
    from sipproxy.replay.people import Good
    from sipproxy.replay.player import Manner
    from sipproxy.replay.run import replay
    from sipproxy.replay.verdicts import Blocking

    ours = [_address(text) for text in me]
    decisions: list[Decision] = []
    try:
        tests = parse_tests(fail_if)
        manner = Manner(
            auth=auth,
            users=Users.read(users) if users else None,
            good=Good.read(good) if good else Good(),
            blocking=Blocking.parse(blocked) if blocked else Blocking(),
            told=decisions.append if messages else None,
            keeps_log=show_log,
        )
        program = load_file(cfg, defines=parse_defines(defines), compat=compat or "")
        began = SystemClock().now()
        with _calm_collector():
            found = replay(program, captures, me=ours, manner=manner, epoch=epoch)
        seconds = SystemClock().now() - began
    except CfgError as error:
        from sipproxy.cli.errors import show_problems

        ctx.exit(show_problems(error))
    except (SipproxyError, ValueError) as error:
        click.echo(f"sipproxy: {error}", err=True)
        ctx.exit(USAGE)
    _show(found, decisions, seconds, as_json=as_json, as_csv=as_csv, show_log=show_log)
    try:
        ctx.exit(_tested(found, tests))
    except ValueError as error:
        click.echo(f"sipproxy: {error}", err=True)
        ctx.exit(USAGE)


@contextmanager
def _calm_collector() -> Iterator[None]:
    """Look for cycles seldom: a replay makes next to none, and looking takes much of its time."""
    before = gc.get_threshold()
    gc.set_threshold(200_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _show(
    found: "Replayed",
    decisions: list["Decision"],
    seconds: float,
    *,
    as_json: bool,
    as_csv: bool,
    show_log: bool,
) -> None:
    from sipproxy.replay import data
    from sipproxy.replay.report import as_text
    from sipproxy.replay.show import show_line

    if show_log:
        for line in found.player.log.lines:
            click.echo(show_line(line), err=True)
    if as_json:
        import json

        report = data.as_data(found)
        report["seconds_run"] = round(seconds, 3)
        if found.player.manner.told is not None:
            decisions.sort(key=lambda decision: (decision.capture, decision.packet))
            report["decisions"] = [data.as_decision(decision) for decision in decisions]
        click.echo(json.dumps(report))
    elif as_csv:
        click.echo(data.as_csv(found), nl=False)
    else:
        click.echo(as_text(found))


def _tested(found: "Replayed", tests: list["Test"]) -> int:
    """The exit code by `--fail-if`; says which came true."""
    if not tests:
        return OK
    from sipproxy.replay.data import as_data

    report = as_data(found)
    code = OK
    for test in tests:
        if test.holds(report):
            click.echo(f"sipproxy: {test.text}: it is {test.value(report)}", err=True)
            code = FINDINGS
    return code


def _address(text: str) -> tuple[str, int]:
    from ipaddress import ip_address

    host, colon, port = text.rpartition(":")
    if not colon or (":" in host and not host.startswith("[")):
        host, port = text, "5060"
    try:
        address = str(ip_address(host.strip("[]")))
    except ValueError:
        raise click.BadParameter(f"{host!r} is no IP address", param_hint="--me") from None
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise click.BadParameter(f"{port!r} is no port", param_hint="--me")
    return address, int(port)
