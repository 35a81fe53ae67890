"""What modules offer each other: the protocols, and the modules that are bound by them."""

import inspect
from typing import Any

import pytest

from sipproxy.core import bindings, transactions
from sipproxy.core.module import Module
from sipproxy.modules.auth import Auth
from sipproxy.modules.rr import Rr
from sipproxy.modules.sl import Sl
from sipproxy.modules.tm import Tm
from sipproxy.modules.usrloc import Usrloc

BOUND: list[tuple[type[Any], type[Module]]] = [
    (bindings.Replies, Sl),
    (bindings.Authenticator, Auth),
    (bindings.RecordRouting, Rr),
    (bindings.Locations, Usrloc),
    (transactions.Transactions, Tm),
]


def methods(protocol: type[Any]) -> list[tuple[str, inspect.Signature]]:
    return [
        (name, inspect.signature(member))
        for name, member in vars(protocol).items()
        if inspect.isfunction(member) and not name.startswith("_")
    ]


@pytest.mark.parametrize(("protocol", "module"), BOUND)
def test_the_module_offers_every_method_as_it_is_called(
    protocol: type[Any], module: type[Module]
) -> None:
    for name, wanted in methods(protocol):
        offered = inspect.signature(getattr(module, name))
        for parameter in wanted.parameters.values():
            own = offered.parameters[parameter.name]
            assert own.kind == parameter.kind, (name, parameter.name)
            assert own.default == parameter.default, (name, parameter.name)
        more = [p for p in offered.parameters.values() if p.name not in wanted.parameters]
        assert all(p.default is not p.empty for p in more), name
        awaits = inspect.iscoroutinefunction(vars(protocol)[name])
        assert inspect.iscoroutinefunction(getattr(module, name)) == awaits, name


@pytest.mark.parametrize(("protocol", "module"), BOUND)
def test_a_loaded_module_has_every_attribute(
    bench: Any, protocol: type[Any], module: type[Module]
) -> None:
    loaded = bench.host.load(module)
    for name in inspect.get_annotations(protocol):
        assert hasattr(loaded, name), name


@pytest.mark.parametrize(("protocol", "module"), BOUND)
def test_protocols_explain_themselves(protocol: type[Any], module: type[Module]) -> None:
    members = [protocol, *(vars(protocol)[name] for name, _ in methods(protocol))]
    assert all(inspect.getdoc(member) for member in members)


def test_what_was_not_stored_says_how() -> None:
    with pytest.raises(bindings.NotStored) as caught:
        raise bindings.NotStored("update")
    assert "update" in str(caught.value)
