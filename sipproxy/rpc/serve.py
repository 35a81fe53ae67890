"""From a client's bytes to the bytes of the answer, for every way a client may reach us.

Sockets belong to net/; here bytes go in and bytes come out, later where a command waits.
"""

from collections import deque
from collections.abc import Callable

from sipproxy.core.waiting import Wait
from sipproxy.errors import RpcError
from sipproxy.rpc import binrpc, jsonrpc
from sipproxy.rpc.dispatch import Registry
from sipproxy.rpc.values import Answer
from sipproxy.text import decode, encode

Send = Callable[[bytes], None]
Reply = Callable[[jsonrpc.JsonReply | None], None]


class BinrpcStream:
    """One connection of a BINRPC stream socket (`unix:`, `tcp:`).

    Answers come in the order of the requests. `late` is given those that a request did not get
    when it was received, and all that had to stand behind it.
    """

    def __init__(self, registry: Registry, late: Send = lambda data: None) -> None:
        self._registry = registry
        self._reader = binrpc.PacketReader()
        self._late = late
        self._slots: deque[list[bytes]] = deque()
        """For each request that is not answered yet its answer, once it is there."""
        self._broken = False

    @property
    def closed(self) -> bool:
        """True once the peer sent what is no request: send the answer, then close."""
        return self._broken and not self._slots

    def receive(self, data: bytes) -> bytes:
        """The answers to all requests these bytes complete, in order."""
        before: list[bytes] = []
        self._slots.append(before)  # nothing leaves by `late` before this returns
        if not self._broken:
            try:
                for packet in self._reader.feed(data):
                    self._ask(packet)
            except binrpc.BadPacket as bad:
                self._slots.append([bad.answer])
                self._broken = True
        before.append(b"")
        return self._ready()

    def _ask(self, packet: binrpc.Packet) -> None:
        call = binrpc.decode_call(packet)
        slot: list[bytes] = []
        self._slots.append(slot)

        def done(answer: bytes) -> None:
            slot.append(answer)
            if ready := self._ready():
                self._late(ready)

        _begin(self._registry, call, done)

    def _ready(self) -> bytes:
        answers: list[bytes] = []
        while self._slots and self._slots[0]:
            answers += self._slots.popleft()
        return b"".join(answers)


def begin_binrpc_datagram(registry: Registry, data: bytes, send: Send) -> None:
    """Has `send` given the answer to one BINRPC datagram (`unixd:`, `udp:`).

    It is empty for a truncated one.
    """
    try:
        found = binrpc.read_packet(data)
        if found:
            _begin(registry, binrpc.decode_call(found[0]), send)
        else:
            send(b"")
    except binrpc.BadPacket as bad:
        send(bad.answer)


def answer_binrpc_datagram(registry: Registry, data: bytes) -> bytes:
    """The answer to one BINRPC datagram, of a command that does not wait."""
    answers: list[bytes] = []
    begin_binrpc_datagram(registry, data, answers.append)
    return b"".join(answers)


def _begin(registry: Registry, call: binrpc.Call, send: Send) -> None:
    def done(answer: Answer | RpcError) -> None:
        if isinstance(answer, RpcError):
            send(binrpc.encode_fault(answer, call.cookie))
        else:
            send(binrpc.encode_answer(answer.records, call.cookie))

    registry.begin(call.method, call.arguments, done)


def begin_json(registry: Registry, document: bytes, pretty: bool, reply: Reply) -> None:
    """Has `reply` given the answer to one JSON document; None when it is no JSON."""
    call = jsonrpc.decode_call(document)
    if call is None:
        reply(None)
    else:
        begin_json_call(registry, call, pretty, reply)


def answer_json(
    registry: Registry, document: bytes, pretty: bool = True
) -> jsonrpc.JsonReply | None:
    """The answer to one JSON document, of a command that does not wait; None for no JSON."""
    replies: list[jsonrpc.JsonReply | None] = []
    begin_json(registry, document, pretty, replies.append)
    return replies[0]


def begin_json_call(registry: Registry, call: jsonrpc.JsonCall, pretty: bool, reply: Reply) -> None:
    """Has `reply` given the answer to one JSON request.

    A FIFO server reads its `reply_name` first.
    """

    def done(answer: Answer | RpcError) -> None:
        if isinstance(answer, RpcError):
            reply(jsonrpc.encode_fault(call, answer, pretty))
        else:
            reply(jsonrpc.encode_answer(call, answer, pretty))

    if call.method is None:
        done(Answer())
    elif call.arguments is None:
        done(_uncalled(registry, call.method))
    else:
        registry.begin(call.method, call.arguments, done)


def run_json(registry: Registry, document: str, pretty: bool) -> Wait:
    """A Wait for (status, reason, document) of the answer; None for what is no JSON.

    It is what core.host.Host.run_json offers to modules.
    """
    wait = Wait()

    def reply(answer: jsonrpc.JsonReply | None) -> None:
        wait.finish(answer and (answer.code, answer.reason, decode(answer.body)))

    begin_json(registry, encode(document), pretty, reply)
    return wait


def _uncalled(registry: Registry, name: str) -> Answer | RpcError:
    """What a command answers whose `params` cannot be read: nothing, in its own shape."""
    command = registry.find(name)
    if command is None:
        return jsonrpc.JsonArguments([]).unknown_command(name)
    return Answer(array=command.array)
