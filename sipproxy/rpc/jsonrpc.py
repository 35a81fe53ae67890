"""JSON-RPC 2.0 as the jsonrpcs module speaks it (Kamailio's modules/jsonrpcs/jsonrpcs_mod.c).

It is lenient where the specification is not: member names match in any case and the first of two
counts, a request that is not one (a batch, a wrong version, no method) gets an empty `result`, a
request without `id` is answered too. Only text that is no JSON goes without an answer.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sipproxy.errors import RpcError
from sipproxy.rpc.arguments import Arguments, Kind, Plain, Unread
from sipproxy.rpc.cnumbers import int32_of_double, uint64_of_double
from sipproxy.rpc.jsontext import dumps, loads
from sipproxy.rpc.values import Answer, Struct, Value
from sipproxy.text import decode, encode, lower, presentable

_MOST_REASON = 127
_EXECUTION_ERROR = -32000
_REASONS = {
    -32700: "Parse Error",
    -32600: "Invalid Request",
    -32601: "Method Not Found",
    -32602: "Invalid Parameters",
    -32603: "Internal Error",
    _EXECUTION_ERROR: "Execution Error",
}


@dataclass(frozen=True, slots=True)
class JsonCall:
    """A request as far as it is one.

    `method` is None when it names none, `arguments` None when `params` is no array and no object:
    both get an empty result. `id` holds the one member to echo, or nothing; `reply_name` is the
    fifo a FIFO client waits at.
    """

    method: str | None
    arguments: "JsonArguments | None"
    id: tuple[Value, ...] = ()
    reply_name: str | None = None


@dataclass(frozen=True, slots=True)
class JsonReply:
    """An answer: the document, and the status line HTTP and `$jsonrpl` show (200 OK or fault)."""

    body: bytes
    code: int = 200
    reason: str = "OK"


def decode_call(document: bytes) -> JsonCall | None:
    """The request in a document; None when it is no JSON and gets no answer."""
    try:
        root = loads(decode(document))
    except ValueError:
        return None
    members = dict(_first_members(root))
    ids = (members["id"],) if "id" in members else ()
    if members.get("jsonrpc") != "2.0":
        return JsonCall(None, None, ids)
    method, name = members.get("method"), members.get("reply_name")
    reply_name = name if isinstance(name, str) else None
    if not isinstance(method, str):
        return JsonCall(None, None, ids, reply_name)
    return JsonCall(method, _arguments(members.get("params", [])), ids, reply_name)


def _first_members(root: Value) -> Iterator[tuple[str, Value]]:
    if isinstance(root, Struct):
        for name, value in reversed(root.members):
            yield lower(name or ""), value


def _arguments(params: Value) -> "JsonArguments | None":
    if isinstance(params, Struct):
        return JsonArguments([value for _, value in params.members])
    return JsonArguments(params) if isinstance(params, list) else None


def encode_answer(call: JsonCall, answer: Answer, pretty: bool = True) -> JsonReply:
    """The document for a success: an array of the records, or the last record alone."""
    result: Value = answer.records
    if not answer.array:
        result = answer.records[-1] if answer.records else {}
    return JsonReply(_document(call, "result", result, pretty))


def encode_fault(call: JsonCall, fault: RpcError, pretty: bool = True) -> JsonReply:
    """The document for a fault; codes the specification names get its words."""
    code = fault.code or _EXECUTION_ERROR
    reason = presentable(decode(encode(fault.reason)[:_MOST_REASON]))
    error: Value = {"code": code, "message": _REASONS.get(code, reason or "Unexpected Error")}
    status = fault.code if fault.code > 100 else 500
    return JsonReply(_document(call, "error", error, pretty), status, reason)


def _document(call: JsonCall, name: str, value: Value, pretty: bool) -> bytes:
    document: dict[str, Value] = {"jsonrpc": "2.0", name: value}
    if call.id:
        document["id"] = call.id[0] if isinstance(call.id[0], str) else _double(call.id[0])
    return encode(dumps(document, pretty))


def _double(value: Value) -> float:
    """The number in a JSON node: null, strings and containers hold 0."""
    return float(value) if isinstance(value, bool | float) else 0.0


class JsonArguments(Arguments):
    """Arguments as JSON nodes (jsonrpc_scan): a number is wanted, any node has one.

    A string of digits is no number here, "43" reads as 0.
    """

    def __init__(self, params: list[Value]) -> None:
        self._params = params
        self._index = 0

    def read(self, kind: Kind, loose: bool = False) -> Plain:
        """See :meth:`Arguments.read`; Unread carries no fault."""
        if self._index >= len(self._params):
            raise Unread(absent=True)
        value = _convert(self._params[self._index], kind, loose)
        self._index += 1
        return value

    def unknown_command(self, name: str) -> RpcError:
        """See :meth:`Arguments.unknown_command`."""
        return RpcError(500, "Method Not Found")


def _convert(node: Value, kind: Kind, loose: bool) -> Plain:
    if kind is Kind.INT:
        return int32_of_double(_double(node))
    if kind is Kind.FLOAT:
        return _double(node)
    if isinstance(node, str):
        return node
    if loose and isinstance(node, float):
        return str(uint64_of_double(node))
    raise Unread(absent=False)
