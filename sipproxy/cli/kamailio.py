"""Kamailio's own flags: `sipproxy -f x.cfg -DD -E -A WITH_AUTH`; it exits with 0 or 255."""

from __future__ import annotations

import getopt
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sipproxy.cli.waiting import with_wait_db

if TYPE_CHECKING:
    from sipproxy.program import Program

FAILED = 255

_SHORT = "f:cm:M:dVIhEeb:l:L:n:vKrRDTN:W:w:t:u:g:P:G:SQ:O:a:A:x:X:Y:"
_LONG = (
    *("help", "version", "alias=", "atexit=", "debug=", "cfg-print", "loadmodule="),
    *("modparam=", "log-engine=", "server-id=", "subst=", "substdef=", "substdefs="),
    *("compat=", "log-format=", "wait-db="),
)

_WITHOUT_EFFECT = frozenset(
    (
        *("-m", "-M", "-x", "-X", "-L", "-N", "-Q", "-S", "-W", "-O", "-b"),
        *("-I", "-r", "-R", "-G", "--atexit", "--log-engine"),
    )
)
_UNSUPPORTED = frozenset(("-t", "--cfg-print", "--subst", "--substdef", "--substdefs"))


class Flags:
    """The flags as they were given; a flag that may be repeated keeps all its values."""

    def __init__(self, words: Sequence[str]) -> None:
        """Read them; raises getopt.GetoptError, as for a word that is no flag."""
        pairs, rest = getopt.gnu_getopt(with_wait_db(words), _SHORT, list(_LONG))
        if rest:
            raise getopt.GetoptError(f"{rest[0]!r} is no option")
        self._pairs = pairs

    def all(self, *names: str) -> list[str]:
        """The values given to a flag, in order."""
        return [value for flag, value in self._pairs if flag in names]

    def last(self, name: str, default: str = "") -> str:
        """The value given last."""
        return (self.all(name) or [default])[-1]

    def count(self, name: str) -> int:
        """How often the flag was given."""
        return len(self.all(name))

    def given(self, names: frozenset[str]) -> list[str]:
        """Those of `names` that were given, each once."""
        return list(dict.fromkeys(flag for flag, _ in self._pairs if flag in names))


def run_kamailio_style(words: Sequence[str]) -> int:
    """Do what the flags say; the exit code."""
    try:
        flags = Flags(words)
    except getopt.GetoptError as error:
        return _fail(f"{error}; sipproxy --help lists commands and flags")
    refused = flags.given(_UNSUPPORTED)
    if refused:
        return _fail(f"{', '.join(refused)} is not supported")
    if flags.count("-h") or flags.count("--help"):
        from sipproxy.cli import cli

        cli(["--help"], prog_name="sipproxy", standalone_mode=False)
        return 0
    idle = flags.given(_WITHOUT_EFFECT)
    if idle:
        click.echo(f"sipproxy: no effect here: {' '.join(idle)}", err=True)
    return _start(flags)


def _start(flags: Flags) -> int:
    from sipproxy.cli.errors import show_problems
    from sipproxy.errors import CfgError
    from sipproxy.net.addresses import StartError

    try:
        cfg = flags.last("-f") or _default_cfg()
        program = _load(flags, cfg)
        if flags.count("-c"):
            return _check(program)
        place = os.path.abspath(cfg)
        _serve(flags, program, lambda: _load(flags, place))
    except CfgError as error:
        show_problems(error)
        return FAILED
    except StartError as error:
        return _fail(str(error))
    except ValueError as error:
        return _fail(f"bad option: {error}")
    return 0


def _load(flags: Flags, cfg: str) -> Program:
    from sipproxy.cli.defines import parse_defines
    from sipproxy.cli.overrides import apply
    from sipproxy.program import COMPAT, load_file

    compat = flags.last("--compat")
    if compat and compat not in COMPAT:
        raise ValueError(f"--compat is one of {', '.join(COMPAT)}, not {compat}")
    program = load_file(cfg, defines=parse_defines(flags.all("-A")), compat=compat)
    return apply(
        program,
        listen=flags.all("-l"),
        aliases=flags.all("--alias"),
        modules=flags.all("--loadmodule"),
        parameters=flags.all("--modparam"),
        values=dict(_values(flags)),
    )


def _values(flags: Flags) -> Iterator[tuple[str, Any]]:
    """Core parameters that flags set."""
    if flags.count("--debug"):
        yield "debug", _number("--debug", flags)
    elif flags.count("-d"):
        yield "debug", flags.count("-d")
    if flags.count("-n"):
        yield "children", _number("-n", flags)
    if flags.count("--server-id"):
        yield "server_id", _number("--server-id", flags)
    if flags.count("-a"):
        yield "auto_aliases", int(flags.last("-a").lower() in ("yes", "on", "y", "1"))
    if flags.count("-K"):
        yield "check_via", 1
    if flags.count("-T"):
        yield "disable_tcp", 1


def _number(flag: str, flags: Flags) -> int:
    text = flags.last(flag)
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{flag} takes a number, not {text!r}") from None


def _seconds(flag: str, flags: Flags) -> float:
    text = flags.last(flag, "0")
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < 1e9:
        raise ValueError(f"{flag} takes seconds, not {text!r}")
    return seconds


def _default_cfg() -> str:
    named = os.environ.get("SIPPROXY_CFG")
    if named:
        return named
    here = Path("sipproxy.cfg")
    return str(here if here.exists() else "/etc/sipproxy/sipproxy.cfg")


def _check(program: Program) -> int:
    from sipproxy.cli.check import check_program

    found = check_program(program)
    if found == 0:
        click.echo("config file ok, exiting...", err=True)
    return FAILED if found else 0


def _serve(flags: Flags, program: Program, reread: Callable[[], Program]) -> None:
    from sipproxy.net.daemon import Life, serve
    from sipproxy.net.log import FORMATS
    from sipproxy.net.options import Options
    from sipproxy.net.server import Server

    settings = program.settings
    stderr = bool(flags.count("-E"))
    depth = flags.count("-D")
    background = (depth == 0 and bool(settings.fork)) or depth > 2
    life = Life(
        background=background,
        keep_stderr=stderr or bool(settings.log_stderror),
        pid_file=os.path.abspath(flags.last("-P")) if flags.last("-P") else "",
        user=flags.last("-u") or str(settings.user or ""),
        group=flags.last("-g") or str(settings.group or ""),
        work_dir=flags.last("-w") or str(settings.workdir or "") or ("/" if background else ""),
    )
    form = flags.last("--log-format", "text")
    if form not in FORMATS:
        raise ValueError(f"--log-format is one of {', '.join(FORMATS)}, not {form}")
    options = Options(
        stderr=stderr,
        run_dir=flags.last("-Y"),
        log_format=form,
        color=bool(flags.count("-e")),
        wait_db=_seconds("--wait-db", flags),
        reread=reread,
    )
    serve(lambda: Server(program, options), life)


def _fail(sentence: str) -> int:
    click.echo(f"sipproxy: {sentence}", err=True)
    return FAILED
