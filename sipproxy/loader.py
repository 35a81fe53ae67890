"""From the parsed cfg to loaded modules: finds their classes, makes them, sets their parameters."""

import importlib
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from inspect import isclass
from pkgutil import iter_modules
from typing import Any

from sipproxy.core.host import Host, params_of
from sipproxy.core.module import FunctionMark, ModParam, Module, ParamMark
from sipproxy.core.resolve import ResolveError
from sipproxy.core.suggest import suggestion
from sipproxy.errors import CfgError, ModuleError, Problem, Span
from sipproxy.kamailio import kamailio_modules
from sipproxy.script import tree
from sipproxy.standins import StandIns

ENTRY_POINTS = "sipproxy.modules"
"""The entry-point group in which other packages offer module classes."""


def module_class(name: str) -> type[Module] | None:
    """The class of the module `name`: from another package, else one of ours, else None.

    Raises ModuleError when another package says that it has the module, and it cannot be had.
    """
    for point in entry_points(group=ENTRY_POINTS, name=name):
        return _offered(point, name)
    try:
        found = importlib.import_module(f"sipproxy.modules.{name}")
    except ModuleNotFoundError as error:
        if error.name == f"sipproxy.modules.{name}":
            return None
        raise
    for member in vars(found).values():
        if isclass(member) and issubclass(member, Module) and member.name == name:
            return member
    return None


@lru_cache(maxsize=1)
def own_modules() -> tuple[str, ...]:
    """The names of the modules that come with sipproxy, in order."""
    package = importlib.import_module("sipproxy.modules")
    return tuple(sorted(info.name for info in iter_modules(package.__path__)))


def _offered(point: EntryPoint, name: str) -> type[Module]:
    """What another package offers as the module `name`; raises ModuleError."""
    package = point.dist.name if point.dist else "a package"
    try:
        kind: Any = point.load()
    except Exception as error:  # whatever the package's own code raises
        reason = f"{type(error).__name__}: {error}"
        raise ModuleError(f"{package} offers it as {point.value}: {reason}") from error
    if not (isclass(kind) and issubclass(kind, Module) and kind.name == name):
        text = f'{package} offers {point.value}, which is no Module with name="{name}"'
        raise ModuleError(text)
    return kind


class Loader:
    """Loads the modules of one cfg into one host, collecting problems.

    With `stand_ins` what Kamailio has and we have not is no problem: they answer in its place.
    """

    def __init__(
        self, host: Host, extra: Mapping[str, type[Module]], stand_ins: StandIns | None = None
    ) -> None:
        self.host = host
        self._stand_ins = stand_ins
        self._extra = extra
        self.problems: list[Problem] = []
        self._absent: set[str] = set()
        self._seen: set[str] = set()
        self._given: dict[tuple[str, str, int | str], Span] = {}
        """Where a parameter of a module was given a value."""
        host.elsewhere = self._elsewhere
        if stand_ins is not None:
            host.stand_in = stand_ins.find

    def load(self, config: tree.Config) -> None:
        """Load every module, set every modparam, start the modules; raises CfgError."""
        for item in config.items:
            if isinstance(item, tree.LoadModule):
                self._load_module(item)
            elif isinstance(item, tree.ModParam):
                self._set_param(item)
        if self._stand_ins is not None:
            self._stand_in(config, self._stand_ins)
        self._raise_errors()
        self._each(config, lambda module: module.start())

    def inherit(self, config: tree.Config, previous: Mapping[str, Module]) -> None:
        """Let modules share what those of the cfg before a reload have; raises CfgError."""

        def share(module: Module) -> None:
            if module.name in previous:
                module.inherit(previous[module.name])

        self._each(config, share)

    def ready(self, config: tree.Config) -> None:
        """Tell the modules that the routes can run; raises CfgError."""
        self._each(config, lambda module: module.ready())

    def remarks(self, config: tree.Config) -> Iterator[Problem]:
        """What the modules say of the cfg, each at its place."""
        for item in config.items:
            if not isinstance(item, tree.LoadModule) or item.name not in self.host.modules:
                continue
            for remark in self.host.modules[item.name].remarks():
                span = item.span
                if remark.parameter:
                    span = self._given.get((item.name, *remark.parameter), span)
                yield Problem(span, remark.message, remark.hint, remark.severity)

    def _elsewhere(self, mark: type, name: str) -> str:
        """Where this name would be found: in a later version, or in a module of ours."""
        for module in own_modules():
            kind = module_class(module)
            for _, note, _ in kind.declarations() if kind else ():
                if not isinstance(note, mark) or getattr(note, "name", "") != name:
                    continue
                since = getattr(note, "since", "")
                if since > self.host.compat:
                    return f"it came with Kamailio {since}; --compat {since} has it"
                return f'it is in the module "{module}", which is not loaded'
        if self._stand_ins is not None and mark is FunctionMark:
            near = suggestion(name, self.host.functions)
            return f"{near and f'{near}; '}--stub {name}=CODE answers in its place"
        return ""

    def _each(self, config: tree.Config, act: Callable[[Module], None]) -> None:
        """Let every module act, and tell what each of them could not do."""
        for item in config.items:
            if isinstance(item, tree.LoadModule) and item.name in self.host.modules:
                try:
                    act(self.host.modules[item.name])
                except ModuleError as error:
                    self._error(item.span, f"{item.name}: {error}")
        self._raise_errors()

    def _raise_errors(self) -> None:
        if any(p.severity == "error" for p in self.problems):
            raise CfgError(self.problems)

    def _error(self, span: Span, message: str, hint: str = "") -> None:
        self.problems.append(Problem(span, message, hint))

    def _load_module(self, item: tree.LoadModule) -> None:
        name = item.name
        if name in self._seen:
            self._error(item.span, f'the module "{name}" is loaded twice')
            return
        self._seen.add(name)
        try:
            kind = self._extra.get(name) or module_class(name)
            until = kind.until if kind is not None else ""
            if until and until < self.host.compat:
                kind = None
            if kind is not None:
                self.host.load(kind)
        except ModuleError as error:
            self._absent.add(name)  # what is said of its parameters would only hide this
            self._error(item.span, f"{name}: {error}")
            return
        if kind is not None:
            if self._stand_ins is not None:
                self._stand_ins.enter(name, absent=False)
            return
        if self._stand_ins is not None and name in {*kamailio_modules(), *self._stand_ins.given}:
            self._absent.add(name)
            self._stand_ins.enter(name, absent=True)
        elif name in kamailio_modules():
            self._absent.add(name)
            message = f'the module "{name}" is not part of sipproxy: its parameters are not read'
            if until:
                message = f'Kamailio {self.host.compat} has no module "{name}" any more'
            hint = until and f"its parameters are not read; --compat {until} has it"
            self.problems.append(Problem(item.span, message, hint, "warning"))
        else:
            hint = suggestion(name, kamailio_modules()) or "another package's must be installed"
            self._error(item.span, f'unknown module "{name}"', hint)

    def _set_param(self, item: tree.ModParam) -> None:
        """Set the parameter in every loaded module whose name matches the pattern."""
        try:
            pattern = re.compile(item.module.text, re.IGNORECASE)
        except re.error:
            self._error(item.module.span, f"bad module pattern {item.module.text!r}")
            return
        modules = [m for name, m in self.host.modules.items() if pattern.fullmatch(name)]
        absent = any(pattern.fullmatch(name) for name in self._absent)
        if not modules and not absent:
            hint = suggestion(item.module.text, self._seen)
            self._error(item.module.span, f'no loaded module is "{item.module.text}"', hint)
        for module in modules:
            self._set_in(module, item)

    def _set_in(self, module: Module, item: tree.ModParam) -> None:
        declared = list(params_of(type(module)))
        given = item.value.value if isinstance(item.value, tree.Int) else item.value.text
        value: int | str = given
        if item.evaluated and isinstance(given, str):
            try:
                format = self.host.format(given)
            except ResolveError as error:
                self._error(item.value.span, error.message, error.hint)
                return
            value = format(self.host.outside())
        same_name = [(a, d) for n, a, d in declared if n == item.param.text]
        if self._is_passed_over(module, item.param.text, known=bool(same_name)):
            return
        if not same_name:
            hint = suggestion(item.param.text, {n for n, _, _ in declared})
            message = f'the module {module.name} has no parameter "{item.param.text}"'
            self._error(item.param.span, message, hint)
            return
        fitting = [(a, d) for a, d in same_name if _kind(d) is type(value)]
        if not fitting and any(getattr(d, "takes_numbers", False) for _, d in same_name):
            fitting, value = same_name, str(value)
        if not fitting:
            wanted = "an integer" if _kind(same_name[0][1]) is int else "a string"
            self._error(item.value.span, f"{module.name}.{item.param.text} takes {wanted}")
            return
        self._given[module.name, item.param.text, value] = item.value.span
        try:
            _apply(module, *fitting[0], value)
        except ModuleError as error:
            self._error(item.value.span, str(error))

    # -- stand-ins

    def _stand_in(self, config: tree.Config, stand_ins: StandIns) -> None:
        """Put stand-ins in the place of functions that the cfg calls and cannot have."""
        functions = self.host.functions
        for name in called(config):
            known = functions.get(name, ())
            outside = next((declared.module for declared in known if declared.outside), "")
            declared = stand_ins.function(name, present=bool(known), outside=outside)
            if declared is not None:
                functions[name] = [declared]
        stand_ins.refuse(self.host.pvars)

    def _is_passed_over(self, module: Module, parameter: str, *, known: bool) -> bool:
        """Whether a parameter that does not work here may be left unset."""
        if self._stand_ins is None or (known and parameter not in module.not_yet):
            return False
        return self._stand_ins.takes_parameter(module.name, parameter)


def called(config: tree.Config) -> dict[str, None]:
    """The names of the functions that a cfg calls, in their order."""
    routes = (item for item in config.items if isinstance(item, tree.Route))
    nodes = (node for route in routes for node in tree.walk(route))
    return dict.fromkeys(node.name for node in nodes if isinstance(node, tree.Call))


def _kind(declared: ModParam | ParamMark) -> type:
    return declared.kind if isinstance(declared, ModParam) else declared.type


def _apply(
    module: Module, attribute: str, declared: ModParam | ParamMark, value: int | str
) -> None:
    if isinstance(declared, ParamMark):
        getattr(module, attribute)(value)
        return
    if declared.least is not None and isinstance(value, int) and value < declared.least:
        raise ModuleError(f"{module.name}.{declared.name} must be at least {declared.least}")
    setattr(module, attribute, value)
