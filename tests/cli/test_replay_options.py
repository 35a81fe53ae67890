"""The options that `replay`, `compare`, `sweep` and `explain` have in common."""

import click
import pytest
from click.testing import CliRunner

from sipproxy.cli.replay_options import ReplayOptions, exit_code_of, failures_told, replay_options
from sipproxy.errors import SipproxyError
from sipproxy.replay.expect import parse_tests


@click.command()
@replay_options
@click.pass_context
def shown(ctx: click.Context, options: ReplayOptions) -> None:
    with failures_told(ctx):
        manner = options.manner(keeps_log=False)
        click.echo(f"{options.ours} {manner.auth} {len(manner.good)} {manner.keeps_log}")


def test_a_command_gets_them_as_one() -> None:
    done = CliRunner().invoke(
        shown, ["--me", "192.0.2.1", "--me", "[::1]:5070", "--auth", "reject"]
    )
    assert done.output == "[('192.0.2.1', 5060), ('::1', 5070)] reject 0 False\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--good", "/nowhere/good"], "sipproxy: cannot read /nowhere/good"),
        (["--blocked", "200"], "sipproxy: '200' is no range of final answers"),
        (["--me", "example.org"], "'example.org' is no IP address"),
        (["-A", "=5"], "'=5' has no name"),
    ],
)
def test_what_cannot_be_meant_ends_with_2(words: list[str], said: str) -> None:
    done = CliRunner().invoke(shown, words)
    assert done.exit_code == 2
    assert said in done.output


def test_the_exit_code_of_fail_if(capsys: pytest.CaptureFixture[str]) -> None:
    report = {"good": {"blocked": 2}}
    assert exit_code_of(report, parse_tests(["good.blocked>2"])) == 0
    assert exit_code_of(report, parse_tests(["good.blocked>2", "good.blocked==2"])) == 1
    assert capsys.readouterr().err == "sipproxy: good.blocked==2: it is 2\n"


def test_other_errors_are_not_hidden() -> None:
    context = click.Context(shown)
    with pytest.raises(ZeroDivisionError), failures_told(context):
        _ = 1 / 0
    with pytest.raises(click.exceptions.Exit) as end, failures_told(context):
        raise SipproxyError("no")
    assert end.value.exit_code == 2
