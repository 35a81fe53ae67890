"""`@hf_value`, `@hf_value2` and `@hf_value_exists`: values of headers (Kamailio textopsx.c)."""

from sipproxy.core.context import Context
from sipproxy.core.module import Module, select_root
from sipproxy.core.select_parts import address_of, params_of, uri_of
from sipproxy.core.selects import Path, Read, plain
from sipproxy.modules.textopsx.headervalues import found_at, rows_of, text_of
from sipproxy.modules.textopsx.spec import Listed, Spec
from sipproxy.modules.textopsx.values import named_parameter, params_start, parts_of, values
from sipproxy.text import lower


def _header(path: Path) -> Spec:
    """A header's name and which of its values."""
    name = path.name("the name of a header")
    name = name[:1] + name[1:].replace("_", "-")
    number = path.number()
    return Spec.parse(name if number is None else f"{name}[{number}]")


def _all(ctx: Context, spec: Spec) -> list[str]:
    return [
        text_of(row)[s.start : s.end] for row in rows_of(ctx, spec) for s in values(text_of(row))
    ]


def _one(ctx: Context, spec: Spec) -> str | None:
    found = found_at(ctx, spec)
    if found is None:
        return None
    row, span = found
    return text_of(row)[span.start : span.end]


def _value(spec: Spec) -> Read:
    """The value with the index, without one all values with commas."""

    def read(ctx: Context) -> str | None:
        if spec.indexed:
            return _one(ctx, spec)
        return ",".join(_all(ctx, spec)) if next(rows_of(ctx, spec), None) is not None else None

    return read


def _uri(spec: Spec) -> Read:
    def read(ctx: Context) -> str | None:
        if spec.indexed:
            value = _one(ctx, spec)
            return None if value is None else parts_of(value)[1]
        if next(rows_of(ctx, spec), None) is None:
            return None
        return ",".join(parts_of(value)[1] for value in _all(ctx, spec))

    return read


def _name(spec: Spec) -> Read:
    def read(ctx: Context) -> str | None:
        value = _one(ctx, spec)
        return None if value is None else parts_of(value)[0]

    return read


def _param(spec: Spec, name: str) -> Read:
    if not spec.indexed:
        # Kamailio gives all values then, whatever the parameter.
        return _value(spec)

    def read(ctx: Context) -> str | None:
        value = _one(ctx, spec)
        if value is None:
            return None
        return named_parameter(value, name, params_start(value, 0, len(value)))

    return read


class HeaderValueSelects(Module):
    """Single values of headers, as received."""

    @select_root("hf_value")
    def select_hf_value(self, path: Path) -> Read:
        """`hf_value.contact[2]`: a value; without a number all of them. Below it `uri`, `name`,
        `param.x` (also `p.x`), `nameaddr.uri`, `params.x`.
        """
        spec = _header(path)
        if not path:
            return _value(spec)

        def param(path: Path) -> Read:
            name = path.name("the name of a parameter")
            return plain(_param(spec, name[:1] + name[1:].replace("_", "-")))(path)

        if lower(str(path.peek())) == "params":
            return params_of(path, _value(spec))
        return path.choose(
            {
                "param": param,
                "p": param,
                "uri": lambda path: uri_of(path, _uri(spec)),
                "name": plain(_name(spec)),
                "nameaddr": lambda path: address_of(path, _value(spec)),
                "params": lambda path: params_of(path, _value(spec)),
            }
        )

    @select_root("hf_value2")
    def select_hf_value2(self, path: Path) -> Read:
        """`hf_value2.authorization[2]`: the whole of a header; `params.x` of it."""
        spec = _header(path)

        def read(ctx: Context) -> str | None:
            rows = list(rows_of(ctx, spec))
            place = spec.index - 1 if spec.index > 0 else len(rows) + spec.index
            return text_of(rows[place]) if 0 <= place < len(rows) else None

        return params_of(path, read) if path else read

    @select_root("hf_value_exists")
    def select_hf_value_exists(self, path: Path) -> Read:
        """`hf_value_exists.supported.path`: 1 where a header has the value, in any case, else 0."""
        name = path.name("the name of a header")
        spec = Listed.parse(name[:1] + name[1:].replace("_", "-"))
        wanted = lower(path.name("a value"))
        return plain(lambda ctx: int(any(lower(one) == wanted for one in _all(ctx, spec))))(path)
