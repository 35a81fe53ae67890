"""Every pseudo-variable and transformation of the plans against what Kamailio 5.6.3 gave."""

import importlib.util
import json
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sipproxy.clock import Chance, VirtualClock
from sipproxy.core.context import Context
from sipproxy.core.flow import Flow
from sipproxy.core.functions import Core
from sipproxy.core.host import Host
from sipproxy.core.log import LogList
from sipproxy.core.sockets import ListenSocket, OwnAddresses
from sipproxy.modules.pv import Pv
from sipproxy.program import load_text
from sipproxy.sip.message import Message
from sipproxy.testing import load_cfg_text

HERE = Path(__file__).parent
NAMES = sorted(path.stem for path in (HERE / "golden").glob("*.json"))


def _recorder() -> ModuleType:
    spec = importlib.util.spec_from_file_location("pv_record", HERE / "record.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


record = _recorder()


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("PV_TEST", "from environment")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def make_host(cfg: str = "", params: list[list[str]] | None = None) -> Host:
    host = Host(VirtualClock(), Chance(1), LogList())
    host.own = OwnAddresses([ListenSocket("udp", *record.SERVER)])
    host.settings = load_text(f"#!KAMAILIO\ndebug=-5\n{cfg}\nrequest_route {{ exit; }}\n").settings
    host.flags = dict(host.settings.flags)
    host.load(Core)
    module = host.load(Pv)
    for name, value in params or ():
        getattr(module, name)(value)
    module.start()
    return host


def context(host: Host, message: str) -> Context:
    flow = Flow("udp", record.SERVER, record.CLIENT)
    msg = Message.parse(record.wire(message), source=flow.remote, dest=flow.local)
    return Context(msg, flow, host.now(), host, "request" if msg.is_request else "reply")


def compiled_answers(plan: dict[str, Any]) -> list[list[str]]:
    """What the recorder's own configuration logs when it runs here."""
    rows: list[list[str]] = [[] for _ in plan["expressions"]]
    proxy = load_cfg_text(record.cfg_text(plan))
    for message in plan["messages"]:
        log = proxy.feed(record.wire(message), source="127.0.0.1:15999").log
        found = {}
        for line in log:
            match = record.LOGGED.match(line)
            if match:
                found[int(match[1])] = match[2].removesuffix("\n").removesuffix(">@@")
        for number, row in enumerate(rows):
            row.append(found.get(number, ""))
    return rows


def answers(plan: dict[str, Any]) -> list[list[str]]:
    """What our own variables give for a plan, in the recorder's shape."""
    host = make_host(plan.get("cfg", ""), plan.get("params"))
    rows: list[list[str]] = [[] for _ in plan["expressions"]]
    for message in plan["messages"]:
        ctx = context(host, message)
        for name, value in plan["set"]:
            access = host.pv(name)
            assert access.set is not None, name
            access.write(ctx, value)
        for row, expression in zip(rows, plan["expressions"], strict=True):
            # A C string ends at its first NUL, and so does a line of Kamailio's log.
            row.append(host.format(expression)(ctx).partition("\0")[0])
    return rows


def plan_and_golden(name: str) -> tuple[dict[str, Any], list[Any]]:
    plan = record.expanded(json.loads((HERE / "plans" / f"{name}.json").read_text()))
    golden = json.loads((HERE / "golden" / f"{name}.json").read_text())["rows"]
    assert [row[0] for row in golden] == plan["expressions"]
    return plan, golden


def check(plan: dict[str, Any], golden: list[Any], got: list[list[str]]) -> None:
    values = dict(plan["set"])
    different = [
        f"{expression} {values.get('$' + expression[2:].partition('{')[0], '')!r}"
        f"\n   Kamailio {wanted!r}\n   sipproxy {ours!r}"
        for (expression, wanted), ours in zip(golden, got, strict=True)
        if wanted != ours
    ]
    assert not different, f"{len(different)} of {len(golden)}\n" + "\n".join(different)


@pytest.mark.parametrize(
    "name", [name for name in NAMES if name not in ("edits", "functions", "selects")]
)
def test_same_as_kamailio(name: str) -> None:
    plan, golden = plan_and_golden(name)
    check(plan, golden, answers(plan))


@pytest.mark.parametrize("name", NAMES)
def test_same_as_kamailio_when_compiled(name: str) -> None:
    plan, golden = plan_and_golden(name)
    check(plan, golden, compiled_answers(plan))


def test_the_recording_is_large() -> None:
    rows = [json.loads(p.read_text())["rows"] for p in (HERE / "golden").glob("*.json")]
    assert sum(len(values) for golden in rows for _, values in golden) >= 400
