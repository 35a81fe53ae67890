"""The commands shm.* and corex.*_summary."""

import pytest

from sipproxy.core.log import INFO
from sipproxy.errors import RpcError
from sipproxy.modules.corex import Corex
from sipproxy.testing import load_cfg_text, request
from sipproxy.testing.bench import Bench


@pytest.fixture
def bench() -> Bench[Corex]:
    return Bench(Corex)


def test_sizes_are_those_of_the_process(bench: Bench[Corex]) -> None:
    stats = bench.rpc("shm.stats")
    assert list(stats) == ["total", "free", "used", "real_used", "max_used", "fragments"]
    assert 0 < stats["used"] < stats["total"]
    assert bench.rpc("shm.info") == {"name": "process", "size": stats["total"]}
    with pytest.raises(RpcError, match="no shared memory"):
        bench.rpc("shm.report")


@pytest.mark.parametrize("command", ["corex.shm_status", "corex.shm_summary", "corex.pkg_summary"])
def test_one_line_in_the_log(bench: Bench[Corex], command: str) -> None:
    bench.rpc(command, *(("idx", 1) if "pkg" in command else ()))
    ((level, text),) = bench.lines()
    assert level == INFO
    assert text.startswith("memory of the process: total=")


def test_a_selector_is_needed() -> None:
    proxy = load_cfg_text('loadmodule "corex.so"\nrequest_route { exit; }\n')
    with pytest.raises(RpcError, match="Selector and value not provided"):
        proxy.rpc("corex.pkg_summary")


def test_reply_out_is_known_and_never_runs() -> None:
    proxy = load_cfg_text(
        """
loadmodule "xlog.so"
loadmodule "sl.so"
loadmodule "corex.so"
event_route[corex:reply-out] { xlog("never"); }
request_route { sl_send_reply("200", "OK"); }
"""
    )
    run = proxy.feed(request())
    assert (len(run.sent), run.log) == (1, [])
