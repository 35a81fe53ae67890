import pytest

from sipproxy.errors import RpcError
from sipproxy.rpc.arguments import Kind, Unread
from sipproxy.rpc.jsonrpc import JsonArguments, JsonCall, decode_call, encode_answer, encode_fault
from sipproxy.rpc.values import Answer, Value

CALL = JsonCall("m", None)


def call_of(document: str) -> JsonCall:
    call = decode_call(document.encode())
    assert call is not None
    return call


def test_a_call() -> None:
    document = '{"jsonrpc":"2.0","method":"m","params":["a",2],"id":"x","reply_name":"fifo"}'
    call = call_of(document)
    assert (call.method, call.id, call.reply_name) == ("m", ("x",), "fifo")
    assert call.arguments is not None
    assert call.arguments.read(Kind.STR) == "a"
    assert call.arguments.read(Kind.INT) == 2


def test_object_params_count_in_their_order() -> None:
    call = call_of('{"jsonrpc":"2.0","method":"m","params":{"z":"first","a":"second"}}')
    assert call.arguments is not None
    assert [call.arguments.read(Kind.STR) for _ in range(2)] == ["first", "second"]


def test_names_match_in_any_case_and_the_first_counts() -> None:
    call = call_of('{"JSONRPC":"2.0","Method":"m","method":"other","ID":7,"id":8}')
    assert (call.method, call.id) == ("m", (7.0,))


@pytest.mark.parametrize(
    "document",
    [
        "[]",
        "5",
        '{"id":1}',
        '{"jsonrpc":"2.0"}',
        '{"jsonrpc":2.0,"method":"m"}',
        '{"jsonrpc":"1.0","method":"m"}',
        '{"jsonrpc":"2.0","method":5}',
    ],
)
def test_no_call(document: str) -> None:
    assert call_of(document).method is None


def test_a_fifo_client_learns_that_it_named_no_method() -> None:
    call = call_of('{"jsonrpc":"2.0","reply_name":"fifo","id":1}')
    assert call == JsonCall(None, None, (1.0,), "fifo")


def test_no_json() -> None:
    assert decode_call(b"{bad") is None
    assert decode_call(b"") is None


@pytest.mark.parametrize("params", ['"text"', "5", "null"])
def test_params_must_be_a_container(params: str) -> None:
    call = call_of(f'{{"jsonrpc":"2.0","method":"m","params":{params}}}')
    assert call.method == "m" and call.arguments is None


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        (Answer(), "{}"),
        (Answer((), array=True), "[]"),
        (Answer((1,)), "1"),
        (Answer((1, "last")), '"last"'),
        (Answer((1, "last"), array=True), '[1,"last"]'),
        (Answer(([1, 2],)), "[1,2]"),
        (Answer(([1, 2],), array=True), "[[1,2]]"),
    ],
)
def test_shape_of_results(answer: Answer, result: str) -> None:
    body = encode_answer(CALL, answer, pretty=False).body.decode()
    assert body == f'{{"jsonrpc":"2.0","result":{result}}}'


@pytest.mark.parametrize(
    ("given_id", "echoed"),
    [
        (1.0, "1"),
        ("abc", '"abc"'),
        ("", '""'),
        (None, "0"),
        (True, "1"),
        (1.5, "1.500000"),
        ([1.0], "0"),
    ],
)
def test_id_is_echoed_as_text_or_number(given_id: Value, echoed: str) -> None:
    body = encode_answer(JsonCall("m", None, (given_id,)), Answer((1,)), pretty=False).body
    assert body.decode() == f'{{"jsonrpc":"2.0","result":1,"id":{echoed}}}'


@pytest.mark.parametrize(
    ("fault", "code", "message", "status"),
    [
        (RpcError(404, "Gone"), 404, "Gone", 404),
        (RpcError(0, "Own words"), -32000, "Execution Error", 500),
        (RpcError(-32601, "Own words"), -32601, "Method Not Found", 500),
        (RpcError(100, ""), 100, "Unexpected Error", 500),
        (RpcError(500, "x" * 200), 500, "x" * 127, 500),
        (RpcError(500, "é" * 100), 500, "é" * 63 + "\ufffd", 500),
    ],
)
def test_faults(fault: RpcError, code: int, message: str, status: int) -> None:
    reply = encode_fault(CALL, fault, pretty=False)
    body = f'{{"jsonrpc":"2.0","error":{{"code":{code},"message":"{message}"}}}}'
    assert reply.body.decode() == body
    assert reply.code == status


@pytest.mark.parametrize(
    ("node", "number"),
    [(43.7, 43), ("43", 0), (True, 1), (None, 0), ([1.0], 0), (-5.0, -5), (5e9, -2147483648)],
)
def test_every_node_is_a_number(node: Value, number: int) -> None:
    assert JsonArguments([node]).read(Kind.INT) == number


def test_floats() -> None:
    assert JsonArguments([2.5]).read(Kind.FLOAT) == 2.5
    assert JsonArguments(["2.5"]).read(Kind.FLOAT) == 0.0


def test_only_strings_are_strings_unless_loose() -> None:
    assert JsonArguments(["a"]).read(Kind.STR) == "a"
    assert JsonArguments([2.7]).read(Kind.STR, loose=True) == "2"
    assert JsonArguments([-5.0]).read(Kind.STR, loose=True) == "18446744073709551611"
    for node, loose in ((5.0, False), (True, True), (None, True)):
        with pytest.raises(Unread) as unread:
            JsonArguments([node]).read(Kind.STR, loose)
        assert not unread.value.absent and unread.value.fault is None


def test_the_end_of_the_arguments() -> None:
    with pytest.raises(Unread) as unread:
        JsonArguments([]).read(Kind.INT)
    assert unread.value.absent
