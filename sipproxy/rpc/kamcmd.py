"""The shapes kamcmd gives to what is typed and to what is answered (Kamailio's utils/kamcmd)."""

from collections.abc import Iterable

from sipproxy.core.values import wrap
from sipproxy.errors import RpcError
from sipproxy.rpc.cnumbers import double_of_text, long_of_text
from sipproxy.rpc.values import Value, members_of
from sipproxy.text import decode


def parse_argument(text: str) -> int | float | str:
    """A command-line word as kamcmd sends it.

    What reads wholly as an integer is an int (32 bits; the empty word is 0), else as a number a
    float (also `0x10`, `1e3`, `inf`), else a string; `s:` in front forces a string.
    """
    integer = long_of_text(text)
    if integer is not None:
        return wrap(integer)
    double = double_of_text(text)
    if double is not None and double[1] == len(text):
        return double[0]
    return text.removeprefix("s:")


def format_answer(records: Iterable[Value]) -> str:
    """The records of an answer as kamcmd prints them; every line ends with a newline."""
    lines: list[str] = []
    for record in records:
        _print(lines, None, record, 0)
    return "".join(lines)


def format_fault(fault: RpcError) -> str:
    """A fault as kamcmd prints it: `error: 500 - No such htable`."""
    return f"error: {fault.code} - {fault.reason}\n"


def _print(lines: list[str], name: str | None, value: Value, depth: int) -> None:
    label = "\t" * depth + ("" if name is None else f"{name}: ")
    members = members_of(value)
    if members is None:
        lines.append(f"{label}{_plain(value)}\n")
        return
    lines.append(label + "{\n")
    for member, inner in members:
        _print(lines, member, inner, depth + 1)
    lines.append("\t" * depth + "}\n")


def _plain(value: Value) -> str:
    if value is None:
        return "<null string>"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else f"{value:f}"
    if isinstance(value, int):
        return f"{wrap(value) if value < 1 << 32 else value:d}"
    text = decode(value) if isinstance(value, bytes) else str(value)
    return text.partition("\0")[0]
