"""Module regex: its file, its command, its limits."""

from pathlib import Path

import pytest

from sipproxy.errors import ModuleError, RpcError
from sipproxy.modules.regex import Regex
from sipproxy.testing.bench import Bench


@pytest.fixture
def bench() -> Bench[Regex]:
    return Bench(Regex)


def test_without_a_file(bench: Bench[Regex]) -> None:
    bench.module.pcre_caseless = 1
    bench.module.start()
    assert bench.module.pcre_match_group(bench.ctx, "a") == -2
    assert bench.module.pcre_match(bench.ctx, "A", "a") == -1
    with pytest.raises(RpcError, match="not enabled"):
        bench.rpc("regex.reload")


def test_reload(bench: Bench[Regex], tmp_path: Path) -> None:
    path = tmp_path / "groups"
    path.write_text("[0]\nb\n")
    bench.module.file = str(path)
    bench.module.start()
    assert bench.module.pcre_match_group(bench.ctx, "abc") == 1
    path.write_text("[0]\n(\n")
    with pytest.raises(RpcError, match="Failed to reload"):
        bench.rpc("regex.reload")
    assert bench.module.pcre_match_group(bench.ctx, "abc") == 1
    path.write_text("[0]\nx\n")
    bench.rpc("regex.reload")
    assert bench.module.pcre_match_group(bench.ctx, "abc") == -1
    assert bench.module.pcre_match_group(bench.ctx, "abc", "1") == -4


def test_no_such_file(bench: Bench[Regex], tmp_path: Path) -> None:
    bench.module.file = str(tmp_path / "nothing")
    with pytest.raises(ModuleError, match="could not open file"):
        bench.module.start()


def test_a_costly_search_is_no_match_and_logged(bench: Bench[Regex]) -> None:
    assert bench.module.pcre_match(bench.ctx, "a" * 40 + "b", "(a+)+$") == -1
    assert "match limit exceeded" in bench.lines()[-1][1]
