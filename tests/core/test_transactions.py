"""What tm tells those who watch a transaction, told by a real one."""

import pytest

from sipproxy.core.context import Context
from sipproxy.core.module import Module
from sipproxy.core.transactions import Reply, Transactions, Watch
from sipproxy.testing import load_cfg_text, request, response

CFG = """
listen=udp:127.0.0.1:5060
loadmodule "tm.so"
loadmodule "watching.so"
request_route {
    $du = "sip:127.0.0.1:5090";
    t_relay();
}
"""
CFG = CFG.replace('loadmodule "tm.so"', 'loadmodule "pv.so"\nloadmodule "tm.so"')


class Diary:
    """Writes down what it is told."""

    def __init__(self, lines: list[str], method: str) -> None:
        self.lines = lines
        self.method = method

    def replied(self, ctx: Context, reply: Reply) -> None:
        self._note("replied", ctx, reply)

    def failed(self, ctx: Context, reply: Reply) -> None:
        self._note("failed", ctx, reply)

    def acked(self, ctx: Context, reply: Reply) -> None:
        self._note("acked", ctx, reply)

    def _note(self, what: str, ctx: Context, reply: Reply) -> None:
        whose = "theirs" if reply.message is not None else f"ours {reply.reason}"
        self.lines.append(f"{self.method} {what} {reply.status} {ctx.msg.method} {whose}")


class Watching(Module, name="watching"):
    """Watches all but OPTIONS."""

    def start(self) -> None:
        """Ask tm."""
        self.lines: list[str] = []
        tm: Transactions = self.host.bind("tm")
        tm.on_request.append(self.look)

    def look(self, ctx: Context) -> Watch | None:
        """Who is told."""
        return None if ctx.msg.method == "OPTIONS" else Diary(self.lines, ctx.msg.method)


@pytest.mark.parametrize(
    ("method", "statuses", "told"),
    [
        (
            "INVITE",
            (180, 200),
            ["INVITE replied 180 INVITE theirs", "INVITE replied 200 INVITE theirs"],
        ),
        (
            "INVITE",
            (486,),
            ["INVITE failed 486 INVITE theirs", "INVITE replied 486 INVITE theirs"],
        ),
        ("MESSAGE", (200,), ["MESSAGE replied 200 MESSAGE theirs"]),
        ("OPTIONS", (200,), []),
    ],
)
def test_replies(method: str, statuses: tuple[int, ...], told: list[str]) -> None:
    proxy = load_cfg_text(CFG, modules={"watching": Watching})
    sent = proxy.feed(request(method)).sent
    relayed = next(one.raw for one in sent if not one.status)
    for status in statuses:
        proxy.feed(response(relayed, status))
    assert lines(proxy.proxy.host.modules["watching"]) == told


def test_a_time_out_is_ours() -> None:
    proxy = load_cfg_text(CFG, modules={"watching": Watching})
    proxy.feed(request("MESSAGE"))
    proxy.advance(60)
    assert lines(proxy.proxy.host.modules["watching"]) == [
        "MESSAGE failed 408 MESSAGE ours Request Timeout",
        "MESSAGE replied 408 MESSAGE ours Request Timeout",
    ]


def lines(module: object) -> list[str]:
    assert isinstance(module, Watching)
    return [line for line in module.lines if " 100 " not in line]


def test_a_reply_does_not_change() -> None:
    reply = Reply(200, None, "OK", "tag")
    with pytest.raises(AttributeError):
        reply.status = 404  # type: ignore[misc]
