"""The cases recorded from Kamailio 5.6.3 by record.py, played on the proxy."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sipproxy.core.flow import Flow
from sipproxy.testing import load_cfg_text

HERE = Path(__file__).parent
FILES = sorted(path.stem for path in (HERE / "recorded").glob("*.json"))


def recorder() -> ModuleType:
    """The module record.py, which makes cfg and requests of the cases."""
    spec = importlib.util.spec_from_file_location("record", HERE / "record.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


record = recorder()


def played(proxy: Any, case: dict[str, Any], number: int) -> tuple[list[str], list[str]]:
    """Results and sent messages of one case."""
    flow = Flow("udp", ("127.0.0.1", record.PORT), ("127.0.0.1", record.SINK))
    proxy.log.records.clear()
    proxy.proxy.receive(record.request_of(case, number), flow, proxy.clock.now())
    proxy.proxy.settle()
    sent = [record.masked(data) for data, _ in proxy.proxy.outbox]
    proxy.proxy.outbox.clear()
    mark = f"T: c{number} "
    lines = [text.partition(mark)[2].rstrip("\n") for _, _, text in proxy.log.records]
    return [line for line in lines if line], sent


@pytest.mark.parametrize("name", FILES)
def test_recorded(name: str) -> None:
    table = json.loads((HERE / "recorded" / f"{name}.json").read_text())
    proxy = load_cfg_text(record.cfg_of(table, record.SINK))
    differing = []
    for number, case in enumerate(table["cases"]):
        results, sent = played(proxy, case, number)
        if (results, sent) != (case["results"], case["sent"]):
            differing.append((case, results, sent))
    assert not differing, f"{len(differing)} of {len(table['cases'])}; the first: {differing[0]}"
