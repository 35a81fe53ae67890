"""The module API: a class whose marked methods are its whole surface.

A mark only leaves a note on a method or attribute; :mod:`sipproxy.core.host` collects the notes
when a cfg loads the module. Importing a module changes nothing, and two proxies in one process
have instances of their own.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from sipproxy.core.params import Handler

ANY = ("REQUEST", "REPLY", "ONREPLY", "FAILURE", "BRANCH", "ONSEND", "EVENT", "LOCAL")
"""Every kind of route block a function can be allowed in. REPLY is the core reply_route."""


@dataclass(frozen=True, slots=True)
class FunctionMark:
    """A function of the cfg language; several methods may carry one name with other counts.

    It exists for a cfg of the compatibility level `since` or a later one; "" is any. `only` says
    of a call's constants whether this method is meant; the first that is meant is called.
    """

    name: str
    routes: tuple[str, ...]
    replaces_message: bool = False
    since: str = ""
    only: "Callable[[tuple[Constant, ...]], bool] | None" = None
    outside: bool = False


@dataclass(slots=True)
class PvarMark:
    """A pseudo-variable class; `binds` says that the method is asked once, at load, for access."""

    name: str
    binds: bool
    number: Callable[[Any], int] | None = None
    fixed: bool = False
    setter: Callable[..., None] | None = None


@dataclass(frozen=True, slots=True)
class TransformMark:
    """A transformation `{class.name}`; `raw` passes all text after the first comma as one."""

    name: str
    raw: bool


@dataclass(frozen=True, slots=True)
class SelectMark:
    """The root of selects: `@name`; see core.selects."""

    name: str


@dataclass(frozen=True, slots=True)
class RpcMark:
    """An RPC command; `missing` holds the fault text for each absent argument, last repeated."""

    name: str
    array: bool
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MiMark:
    """A command of Kamailio 3's management interface."""

    name: str


@dataclass(frozen=True, slots=True)
class ParamMark:
    """A modparam whose value goes to a method, each time it is set."""

    name: str
    type: type


@dataclass(frozen=True, slots=True)
class Remark:
    """What a module says of the cfg, shown by `sipproxy check` at the place it is about.

    `parameter` is the modparam it is about and the value that was given there; without it the
    remark stands at the `loadmodule`. Of a call, `argument` is the one it is about, counted from 1;
    0 is the whole call. An `error` about a call refuses the cfg.
    """

    message: str
    hint: str = ""
    severity: str = "note"  # error | warning | note
    argument: int = 0
    parameter: tuple[str, int | str] | None = None


Constant = int | str | None
"""An argument of a call as the cfg writes it; None when it is known only at each call."""

_MARK = "__sipproxy_marks__"


def marks_of(member: object) -> tuple[object, ...]:
    """The marks on a method, none for anything else."""
    return getattr(member, _MARK, ())


def _mark(handler: Handler, mark: object) -> Handler:
    setattr(handler, _MARK, (*marks_of(handler), mark))
    return handler


def function(
    *routes: str,
    name: str = "",
    replaces_message: bool = False,
    since: str = "",
    only: "Callable[[tuple[Constant, ...]], bool] | None" = None,
    outside: bool = False,
) -> Callable[[Handler], Handler]:
    """A function of the cfg language; without routes it is allowed everywhere.

    The method gets the context and the arguments its annotations ask for. True and None become
    1, False becomes -1, an int goes through (0 ends the script). `async def` makes every route
    that can reach it asynchronous. `replaces_message` says that it may put another message into
    the context, after which nothing read before holds. `since` is the compatibility level that
    brought it. `only` is asked with the call's arguments, None for those that are not constant,
    whether this method is meant: one that cannot wait may serve some calls of a name. `outside`
    says that it reaches beyond the proxy, to other machines, programs or files that it writes,
    by other ways than a SIP message and a database: a replay has a stand-in for it.
    """

    def apply(handler: Handler) -> Handler:
        known = name or handler.__name__
        mark = FunctionMark(known, routes or ANY, replaces_message, since, only, outside)
        return _mark(handler, mark)

    return apply


def pvar(
    name: str,
    *,
    bind: bool = False,
    number: Callable[[Any], int] | None = None,
    fixed: bool = False,
) -> Callable[[Handler], Handler]:
    """A pseudo-variable `$name` or `$name(inner)`.

    The method gets the context, then `inner` when it has a parameter for it (`str`: with
    pseudo-variables replaced; `Plain`: literally), then the index when it has a parameter named
    `index` (`int | str | None`, the string is `*`). With `bind` it is called once at load as
    `method(inner: str | None, index: str | None) -> PvAccess`. `number` makes of its text the
    int that Kamailio keeps beside it, where the two differ (`$rm` is 512 for OPTIONS). A `fixed`
    one reads the received message only: it is read once in a route, as long as no function of the
    cfg replaces the message.
    """

    def apply(handler: Handler) -> Handler:
        return _mark(handler, PvarMark(name, bind, number, fixed))

    return apply


def setter(getter: Callable[..., Any]) -> Callable[[Handler], Handler]:
    """Make the pseudo-variables of `getter` assignable: the method gets the value last."""

    def apply(handler: Handler) -> Handler:
        for mark in marks_of(getter):
            if isinstance(mark, PvarMark):
                mark.setter = handler
        return handler

    return apply


def transformation(name: str, *, raw: bool = False) -> Callable[[Handler], Handler]:
    """A transformation `{name,args}`: the method gets the value and its arguments.

    An `int` argument is converted, a `str` one has its pseudo-variables replaced.
    """

    def apply(handler: Handler) -> Handler:
        return _mark(handler, TransformMark(name, raw))

    return apply


def select_root(name: str) -> Callable[[Handler], Handler]:
    """Selects `@name` and below: the method is called once for each that the cfg has.

    It gets the core.selects.Path behind the name, gives a core.selects.Read, and raises ValueError
    for what is not there.
    """

    def apply(handler: Handler) -> Handler:
        return _mark(handler, SelectMark(name))

    return apply


def rpc(
    name: str, *, array: bool = False, missing: str | tuple[str, ...] = ()
) -> Callable[[Handler], Handler]:
    """An RPC command; the docstring is its help, the annotations convert its arguments.

    `array` makes its JSON result an array even for one record. An `async def` may await, as a
    function may.
    """
    texts = (missing,) if isinstance(missing, str) else missing

    def apply(handler: Handler) -> Handler:
        return _mark(handler, RpcMark(name, array, texts))

    return apply


def mi(name: str) -> Callable[[Handler], Handler]:
    """A command of Kamailio 3's management interface, offered under compat 3.0.

    The method gets the request's lines (`Sequence[core.mi.MiNode]`) and answers a MiReply. An
    `async def` may await.
    """

    def apply(handler: Handler) -> Handler:
        return _mark(handler, MiMark(name))

    return apply


def modparam_method(name: str, kind: type = str) -> Callable[[Handler], Handler]:
    """A modparam that may be set many times: the method is called with each value in turn.

    It raises ModuleError for a value it refuses.
    """

    def apply(handler: Handler) -> Handler:
        return _mark(handler, ParamMark(name, kind))

    return apply


class ModParam:
    """A modparam kept in an attribute of the module's instance; made by :func:`modparam`."""

    def __init__(
        self,
        default: int | str | None,
        help: str,
        kind: type,
        least: int | None,
        name: str,
        *,
        takes_numbers: bool = False,
    ) -> None:
        self.default = default
        self.help = help
        self.kind = kind
        self.least = least
        self.name = name
        self.takes_numbers = takes_numbers

    def __set_name__(self, owner: type, name: str) -> None:
        self.attribute = name
        self.name = self.name or name

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        if instance is None:
            return self
        # Without a __set__ the instance's own value comes first: this is asked once.
        return instance.__dict__.setdefault(self.attribute, self.default)


def modparam(
    default: int | str | None,
    help: str,
    *,
    kind: type | None = None,
    at_least: int | None = None,
    name: str = "",
    takes_numbers: bool = False,
) -> Any:
    """A modparam `name` (else the attribute's) with its default; int or str as the default is.

    One of text that `takes_numbers` may be given as a number too, and gets its digits.
    """
    if kind is None:
        kind = int if isinstance(default, int) else str
    return ModParam(default, help, kind, at_least, name, takes_numbers=takes_numbers)


class EventMark:
    """An event route that a module may run; made by :func:`event`."""

    def __init__(self, name: str, help: str) -> None:
        self.name = name
        self.help = help


def event(name: str, help: str) -> EventMark:
    """Declare `event_route[name]`; a name that ends in `:*` takes any last part."""
    return EventMark(name, help)


ModuleClass = TypeVar("ModuleClass", bound="type[Module]")


class Module:
    """Base of all modules: `class Htable(Module, name="htable")`.

    Life: made when the cfg loads it, modparams set, :meth:`start` (pure set-up; also run by
    `sipproxy check`), routes compiled, :meth:`ready`, :meth:`open` (sockets, databases; not in a
    check, a test or a replay), then messages, then :meth:`close`.

    When the cfg is reloaded, a new instance is made beside the one that serves: after its `start`
    come :meth:`inherit`, `ready` and `open`, in a thread while messages go on. If nothing was
    wrong, :meth:`rehearse` and :meth:`take_over` are called without a message in between, and when
    the last transaction of the old cfg is over, the old instance's :meth:`leave`.
    """

    name: ClassVar[str] = ""
    not_yet: ClassVar[frozenset[str]] = frozenset()
    """Parameters that :meth:`start` refuses because what they ask for is not there."""
    until: ClassVar[str] = ""
    """The last compatibility level whose Kamailio has the module; "" for one that it still has."""

    def __init_subclass__(cls, *, name: str = "", until: str = "", **rest: Any) -> None:
        super().__init_subclass__(**rest)
        if name:
            cls.name = name
            cls.until = until

    def __init__(self, host: Any) -> None:
        self.host = host

    def start(self) -> None:
        """Parameters are set; make what routes will refer to. Raises ModuleError."""

    def ready(self) -> None:
        """Routes are compiled and nothing has come in yet; run once, also in tests and replay.

        Raises ModuleError.
        """

    def remarks(self) -> Iterable[Remark]:
        """What there is to say of the parameters; asked once, when all modules have started."""
        return ()

    def remarks_on(self, function: str, arguments: tuple[Constant, ...]) -> Iterable[Remark]:
        """What there is to say of a call of one of the module's functions in the cfg."""
        return ()

    def open(self) -> None:
        """Reach for the world outside. Raises ModuleError."""

    def inherit(self, previous: Any) -> None:
        """Share what routes are compiled with: `previous` is this module under the cfg before.

        That one still serves, and goes on if the reload is refused: look at it, change nothing.
        Raises ModuleError.
        """

    def rehearse(self, previous: Any) -> None:
        """Do what may still refuse the reload, and take it back then. Raises ModuleError."""

    def take_over(self, previous: Any) -> None:
        """Serve from now on: take over what `previous` keeps, which still has transactions."""

    def leave(self) -> None:
        """A newer cfg serves, and the last transaction of this one is over: let go, save nothing.

        Timers set by `host.timers.every` ended when the newer cfg began to serve.
        """

    def close(self) -> None:
        """The proxy stops."""

    @classmethod
    def declarations(cls) -> Iterator[tuple[str, object, object]]:
        """(attribute, mark, member) for each mark of the class, base classes first."""
        seen: dict[str, object] = {}
        for base in reversed(cls.__mro__):
            seen.update(vars(base))
        for attribute, member in seen.items():
            if isinstance(member, ModParam | EventMark):
                yield attribute, member, member
            for mark in marks_of(member):
                yield attribute, mark, member
