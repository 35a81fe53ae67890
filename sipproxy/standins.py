"""What stands in, in a replay, for what a cfg asks for and cannot have.

A cfg of a stranger uses modules of Kamailio that are not here, and functions that reach other
machines. A stand-in answers in their place: a function with a return code, a pseudo-variable with
nothing, what is assigned is forgotten, and no argument is looked at.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sipproxy import kamailio
from sipproxy.core.access import PvAccess
from sipproxy.core.context import Context
from sipproxy.core.declared import FunctionDecl, Parameter, PvarDecl, TransformDecl
from sipproxy.core.module import ANY, FunctionMark, PvarMark, SelectMark, TransformMark
from sipproxy.core.params import Unread
from sipproxy.core.suggest import suggestion
from sipproxy.core.values import Value
from sipproxy.errors import SipproxyError

DEFAULT = -1
"""The return code of a function that nothing is said of."""
MODULE, DATABASE, NAME = "module", "database", "name"
_KINDS: Mapping[type, str] = MappingProxyType(
    {
        FunctionMark: kamailio.FUNCTION,
        PvarMark: kamailio.VARIABLE,
        TransformMark: kamailio.TRANSFORMATION,
        SelectMark: kamailio.SELECT,
    }
)
_ARGUMENTS = Parameter("arguments", Unread, True)


class StubError(SipproxyError):
    """What `--stub` says makes no sense; the text is one sentence."""


@dataclass(slots=True)
class StandIn:
    """One thing that is not there: what kind of thing, whose, what is answered, how often.

    `kind` is `module`, `function`, `parameter`, `variable`, `transformation`, `select`, `database`
    or `name` (of the DNS; the answer is its address); `module` is empty where nobody says whose it
    is.
    """

    kind: str
    name: str
    module: str = ""
    answer: Value = None
    uses: int = 0


class StandIns:
    """The stand-ins of one proxy, in the order in which the cfg asked for them.

    `given` are answers by name: of a function its return code, of a variable (`$name`) a text or a
    number. A function named there is stood in for, whether there is one or not.
    """

    def __init__(self, given: Mapping[str, Value] = MappingProxyType({})) -> None:
        self.given = dict(given)
        self.watch: Callable[[StandIn, Context | None], None] | None = None
        """Told of each use, with the context where one is known; given by who plays."""
        self._found: dict[tuple[str, str], StandIn] = {}
        self._modules: dict[str, None] = {}
        """The modules of the cfg, those that are there and those that are not."""

    def __iter__(self) -> Iterator[StandIn]:
        return iter(self._found.values())

    def unused(self, calls: Collection[str]) -> Iterator[str]:
        """What was given and is not asked for by the cfg that calls these, each in a few words."""
        asked = {one.name for one in self}
        for name in self.given:
            if name in asked:
                continue
            near = suggestion(name, {*calls, *asked})
            yield f"{name}{near and f' ({near})'}"

    def refuse(self, variables: Collection[str]) -> None:
        """See that no variable is given that there is; raises StubError."""
        for name in self.given:
            if name.startswith("$") and _base(name) in variables:
                raise StubError(f"--stub {name}: ${_base(name)} is there, and is read as it is")

    # -- asked by the loader and by what looks names up

    def enter(self, module: str, *, absent: bool) -> None:
        """The cfg loads a module, which is there or not."""
        self._modules[module] = None
        if absent:
            self._note(MODULE, module, module)

    def takes_parameter(self, module: str, name: str) -> bool:
        """Whether a parameter of a module is one that only Kamailio's knows."""
        if name not in kamailio.exports(module, kamailio.PARAMETER):
            return False
        self._note(kamailio.PARAMETER, f"{module}.{name}", module).uses += 1
        return True

    def function(self, name: str, *, present: bool, outside: str = "") -> FunctionDecl | None:
        """What is called for a function of the cfg; None to call what there is, or nothing.

        `outside` is the module of one that reaches other machines.
        """
        module = outside or self._home(kamailio.FUNCTION, name)
        if name not in self.given and (present or module is None) and not outside:
            return None
        answer = self.given.get(name, DEFAULT)
        stand_in = self._note(kamailio.FUNCTION, name, module or "", answer)
        assert isinstance(answer, int)
        code = answer

        def call(ctx: Context, *arguments: None) -> int:
            self._use(stand_in, ctx)
            return code

        help = "A stand-in."
        return FunctionDecl(name, "", call, (), _ARGUMENTS, ANY, "int", False, help)

    def find(self, mark: type, name: str) -> Any:
        """What no loaded module has: the declaration of a pseudo-variable or transformation, or
        what makes the selects of a root.
        """
        kind = _KINDS[mark]
        name, _, rest = name.partition(".") if mark is TransformMark else (name, "", "")
        module = self._home(kind, name)
        if mark is PvarMark:
            mine = module is not None or any(_base(given) == name for given in self.given)
            return self._variable(name, module or "") if mine else None
        if module is None:
            return None
        if mark is SelectMark:
            return lambda path: self._access(kind, f"@{name}", module).get
        return self._transformation(f"{name}.{rest}" if rest else name, module)

    def database(self, url: str) -> Callable[[], None]:
        """Note that databases of these URLs cannot be asked; the answer is told when one is."""
        stand_in = self._note(DATABASE, url, "")
        return lambda: self._use(stand_in, None)

    def name(self, name: str, address: str, *, made_up: bool) -> None:
        """Note that a name of the DNS is taken to lie at an address."""
        stand_in = self._note(NAME, name, "", address)
        if made_up:
            self._use(stand_in, None)
        else:
            stand_in.uses += 1

    # -- inside

    def _home(self, kind: str, name: str) -> str | None:
        """The module of the cfg that has this in Kamailio, None for none."""
        for module in self._modules:
            if name in kamailio.exports(module, kind):
                return module
        return None

    def _note(self, kind: str, name: str, module: str, answer: Value = None) -> StandIn:
        return self._found.setdefault((kind, name), StandIn(kind, name, module, answer))

    def _use(self, stand_in: StandIn, ctx: Context | None) -> None:
        stand_in.uses += 1
        if self.watch is not None:
            self.watch(stand_in, ctx)

    def _variable(self, name: str, module: str) -> PvarDecl:
        def bind(inner: str | None, index: str | None) -> PvAccess:
            text = f"${name}" if inner is None else f"${name}({inner})"
            return self._access(kamailio.VARIABLE, text, module)

        return PvarDecl(name, "", bind, None, str, True, True, True, "any", "A stand-in.")

    def _access(self, kind: str, text: str, module: str) -> PvAccess:
        answer = self.given.get(text)
        stand_in = self._note(kind, text, module, answer)

        def read(ctx: Context) -> Value:
            self._use(stand_in, ctx)
            return answer

        def write(ctx: Context, value: Value) -> None:
            self._use(stand_in, ctx)

        return PvAccess(read, write if kind == kamailio.VARIABLE else None)

    def _transformation(self, name: str, module: str) -> TransformDecl:
        stand_in = self._note(kamailio.TRANSFORMATION, f"{{{name}}}", module)

        def transform(value: Value, *arguments: object) -> Value:
            self._use(stand_in, None)
            return None

        text = Parameter("text", str, True)
        return TransformDecl(name, "", transform, (text,), True, "any", "A stand-in.")


def parse_stubs(texts: Iterable[str]) -> dict[str, Value]:
    """Answers by name, from `lookup=1`, `$dlg(ref)=5`, `$tls_version=TLSv1.3`; raises StubError."""
    return dict(map(_given, texts))


def _given(text: str) -> tuple[str, Value]:
    name, equals, answer = text.partition("=")
    name = name.strip()
    if not name or name == "$":
        raise StubError(f"--stub {text!r} is not NAME=CODE or $NAME=VALUE")
    if not name.startswith("$"):
        try:
            return name.removesuffix("()"), int(answer) if equals else DEFAULT
        except ValueError:
            raise StubError(f"--stub {text}: {answer!r} is no return code") from None
    is_number = answer.removeprefix("-").isdecimal() and answer.isascii()
    return name, int(answer) if is_number else answer or None


def _base(variable: str) -> str:
    """`dlg` of `$dlg(ref)`."""
    return variable[1:].partition("(")[0]
