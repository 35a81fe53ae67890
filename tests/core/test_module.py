"""Marks on methods: a module declares by them, and importing it changes nothing."""

from typing import Any

from sipproxy.core.context import Context
from sipproxy.core.module import (
    ANY,
    EventMark,
    FunctionMark,
    ModParam,
    Module,
    ParamMark,
    PvarMark,
    RpcMark,
    TransformMark,
    event,
    function,
    marks_of,
    modparam,
    modparam_method,
    pvar,
    rpc,
    setter,
    transformation,
)
from sipproxy.core.values import Value


class Everything(Module, name="everything"):
    """One of each mark."""

    size = modparam(4, "slots", at_least=1)
    label = modparam(None, "a text that may be missing", kind=str, name="name_of")
    gone = event("everything:gone", "something is gone")

    @modparam_method("add", int)
    def add(self, number: int) -> None:
        """Each value in turn."""

    @function("REQUEST", name="do_it")
    def do(self, ctx: Context) -> bool:
        """Do it."""
        return True

    @function()
    def anywhere(self, ctx: Context) -> None:
        """Everywhere."""

    @pvar("thing")
    @pvar("item")
    def thing(self, ctx: Context) -> Value:
        """A thing."""
        return None

    @setter(thing)
    def set_thing(self, ctx: Context, value: Value) -> None:
        """Write it."""

    @transformation("e.half", raw=True)
    def half(self, value: Value) -> Value:
        """Half of it."""
        return value

    @rpc("everything.dump", array=True, missing="a name is needed")
    def dump(self) -> list[str]:
        """All."""
        return []


class More(Everything, name="more"):
    """Overrides one declaration and inherits the others."""

    size = modparam(8, "more slots")


def declared(kind: type[Module]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for attribute, mark, _ in kind.declarations():
        found.setdefault(attribute, []).append(mark)
    return found


def test_every_mark_is_found() -> None:
    marks = declared(Everything)
    assert marks["do"] == [FunctionMark("do_it", ("REQUEST",))]
    assert marks["anywhere"] == [FunctionMark("anywhere", ANY)]
    assert [mark.name for mark in marks["thing"]] == ["item", "thing"]
    assert all(isinstance(mark, PvarMark) for mark in marks["thing"])
    assert {mark.setter.__name__ for mark in marks["thing"]} == {"set_thing"}
    assert marks["half"] == [TransformMark("e.half", True)]
    assert marks["dump"] == [RpcMark("everything.dump", True, ("a name is needed",))]
    assert marks["add"] == [ParamMark("add", int)]
    (size,), (label,), (gone,) = marks["size"], marks["label"], marks["gone"]
    assert isinstance(size, ModParam) and (size.name, size.kind, size.least) == ("size", int, 1)
    assert isinstance(label, ModParam) and (label.name, label.kind) == ("name_of", str)
    assert isinstance(gone, EventMark) and gone.name == "everything:gone"


def test_a_class_of_a_class() -> None:
    marks = declared(More)
    assert More.name == "more" and Everything.name == "everything"
    assert marks["size"][0].default == 8
    assert marks["do"] == [FunctionMark("do_it", ("REQUEST",))]

    class Helper(Everything):
        """A base without a name of its own."""

    assert Helper.name == "everything"


def test_parameters_live_in_instances() -> None:
    one, two = Everything(None), Everything(None)
    one.size = 16
    assert (one.size, two.size, two.label) == (16, 4, None)
    assert isinstance(Everything.size, ModParam)


def test_a_module_may_leave_everything_out() -> None:
    module = Module("host")
    assert (module.start(), module.ready(), module.open(), module.close()) == (None,) * 4  # type: ignore[func-returns-value]
    assert module.host == "host"
    assert marks_of(test_every_mark_is_found) == ()
    setter(len)(len)  # no variable there: nothing to make assignable


def test_only_pseudo_variables_get_a_setter() -> None:
    @function()
    @pvar("x")
    def read(self: object, ctx: object) -> int:
        """Both."""
        return 1

    @setter(read)
    def write(self: object, ctx: object, value: object) -> None:
        """Writes."""

    marks = {type(mark): mark for mark in marks_of(read)}
    assert marks[PvarMark].setter is write  # type: ignore[attr-defined]
    assert set(marks) == {PvarMark, FunctionMark}
