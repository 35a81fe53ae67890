"""A million rows: how long they take, how much memory, and that no message waits for them."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.bases import Base

BENCHMARK = Path(__file__).resolve().parents[3] / "benchmarks" / "reload.py"

pytestmark = pytest.mark.skipif(not shutil.which("cc"), reason="a C compiler is not installed")


def measured(base: "Base", rows: int, rate: int) -> dict[str, Any]:
    words = [sys.executable, str(BENCHMARK), base.url, "-n", str(rows), "-r", str(rate), "--json"]
    said = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    found: dict[str, Any] = json.loads(said)
    print(found)
    return found


@pytest.mark.soak
def test_a_million_rows(base: "Base") -> None:
    if base.kind == "text":
        pytest.skip("text files are for small tables")
    found = measured(base, 1_000_000, 2_000)
    assert found["load"] < 15
    assert 1 < found["size"] < 400
    assert found["highest"] < 2.1 * found["size"]
    assert found["answered"] == found["asked"]
