"""From the text of a pseudo-variable to its access: names, inner texts, indexes, transformations
looked up among what the loaded modules declare."""

from collections.abc import Callable
from typing import Any

from sipproxy.core.access import Argument, Dynamic, Format, PvAccess, TransformStep
from sipproxy.core.context import Context
from sipproxy.core.declared import PvarDecl, TransformDecl
from sipproxy.core.module import PvarMark, SelectMark, TransformMark
from sipproxy.core.params import Plain
from sipproxy.core.pvspec import PvSpec, PvSyntaxError, TransformSpec, parse_pv, split_text
from sipproxy.core.selects import Maker, Path
from sipproxy.core.suggest import suggestion
from sipproxy.core.transform_args import guarded, read_arguments
from sipproxy.core.values import Value
from sipproxy.errors import MessageError, SipproxyError
from sipproxy.text import lower

_MOST_KNOWN = 10_000
"""Pseudo-variables that are noted; a cfg may make up more while it runs."""


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
        self.selects: dict[str, Maker] = {}
        """What makes the selects below each root."""
        self.elsewhere: Callable[[type, str], str] = lambda mark, name: ""
        """A hint on a name that no loaded module marks so; given by the loader."""
        self.stand_in: Callable[[type, str], Any] = lambda mark, name: None
        """The declaration for a name that no loaded module marks so; given by the loader."""
        self._formats: dict[str, Format] = {}
        self._accesses: dict[str, PvAccess] = {}
        self.known: dict[str, PvAccess] = {}
        """The pseudo-variables that were looked up first, as they are written."""

    def format(self, text: str) -> Format:
        """A text with its pseudo-variables looked up; raises ResolveError."""
        found = self._formats.get(text)
        if found is None:
            try:
                pieces = split_text(text)
            except PvSyntaxError as error:
                raise ResolveError(f"{error.message} in {text!r}") from None
            resolved = tuple(p if isinstance(p, str) else self._piece(p) for p in pieces)
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

    def select(self, text: str) -> PvAccess:
        """The access to `@text`; raises ResolveError."""
        try:
            path = Path.parse(text)
            name = path.name()
            root = lower(name)
            make = self.selects.get(root) or self.stand_in(SelectMark, root)
            if make is None:
                hint = self.elsewhere(SelectMark, root) or suggestion(root, self.selects)
                raise ResolveError(f"@{text}: there is no select {name}", hint)
            read = make(path)
        except ValueError as error:
            raise ResolveError(f"@{text}: {error}") from None

        def shown(ctx: Context) -> Value:
            try:
                value = read(ctx)
            except MessageError:
                return None
            return None if value is None else str(value)

        return PvAccess(shown)

    def access(self, spec: PvSpec) -> PvAccess:
        """The access to a parsed pseudo-variable; raises ResolveError."""
        access = self._plain_access(spec)
        if spec.transforms:
            access = access.textual or access
            access.transforms = tuple(map(self._step, spec.transforms))
            access.set = None
            access.slot = ""
            access.absent = ""
            access.number = None
        access.text = spec.text
        if len(self.known) < _MOST_KNOWN:
            self.known.setdefault(spec.text, access)
        return access

    def _piece(self, spec: PvSpec) -> PvAccess:
        """The access to a pseudo-variable inside a text."""
        access = self.access(spec)
        return access.textual or access

    def _plain_access(self, spec: PvSpec) -> PvAccess:
        declared = self.pvars.get(spec.name)
        if declared is None:
            if self.unknown_is_avp and spec.inner is None and "avp" in self.pvars:
                return self._plain_access(PvSpec(spec.text, "avp", spec.name, spec.index))
            declared = self.stand_in(PvarMark, spec.name)
        if declared is None:
            hint = self.elsewhere(PvarMark, spec.name) or suggestion(spec.name, self.pvars)
            raise ResolveError(f"unknown pseudo-variable {spec.text}", hint)
        if spec.inner == "":
            raise ResolveError(f"${spec.name}() has nothing in its parentheses")
        if declared.bind:
            try:
                access = declared.get(spec.inner, spec.index)
            except ValueError as error:
                raise ResolveError(f"{spec.text}: {error}") from None
            assert isinstance(access, PvAccess)
            return access
        arguments = self._arguments(spec, declared)
        access = PvAccess(declared.get, declared.set, arguments, type=declared.type)
        access.number = declared.number
        access.fixed = declared.fixed and not access.args
        return access

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
        kind, dot, name = spec.name.partition(".")
        folded = f"{kind}{dot}{lower(name)}"
        declared = self.transforms.get(folded) or self.stand_in(TransformMark, folded)
        if declared is None:
            hint = self.elsewhere(TransformMark, folded) or suggestion(spec.name, self.transforms)
            raise ResolveError(f"unknown transformation {{{spec.name}}}", hint)
        try:
            args = read_arguments(spec.args, declared.params, self.access, raw=declared.raw)
        except ValueError as error:
            raise ResolveError(f"{error} for {{{spec.name}}}") from None
        except PvSyntaxError as error:
            raise ResolveError(f"{error.message} in {{{spec.name}}}") from None
        function = guarded(declared.function, declared.params, args)
        return TransformStep(spec.name, function, args, declared.type)
