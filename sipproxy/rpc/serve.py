"""From a client's bytes to the bytes of the answer, for every way a client may reach us.

Sockets belong to net/; here bytes go in and bytes come out.
"""

from sipproxy.errors import RpcError
from sipproxy.rpc import binrpc, jsonrpc
from sipproxy.rpc.dispatch import Registry
from sipproxy.rpc.values import Answer


class BinrpcStream:
    """One connection of a BINRPC stream socket (`unix:`, `tcp:`)."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._reader = binrpc.PacketReader()
        self.closed = False
        """True once the peer sent what is no request: send the answer, then close."""

    def receive(self, data: bytes) -> bytes:
        """The answers to all requests these bytes complete, in order."""
        answers: list[bytes] = []
        if not self.closed:
            try:
                for packet in self._reader.feed(data):
                    answers.append(_answer(self._registry, packet))
            except binrpc.BadPacket as bad:
                answers.append(bad.answer)
                self.closed = True
        return b"".join(answers)


def answer_binrpc_datagram(registry: Registry, data: bytes) -> bytes:
    """The answer to one BINRPC datagram (`unixd:`, `udp:`); empty for a truncated one."""
    try:
        found = binrpc.read_packet(data)
        return _answer(registry, found[0]) if found else b""
    except binrpc.BadPacket as bad:
        return bad.answer


def _answer(registry: Registry, packet: binrpc.Packet) -> bytes:
    call = binrpc.decode_call(packet)
    try:
        answer = registry.call(call.method, call.arguments)
    except RpcError as fault:
        return binrpc.encode_fault(fault, call.cookie)
    return binrpc.encode_answer(answer.records, call.cookie)


def answer_json(
    registry: Registry, document: bytes, pretty: bool = True
) -> jsonrpc.JsonReply | None:
    """The answer to one JSON document; None when it is no JSON."""
    call = jsonrpc.decode_call(document)
    return None if call is None else answer_json_call(registry, call, pretty)


def answer_json_call(
    registry: Registry, call: jsonrpc.JsonCall, pretty: bool = True
) -> jsonrpc.JsonReply:
    """The answer to one JSON request (a FIFO server reads its `reply_name` first)."""
    if call.method is None:
        return jsonrpc.encode_answer(call, Answer(), pretty)
    try:
        if call.arguments is None:
            answer = _uncalled(registry, call.method)
        else:
            answer = registry.call(call.method, call.arguments)
    except RpcError as fault:
        return jsonrpc.encode_fault(call, fault, pretty)
    return jsonrpc.encode_answer(call, answer, pretty)


def _uncalled(registry: Registry, name: str) -> Answer:
    """What a command answers whose `params` cannot be read: nothing, in its own shape."""
    command = registry.find(name)
    if command is None:
        raise jsonrpc.JsonArguments([]).unknown_command(name)
    return Answer(array=command.array)
