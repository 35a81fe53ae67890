"""The cases recorded from Kamailio 5.6.3 by record.py, played on the proxy."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

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
    run = proxy.feed(record.request_of(case, number), source=f"127.0.0.1:{record.SINK}")
    mark = f"T: c{number} "
    results = [line.partition(mark)[2].rstrip("\n") for line in run.log if mark in line]
    return results, [record.masked(sent.raw) for sent in run.sent]


@pytest.mark.parametrize("name", FILES)
def test_recorded(name: str) -> None:
    table = json.loads((HERE / "recorded" / f"{name}.json").read_text())
    proxy = load_cfg_text(record.cfg_of(table["modules"], table["cases"], record.SINK))
    differing = []
    for number, case in enumerate(table["cases"]):
        results, sent = played(proxy, case, number)
        if (results, sent) != (case["results"], case["sent"]):
            differing.append((case, results, sent))
    assert not differing, f"{len(differing)} of {len(table['cases'])}; the first: {differing[0]}"
