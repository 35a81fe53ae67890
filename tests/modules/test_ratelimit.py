"""ratelimit on the virtual clock: windows, queues, what check says, replies, debug lines.

What each algorithm lets through is recorded from Kamailio: conformance cases `ratelimit-*`.
"""

from pathlib import Path
from typing import Any

import pytest

from sipproxy.core.machine import ProcessorLoad, WaitingBytes
from sipproxy.errors import CfgError, ModuleError
from sipproxy.modules.ratelimit import Ratelimit
from sipproxy.testing import ProxyUnderTest, load_cfg_text, request

HEAD = '#!KAMAILIO\nloadmodule "sl.so"\nloadmodule "pv.so"\nloadmodule "ratelimit.so"\n'


def proxy_of(*params: tuple[str, int | str], call: str = "rl_check()") -> ProxyUnderTest:
    lines = [
        f'modparam("ratelimit", "{name}", {value if isinstance(value, int) else repr(value)})'
        for name, value in params
    ]
    text = "\n".join([HEAD, *lines]).replace("'", '"')
    return load_cfg_text(
        f'{text}\nrequest_route {{ $var(r) = {call}; sl_send_reply("200", "$var(r)"); }}'
    )


def passed(proxy: ProxyUnderTest, messages: int, method: str = "OPTIONS") -> int:
    """How many of a burst may pass."""
    runs = [proxy.feed(request(method)) for _ in range(messages)]
    return [run.sent[0].message.reason for run in runs].count("1")


def test_a_second_s_limit_may_be_used_up_at_once() -> None:
    proxy = proxy_of(("timer_interval", 3), ("pipe", "0:TAILDROP:20"), ("queue", "0:OPTIONS"))
    assert passed(proxy, 100) == 60
    proxy.advance(2.9)
    assert passed(proxy, 10) == 0
    proxy.advance(0.2)
    assert passed(proxy, 100) == 60


def test_check_tells_the_rates_at_the_pipes() -> None:
    proxy = proxy_of(
        ("pipe", "0:TAILDROP:20"),
        ("pipe", "1:RED:5"),
        ("pipe", "2:TAILDROP:1"),
        ("timer_interval", 3),
    )
    assert [(p.span.line, p.severity, p.message) for p in proxy.proxy.problems] == [
        (6, "note", "pipe 0 lets 60 in 3 s, 20/s through"),
        (8, "note", "pipe 2 lets 3 in 3 s, 1/s through"),
    ]


def test_a_wrong_algorithm_is_an_error_of_the_cfg() -> None:
    with pytest.raises(CfgError) as caught:
        proxy_of(("pipe", "0:taildrop:20"))
    (problem,) = caught.value.problems
    assert problem.message == 'unknown algorithm "taildrop" (did you mean "TAILDROP"?)'
    assert problem.span.line == 6


@pytest.mark.parametrize(
    "text", ["0:RED", "0:RED:5:5", "x:RED:5", "32:RED:5", "0:FEEDBACK:101", " 0:RED:5"]
)
def test_pipes_that_are_refused(bench: Any, text: str) -> None:
    with pytest.raises(ModuleError):
        bench.load(Ratelimit).add_pipe(text)


@pytest.mark.parametrize("text", ["0", "x:INVITE", "32:INVITE", "0:IN VITE", "0:a:b"])
def test_queues_that_are_refused(bench: Any, text: str) -> None:
    with pytest.raises(ModuleError):
        bench.load(Ratelimit).add_queue(text)


def test_there_are_32_queues(bench: Any) -> None:
    module = bench.load(Ratelimit)
    for number in range(32):
        module.add_queue(f"{number}:M{number}")
    with pytest.raises(ModuleError, match="32 queues"):
        module.add_queue("0:MORE")


def test_a_method_s_own_queue_comes_before_the_others(bench: Any, request_text: Any) -> None:
    module = bench.load(Ratelimit)
    for pipe in ("1:TAILDROP:1", "2:TAILDROP:1", "3:TAILDROP:1"):
        module.add_pipe(pipe)
    for queue in ("1:*", "2:options", "3:*"):
        module.add_queue(queue)
    module.check_queues(bench.context(request_text()))
    module.check_queues(bench.context(request_text("INFO sip:x@y")))
    assert [pipe.counter for pipe in module.pipes[:4]] == [0, 0, 1, 1]


def test_a_reply_counts_for_the_method_of_its_cseq(bench: Any, reply_text: Any) -> None:
    module = bench.load(Ratelimit)
    module.add_pipe("1:TAILDROP:1")
    module.add_queue("1:INVITE")
    assert module.check_queues(bench.context(reply_text(method="INVITE"), "reply")) == 1
    assert module.check_queues(bench.context(reply_text(), "reply")) == -1
    assert bench.lines == ["no queue matches"]


def test_lines_of_counters(bench: Any, request_text: Any) -> None:
    module = bench.load(Ratelimit)
    module.add_pipe("0:TAILDROP:1")
    module.set_dbg(1)
    module.rl_check_pipe(bench.context(request_text()), 0)
    module.pipes[1].counter = 1000
    module.tick(0.0)
    assert bench.lines == ["Counter pipes[1] to big: 1000", "    1*****" + "    0" * 30]
    module.set_dbg(0)
    module.tick(0.0)
    assert len(bench.lines) == 2


def test_a_running_server_reads_the_machine(bench: Any, tmp_path: Path) -> None:
    stat = tmp_path / "stat"
    stat.write_text("cpu  0 0 0 100 0 0 0 0\n")
    module = bench.load(Ratelimit)
    module.add_pipe("0:FEEDBACK:25")
    module.open()
    module._processors = ProcessorLoad(str(stat))
    module._waiting = WaitingBytes([("10.0.0.1", 5060)], str(tmp_path))
    module.tick(0.0)
    stat.write_text("cpu  50 0 0 150 0 0 0 0\n")
    module.tick(1.0)
    assert (module.feedback.load, module.feedback.drop_rate) == (0.5, 6)
