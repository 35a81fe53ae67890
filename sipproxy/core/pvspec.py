"""The syntax of pseudo-variables and of texts that hold them (Kamailio core/pvapi.c).

`$name`, `$name(inner)`, `$(name(inner)[index]{class.name,args}...)`. In a text the name may hold
letters, digits, `_`, `.` and `?`; `$$` is one dollar. What a name means is not known here.
"""

from dataclasses import dataclass

from sipproxy.errors import SipproxyError

_BETWEEN = " \t,;\r\n"
"""What stands between the variables of a list."""
_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.?")


class PvSyntaxError(SipproxyError):
    """The text of a pseudo-variable cannot be read; `offset` counts characters from its start."""

    def __init__(self, message: str, offset: int) -> None:
        self.message = message
        self.offset = offset
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class TransformSpec:
    """`{s.substr,1,2}`: the name `s.substr` and the raw text after its first comma, or None."""

    name: str
    args: str | None


@dataclass(frozen=True, slots=True)
class PvSpec:
    """One pseudo-variable as written; `inner` and `index` are None when absent."""

    text: str
    name: str
    inner: str | None = None
    index: str | None = None
    transforms: tuple[TransformSpec, ...] = ()


def parse_pv(text: str) -> PvSpec:
    """The pseudo-variable that is the whole of `text`; raises PvSyntaxError."""
    spec, end = pv_at(text, 0)
    if end != len(text):
        raise PvSyntaxError(f"unexpected text after {spec.text}", end)
    return spec


def split_text(text: str) -> list[str | PvSpec]:
    """A text as literal pieces and pseudo-variables, in order; raises PvSyntaxError."""
    pieces: list[str | PvSpec] = []
    literal = ""
    at = 0
    while (dollar := text.find("$", at)) >= 0:
        literal += text[at:dollar]
        if text.startswith("$$", dollar):
            literal += "$"
            at = dollar + 2
            continue
        spec, at = pv_at(text, dollar)
        if literal:
            pieces.append(literal)
            literal = ""
        pieces.append(spec)
    literal += text[at:]
    if literal:
        pieces.append(literal)
    return pieces


def pv_texts(text: str, what: str = "variables") -> list[str]:
    """The texts of a list of pseudo-variables: `$var(a), $avp(b);$x`.

    Raises PvSyntaxError, also for what is no pseudo-variable; `what` the error calls them.
    """
    texts, rest = [], text.strip(_BETWEEN)
    while rest:
        if not rest.startswith("$"):
            raise PvSyntaxError(f"a list of {what} is expected, not {rest!r}", 0)
        end = pv_at(rest, 0)[1]
        texts.append(rest[:end])
        rest = rest[end:].strip(_BETWEEN)
    return texts


def pv_at(text: str, start: int) -> tuple[PvSpec, int]:
    """The pseudo-variable that begins with the dollar at `start`, and where it ends."""
    at = start + 1
    if text.startswith("(", at):
        end = _closing(text, at)
        name, inner, rest = _name_and_inner(text, at + 1, end - 1)
        index, transforms = _index_and_transforms(text, rest, end - 1)
        return PvSpec(text[start:end], name, inner, index, transforms), end
    name, at = _name(text, at)
    if text.startswith("(", at):
        end = _closing(text, at)
        return PvSpec(text[start:end], name, text[at + 1 : end - 1]), end
    return PvSpec(text[start:at], name), at


def _name(text: str, start: int) -> tuple[str, int]:
    at = start
    while at < len(text) and text[at] in _NAME:
        at += 1
    if at == start:
        raise PvSyntaxError("a pseudo-variable name is missing after $", start)
    return text[start:at], at


def _name_and_inner(text: str, start: int, end: int) -> tuple[str, str | None, int]:
    while text[start:end].startswith((" ", "\t")):
        start += 1
    name, at = _name(text, start)
    if at < end and text[at] == "(":
        close = _closing(text, at)
        return name, text[at + 1 : close - 1], close
    return name, None, at


def _index_and_transforms(
    text: str, start: int, end: int
) -> tuple[str | None, tuple[TransformSpec, ...]]:
    index = None
    transforms: list[TransformSpec] = []
    at = start
    while at < end:
        char = text[at]
        if char in " \t\r\n":
            at += 1
        elif char == "[" and index is None and not transforms:
            close = _matching(text, at, "[", "]")
            index = text[at + 1 : close - 1].strip()
            at = close
        elif char == "{":
            close = _matching(text, at, "{", "}")
            name, comma, args = text[at + 1 : close - 1].partition(",")
            transforms.append(TransformSpec(name.strip(), args if comma else None))
            at = close
        else:
            raise PvSyntaxError(f"unexpected {char!r} in a pseudo-variable", at)
    return index, tuple(transforms)


def _closing(text: str, start: int) -> int:
    return _matching(text, start, "(", ")")


def _matching(text: str, start: int, opening: str, closing: str) -> int:
    """The offset after the bracket that closes the one at `start`."""
    depth = 0
    for at in range(start, len(text)):
        if text[at] == opening:
            depth += 1
        elif text[at] == closing:
            depth -= 1
            if depth == 0:
                return at + 1
    raise PvSyntaxError(f"a {closing} is missing", start)
