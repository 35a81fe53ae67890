"""Which log a server writes, and what its lines look like, before anything is served."""

import json
from pathlib import Path

import pytest

from sipproxy.clock import Chance, VirtualClock
from sipproxy.core.log import DEBUG, INFO, WARN, LogList
from sipproxy.errors import CfgError
from sipproxy.net.log_setup import open_log, prefix_of, set_up_log
from sipproxy.net.options import Options
from sipproxy.program import Program, load_text
from sipproxy.proxy import Proxy


def program(text: str = "") -> Program:
    return load_text(f"{text}\nrequest_route {{ exit; }}", file="t.cfg")


def proxy_of(text: str) -> Proxy:
    return Proxy(program(text), clock=VirtualClock(), chance=Chance(1), log=LogList())


def test_stderr_as_text_or_json(capfd: pytest.CaptureFixture[str]) -> None:
    for form in ("text", "json"):
        options = Options(log_format=form)
        log = open_log(program(), options, lambda: 0.0, lambda: "t.cfg:2")
        log.write(WARN, "core", "hello")
        log.close()
    plain, written = capfd.readouterr().err.splitlines()
    assert plain.endswith("WARNING: <core>: hello")
    found = json.loads(written)
    assert (found["time"], found["at"], found["text"]) == (
        "1970-01-01T00:00:00.000000Z",
        "t.cfg:2",
        "hello",
    )


@pytest.mark.parametrize(
    ("text", "level", "threshold"),
    [("debug=2", None, INFO), ("debug=9", None, DEBUG), ("debug=3", 0, WARN)],
)
def test_the_level_is_the_operators_else_the_cfgs(
    tmp_path: Path, text: str, level: int | None, threshold: int
) -> None:
    options = Options(stderr=False, debug=level, syslog=str(tmp_path / "none"))
    log = open_log(program(text), options, lambda: 0.0, str)
    assert log.threshold == threshold
    set_up_log(log, proxy_of("debug=1"), options, lambda: None)
    assert log.threshold == (1 if level is None else level)
    log.close()


def test_the_prefix_is_read_from_the_cfg() -> None:
    assert prefix_of(proxy_of(""), lambda: None) is None
    proxy = proxy_of('loadmodule "pv.so"\nlog_prefix="<$rm> "')
    prefix = prefix_of(proxy, proxy.host.outside)
    assert prefix is not None
    assert prefix() == "<OPTIONS> "
    with pytest.raises(CfgError) as caught:
        prefix_of(proxy_of('log_prefix="$nosuch(x) "'), lambda: None)
    (problem,) = caught.value.problems
    assert (problem.span.file, problem.span.line) == ("t.cfg", 1)
