from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from sipproxy.core.waiting import Wait
from sipproxy.errors import ModuleError, RpcError
from sipproxy.rpc.arguments import Arguments
from sipproxy.rpc.binrpc import BinrpcArguments
from sipproxy.rpc.dispatch import Registry
from sipproxy.rpc.jsonrpc import JsonArguments
from sipproxy.rpc.records import encode_value
from sipproxy.rpc.values import Answer, Value


@pytest.fixture
def broken() -> list[tuple[str, str]]:
    """What was reported of broken handlers."""
    return []


@pytest.fixture
def registry(broken: list[tuple[str, str]]) -> Registry:
    return Registry(lambda name, error: broken.append((name, repr(error))))


def none(*values: Value) -> Arguments:
    return BinrpcArguments(b"".join(map(encode_value, values)))


def one(word: str) -> Value:
    """Says one word.

    More about it.
    """
    return word


def fails() -> Value:
    raise ZeroDivisionError("nothing to divide")


def refuses() -> Value:
    raise RpcError(404, "no such thing")


def test_a_call(registry: Registry) -> None:
    registry.add("x.one", one, array=True)
    assert registry.call("x.one", none("word")) == Answer(("word",), array=True)


def test_unknown_command_in_the_words_of_the_transport(registry: Registry) -> None:
    with pytest.raises(RpcError, match=r"500 - command x\.y not found"):
        registry.call("x.y", none())
    with pytest.raises(RpcError, match="500 - Method Not Found"):
        registry.call("x.y", JsonArguments([]))


def test_a_fault_of_the_handler(registry: Registry, broken: list[tuple[str, str]]) -> None:
    registry.add("x.refuses", refuses)
    with pytest.raises(RpcError, match="404 - no such thing"):
        registry.call("x.refuses", none())
    assert broken == []


def test_a_broken_handler_is_reported(registry: Registry, broken: list[tuple[str, str]]) -> None:
    registry.add("x.fails", fails)
    with pytest.raises(RpcError, match="500 - internal server error"):
        registry.call("x.fails", none())
    assert broken == [("x.fails", "ZeroDivisionError('nothing to divide')")]


def test_a_missing_argument(registry: Registry) -> None:
    registry.add("x.own", one, missing="No word")
    registry.add("x.none", one, array=True)
    for arguments in (none(), JsonArguments([])):
        with pytest.raises(RpcError, match="500 - No word"):
            registry.call("x.own", arguments)
    with pytest.raises(RpcError) as fault:
        registry.call("x.none", none())
    assert fault.value.code == 400 and "end of packet" in fault.value.reason
    assert registry.call("x.none", JsonArguments([])) == Answer(array=True)


def test_a_pending_fault_counts_only_without_records(registry: Registry) -> None:
    def some(*words: str) -> Value:
        return words

    registry.add("x.some", some)
    assert registry.call("x.some", none("a", 5)) == Answer(("a",))
    with pytest.raises(RpcError, match="expected string type"):
        registry.call("x.some", none(5))
    assert registry.call("x.some", none()) == Answer()


def test_system_commands(registry: Registry) -> None:
    registry.add("x.one", one)
    registry.add("a.helped", refuses, help="Refuses.")
    registry.add("a.bare", fails)
    names = ["a.bare", "a.helped", "system.listMethods", "system.methodHelp"]
    answer = registry.call("system.listMethods", none())
    assert answer == Answer((*names, "system.methodSignature", "x.one"), array=True)
    for name, help in (("x.one", "Says one word."), ("a.helped", "Refuses.")):
        assert registry.call("system.methodHelp", none(name)).records == (help,)
    assert registry.call("system.methodHelp", none("a.bare")).records == ("undocumented",)
    with pytest.raises(RpcError, match="400 - Method Name Expected"):
        registry.call("system.methodHelp", none(5))
    with pytest.raises(RpcError, match="400 - command not found"):
        registry.call("system.methodHelp", none("x.none"))
    with pytest.raises(RpcError, match="500 - Not Implemented Yet"):
        registry.call("system.methodSignature", none("x.one"))


async def waits() -> Value:
    return 1


def strange(a: set[str]) -> Value:
    return len(a)


@pytest.mark.parametrize(
    ("name", "handler", "reason"),
    [
        ("system.methodHelp", refuses, "declared twice"),
        ("x.waits", waits, "async handler"),
        ("x.strange", strange, "RPC command x.strange: parameter a"),
    ],
)
def test_what_cannot_be_added(registry: Registry, name: str, handler: Any, reason: str) -> None:
    with pytest.raises(ModuleError, match=reason):
        registry.add(name, handler)
    assert registry.find("x.waits") is None


def test_a_command_that_waits_is_answered_later() -> None:
    reported: list[str] = []
    waits: list[Wait] = []

    def begin(work: Coroutine[Any, object, None], done: Callable[[], None]) -> None:
        try:
            wait = work.send(None)
        except StopIteration:
            done()
        else:
            assert isinstance(wait, Wait)
            wait.then(lambda: begin(work, done))

    async def slow(word: str) -> Value:
        waits.append(Wait())
        await waits[-1]
        if word == "fault":
            raise RpcError(404, "no")
        return [word, 1 // len(word)]

    registry = Registry(lambda name, error: reported.append(name), begin)
    registry.add("t.slow", slow, missing="a word")
    told: list[Answer | RpcError] = []
    for word in ("x", "fault", ""):
        registry.begin("t.slow", none(word), told.append)
    with pytest.raises(RuntimeError, match="waits"):
        registry.call("t.slow", none("x"))
    assert told == []
    for wait in waits:
        wait.finish()
    assert told[0] == Answer(("x", 1))
    assert [(e.code, e.reason) for e in told[1:] if isinstance(e, RpcError)] == [
        (404, "no"),
        (500, "internal server error"),
    ]
    assert reported == ["t.slow"]
    registry.begin("t.slow", none(), told.append)
    assert isinstance(told[3], RpcError)
    assert told[3].reason == "a word"
