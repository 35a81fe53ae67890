"""Children of an XAVP: (name, value) in a list, newest first."""

from typing import TypeVar

from sipproxy.core.context import XavpValue

T = TypeVar("T")
Children = list[tuple[str, int | str | None]]
"""A value is None where a JSON null was decoded."""


def of(value: XavpValue, name: str) -> list[int | str | None]:
    """Values of the children of that name; none where the value has no children."""
    return [v for own, v in value if own == name] if isinstance(value, list) else []


def only(values: list[T], index: object) -> list[T]:
    """The value at `index`, from the end if negative, in a list of its own; empty for none."""
    at = index if isinstance(index, int) else 0
    return [values[at]] if -len(values) <= at < len(values) else []


def replace(children: Children, name: str, index: int, value: int | str) -> None:
    """Give the child of that name at `index` another value, if there is one."""
    places = [at for at, (own, _) in enumerate(children) if own == name]
    if 0 <= index < len(places):
        children[places[index]] = (name, value)


def remove(children: Children, name: str, index: int | None) -> None:
    """Take away the child of that name at `index`, all of them for None."""
    places = [at for at, (own, _) in enumerate(children) if own == name]
    if index is not None:
        places = places[index : index + 1] if index >= 0 else []
    for at in reversed(places):
        del children[at]


def put(roots: dict[str, list[XavpValue]], root: str, child: str, value: int | str) -> None:
    """Give the newest `root` one child of that name; a root without children is replaced."""
    values = roots.setdefault(root, [])
    first = values[0] if values else None
    if not isinstance(first, list):
        values[0:1] = [[(child, value)]]
        return
    remove(first, child, 0)
    first.insert(0, (child, value))


def drop_child(roots: dict[str, list[XavpValue]], root: str, child: str) -> None:
    """Take the newest child of that name away from the newest `root`."""
    values = roots.get(root, [])
    if values and isinstance(values[0], list):
        remove(values[0], child, 0)


def drop(roots: dict[str, list[XavpValue]], root: str) -> None:
    """Take the newest `root` away."""
    if roots.get(root):
        del roots[root][0]
        if not roots[root]:
            del roots[root]


def serialized(children: Children) -> str:
    """`name=value;` of each child in order, `name;` for an empty one."""
    out = ""
    for name, value in children:
        if value is None:
            continue
        shown = value & 0xFFFF_FFFF if isinstance(value, int) else value
        out += f"{name};" if shown == "" else f"{name}={shown};"
    return out
