"""Every recorded case, played against the real `sipproxy` process.

`waiting.toml` says which cases must pass and what each of the others waits for.
"""

import os
import shlex
import shutil
import socket
import sys
import tomllib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from sipproxy.cli.check import examine_file

from .case import load_case
from .golden import compare
from .server import Commands

HERE = Path(__file__).parent
SHARED = Path(os.environ.get("SIPPROXY_SHARED", HERE.parents[2] / "shared"))
FOLDERS = (HERE / "cases", SHARED / "conformance" / "cases")
PYTHON = shlex.quote(sys.executable)


def examine(cfg: Path) -> tuple[int, str]:
    """`sipproxy check`, without the start of a process."""
    report = examine_file(str(cfg), (), False, "")
    return report.code, "\n".join(
        f"{problem.span}: {problem.message}" for problem in report.problems
    )


SIPPROXY = Commands(
    server=f"{PYTHON} -m sipproxy run {{cfg}}",
    check=f"{PYTHON} -m sipproxy check {{cfg}}",
    start_timeout=20.0,
    examine=examine,
)

TABLE = tomllib.loads((HERE / "waiting.toml").read_text())
EXPECTED: list[str] = TABLE["expected"]
WAITING: dict[str, str] = TABLE["waiting"]
OWN = {path.stem: path for path in FOLDERS[0].glob("*.toml")}
BESIDE = {path.stem: path for path in FOLDERS[1].glob("seed-*.toml")}
CASES = BESIDE | OWN


def test_every_case_is_expected_or_waits_and_not_both() -> None:
    listed = [*EXPECTED, *WAITING]
    assert len(listed) == len(set(listed))
    assert OWN.keys() <= set(listed)
    assert BESIDE.keys() <= set(listed)
    gone = [name for name in listed if name not in OWN and not name.startswith("seed-")]
    assert gone == []
    assert all(reason.startswith("needs ") for reason in WAITING.values())


@pytest.mark.parametrize("name", sorted(CASES))
def test_case_is_well_formed_and_recorded(name: str) -> None:
    case = load_case(CASES[name])
    assert case.title and case.shows
    assert case.golden_path.exists()


@pytest.fixture(scope="module")
def plays(request: pytest.FixtureRequest) -> Iterator[dict[str, "Future[str]"]]:
    """The selected cases, played four at a time: they mostly wait for silence."""
    selected = [
        str(item.callspec.params["name"])
        for item in request.session.items
        if isinstance(item, pytest.Function)
        and item.originalname == "test_case"
        and item.path == Path(__file__)
    ]
    pool = ThreadPoolExecutor(4)
    try:
        yield {
            name: pool.submit(compare, CASES[name], SIPPROXY)
            for name in selected
            if not _why_not(name)
        }
    finally:
        pool.shutdown(cancel_futures=True)


@pytest.mark.conformance
@pytest.mark.parametrize("name", [*EXPECTED, *WAITING])
def test_case(name: str, plays: dict[str, "Future[str]"]) -> None:
    if reason := _why_not(name):
        pytest.skip(f"{name}: {reason}")
    problem = plays[name].result()
    assert not problem, f"{name}\n{problem}"


def _why_not(name: str) -> str:
    """Why a case cannot be played here and now; empty when it can."""
    if name in WAITING:
        return WAITING[name]
    if name not in CASES:
        return "the case lies in ../shared/conformance (or $SIPPROXY_SHARED), which is not here"
    case = load_case(CASES[name])
    if case.uses("rpc") and shutil.which("kamcmd") is None:
        return "kamcmd is not installed"
    if any(":" in host for host in case.sockets.values()) and not _has_ipv6():
        return "this machine has no ::1"
    return ""


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True
