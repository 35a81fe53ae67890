"""From the text of a pseudo-variable to its access: names, inner texts, indexes, transformations
looked up among what the loaded modules declare."""

from typing import Any

from sipproxy.core.access import Argument, Dynamic, Format, PvAccess, TransformStep
from sipproxy.core.declared import Parameter, PvarDecl, TransformDecl
from sipproxy.core.params import Plain
from sipproxy.core.pvspec import PvSpec, PvSyntaxError, TransformSpec, parse_pv, split_text
from sipproxy.core.suggest import suggestion
from sipproxy.core.values import to_int
from sipproxy.errors import SipproxyError


class ResolveError(SipproxyError):
    """A pseudo-variable or transformation does not exist or is used wrongly."""

    def __init__(self, message: str, hint: str = "") -> None:
        self.message = message
        self.hint = hint
        super().__init__(f"{message} ({hint})" if hint else message)


class Resolver:
    """Knows the pseudo-variables and transformations of the loaded modules."""

    def __init__(self) -> None:
        self.pvars: dict[str, PvarDecl] = {}
        self.transforms: dict[str, TransformDecl] = {}
        self.unknown_is_avp = False
        """A cfg without `#!KAMAILIO` takes an unknown `$name` as `$avp(name)`."""
        self._formats: dict[str, Format] = {}
        self._accesses: dict[str, PvAccess] = {}

    def format(self, text: str) -> Format:
        """A text with its pseudo-variables looked up; raises ResolveError."""
        found = self._formats.get(text)
        if found is None:
            try:
                pieces = split_text(text)
            except PvSyntaxError as error:
                raise ResolveError(f"{error.message} in {text!r}") from None
            resolved = tuple(p if isinstance(p, str) else self.access(p) for p in pieces)
            found = self._formats[text] = Format(text, resolved)
        return found

    def pv(self, text: str) -> PvAccess:
        """The access to the pseudo-variable that is the whole of `text`; raises ResolveError."""
        found = self._accesses.get(text)
        if found is None:
            try:
                spec = parse_pv(text)
            except PvSyntaxError as error:
                raise ResolveError(f"{error.message} in {text}") from None
            found = self._accesses[text] = self.access(spec)
        return found

    def access(self, spec: PvSpec) -> PvAccess:
        """The access to a parsed pseudo-variable; raises ResolveError."""
        access = self._plain_access(spec)
        if spec.transforms:
            access.transforms = tuple(map(self._step, spec.transforms))
            access.set = None
            access.slot = ""
        access.text = spec.text
        return access

    def _plain_access(self, spec: PvSpec) -> PvAccess:
        declared = self.pvars.get(spec.name)
        if declared is None:
            if self.unknown_is_avp and spec.inner is None and "avp" in self.pvars:
                return self._plain_access(PvSpec(spec.text, "avp", spec.name, spec.index))
            hint = suggestion(spec.name, self.pvars)
            raise ResolveError(f"unknown pseudo-variable {spec.text}", hint)
        if declared.bind:
            try:
                access = declared.get(spec.inner, spec.index)
            except ValueError as error:
                raise ResolveError(f"{spec.text}: {error}") from None
            assert isinstance(access, PvAccess)
            return access
        return PvAccess(
            declared.get, declared.set, self._arguments(spec, declared), type=declared.type
        )

    def _arguments(self, spec: PvSpec, declared: PvarDecl) -> tuple[Argument, ...]:
        args: list[Argument] = []
        if declared.inner is None:
            if spec.inner is not None:
                raise ResolveError(f"${spec.name} takes nothing in parentheses")
        elif spec.inner is None:
            if not declared.inner_optional:
                raise ResolveError(f"${spec.name} needs a name in parentheses")
            args.append("")
        else:
            args.append(self._text(spec.inner, declared.inner))
        if declared.takes_index:
            args.append(self._index(spec))
        elif spec.index is not None:
            raise ResolveError(f"${spec.name} takes no index")
        return tuple(args)

    def _text(self, text: str, kind: Any) -> Argument:
        if kind is Plain:
            return text
        found = self.format(text)
        constant = found.constant
        return found if constant is None else constant

    def _index(self, spec: PvSpec) -> Argument:
        index = spec.index
        if index is None or index == "*":
            return index
        if index.startswith("$"):
            return Dynamic(self.format(index))
        try:
            return int(index)
        except ValueError:
            raise ResolveError(f"{spec.text}: the index {index!r} is no number") from None

    def _step(self, spec: TransformSpec) -> TransformStep:
        declared = self.transforms.get(spec.name)
        if declared is None:
            hint = suggestion(spec.name, self.transforms)
            raise ResolveError(f"unknown transformation {{{spec.name}}}", hint)
        texts = _split_args(spec.args, declared)
        least = sum(not p.optional for p in declared.params)
        if not least <= len(texts) <= len(declared.params):
            raise ResolveError(f"wrong number of parameters for {{{spec.name}}}")
        args = tuple(
            self._transform_argument(t, p) for t, p in zip(texts, declared.params, strict=False)
        )
        return TransformStep(spec.name, declared.function, args, declared.type)

    def _transform_argument(self, text: str, parameter: Parameter) -> Argument:
        if parameter.kind is int:
            text = text.strip()
            if text.startswith("$"):
                return Dynamic(self.format(text))
            return to_int(text)
        return self._text(text, parameter.kind) if "$" in text else text


def _split_args(args: str | None, declared: TransformDecl) -> list[str]:
    """The texts between commas outside of brackets; a raw transformation has one."""
    if args is None:
        return []
    if declared.raw or len(declared.params) == 1:
        return [args]
    texts: list[str] = []
    depth, piece = 0, ""
    for char in args:
        depth += (char in "({[") - (char in ")}]")
        # A lone comma as the last argument is that argument: {s.select,1,,}.
        if char == "," and depth == 0 and len(texts) < len(declared.params) - 1:
            texts.append(piece)
            piece = ""
        else:
            piece += char
    return [*texts, piece]
