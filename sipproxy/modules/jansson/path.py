"""Paths into JSON: `a.b[0].c` (Kamailio jansson_path.c)."""

import re
from dataclasses import dataclass

from sipproxy.modules.jansson.jsontext import Json

_NAME_END = re.compile(r"[.[]")
_C_NUMBER = re.compile(
    r"[ \t\n\v\f\r]*(?P<sign>[+-]?)(?:0[xX](?P<hex>[0-9A-Fa-f]+)|0(?P<octal>[0-7]*)"
    r"|(?P<decimal>[1-9][0-9]*))\Z"
)


class PathError(ValueError):
    """A path that cannot be read or does not lead anywhere."""


@dataclass(frozen=True, slots=True)
class Path:
    """A path taken apart: names and indexes that lead on, and the name at its end.

    `last` is empty behind a `.` or `[`, and None behind a `]`; `junk` is what follows that.
    """

    steps: tuple[str | int, ...]
    last: str | None
    opened: bool = False
    junk: bool = False


def read(text: str) -> Path:
    """Take a path apart; raises PathError."""
    steps: list[str | int] = []
    if text == "[":
        raise PathError("missing ']'")
    opened = text.startswith("[")
    at = int(opened)
    behind_index = False
    while at < len(text):
        if opened:
            end = text.find("]", at)
            if end < 0:
                raise PathError("missing ']'")
            steps.append(_index(text[at:end]))
            at, opened, behind_index = end + 1, False, True
            continue
        found = _NAME_END.search(text, at)
        if found is None:
            return Path(tuple(steps), None if behind_index else text[at:], junk=behind_index)
        if not behind_index:
            steps.append(text[at : found.start()])
        elif found.start() != at:
            raise PathError("unexpected characters behind ']'")
        at, opened, behind_index = found.end(), found[0] == "[", False
    return Path(tuple(steps), None if behind_index else "", opened)


def _index(digits: str) -> int:
    """A number as strtol reads it with base 0; nothing at all is 0. Raises PathError."""
    found = _C_NUMBER.match(digits)
    if found is None:
        if digits:
            raise PathError(f"invalid array index {digits!r}")
        return 0
    for base, group in ((16, "hex"), (8, "octal"), (10, "decimal")):
        if found[group]:
            number = int(found[group][:20], base)
            return -number if found["sign"] == "-" else number
    return 0


def get(root: Json, path: str) -> Json:
    """What lies at a path; raises PathError when there is nothing."""
    taken = read(path)
    if taken.junk:
        raise PathError("unexpected characters behind ']'")
    value = root
    for step in taken.steps:
        value = _member(value, step)
    return _member(value, taken.last) if taken.last else value


def _member(value: Json, step: str | int) -> Json:
    """A member of an object or an item of an array; raises PathError."""
    if isinstance(step, str):
        if isinstance(value, dict) and step in value:
            return value[step]
    elif isinstance(value, list) and 0 <= step < len(value):
        return value[step]
    raise PathError(f"there is no {step!r}")


def put(root: Json, path: str, value: Json, *, append: bool) -> None:
    """Put a value at a path, replacing what is there, or with `append` add it to what is there.

    Objects on the way that are missing are made. Raises PathError; the root may be changed then.
    """
    taken = read(path)
    parent, holder = root, root
    index = None
    for number, step in enumerate(taken.steps):
        parent = holder
        if isinstance(step, int):
            index = step
            holder = _member(holder, step)
        else:
            following = (*taken.steps[number + 1 :], 0 if taken.opened else "")[0]
            holder = _on(holder, step, may_make=isinstance(following, str))
    if taken.last is not None and append:
        _add(_member(holder, taken.last) if taken.last else holder, value)
    elif taken.last:
        if not isinstance(holder, dict):
            raise PathError("JSON object expected")
        holder[taken.last] = value
    elif index is not None and isinstance(parent, list):
        parent[index] = value
    else:
        raise PathError("invalid JSON path")


def _on(holder: Json, name: str, may_make: bool) -> Json:
    """A member on the way, made as an object where it is missing; raises PathError."""
    if not name:
        raise PathError("empty token")
    if not isinstance(holder, dict):
        raise PathError("object expected")
    if name not in holder:
        if not may_make:
            raise PathError("new array is not allowed")
        holder[name] = {}
    return holder[name]


def _add(holder: Json, value: Json) -> None:
    """Add an item to an array, or members to an object; raises PathError."""
    if isinstance(holder, list):
        holder.append(value)
    elif isinstance(holder, dict) and isinstance(value, dict):
        holder.update(value)
    else:
        raise PathError("JSON array or object expected")
