"""mi_rpc: Kamailio 3's commands by RPC, in each of its four forms."""

from collections.abc import Sequence

import pytest

from sipproxy.core.mi import MiNode, MiReply
from sipproxy.errors import RpcError
from sipproxy.testing import ProxyUnderTest, load_cfg_text

CFG = """#!sipproxy compat=3.0
loadmodule "htable.so"
loadmodule "mi_rpc.so"
modparam("mi_rpc", "rpc_url", "unix:/x")
modparam("htable", "htable", "ha=>size=1")
request_route { exit; }
"""


@pytest.fixture
def proxy() -> ProxyUnderTest:
    proxy = load_cfg_text(CFG)
    proxy.rpc("htable.sets", "ha", "k", "v")
    return proxy


def test_the_forms_of_an_answer(proxy: ProxyUnderTest) -> None:
    entry = proxy.rpc("mi", "sht_dump", "ha")[0]
    assert entry.startswith("Entry:: ")
    lines = [entry, "\tk:: v"]
    assert proxy.rpc("mi", "sht_dump", "ha") == lines
    ended = [f"{line}\n" for line in lines]
    assert proxy.rpc("mi_fifo", "sht_dump", "ha") == ["200 OK\n", *ended, "\n"]
    assert proxy.rpc("mi_dg", "sht_dump", "ha") == ["200 OK\n", *ended]
    assert proxy.rpc("mi_xmlrpc", "sht_dump", "ha") == [f"{entry}\n", "k:: v\n"]


@pytest.mark.parametrize(
    ("words", "code", "reason"),
    [
        (("mi", "nope"), 500, "command not available"),
        (("mi", "sht_dump"), 400, "Too few or too many arguments"),
        (("mi_xmlrpc", "sht_dump", "none"), 500, "no such hash table"),
        (("mi", "sht_dump", "--name"), 500, "cannot parse parameters"),
    ],
)
def test_faults(proxy: ProxyUnderTest, words: tuple[str, ...], code: int, reason: str) -> None:
    with pytest.raises(RpcError) as fault:
        proxy.rpc(*words)
    assert (fault.value.code, fault.value.reason) == (code, reason)


def test_an_answer_with_its_status_is_no_fault(proxy: ProxyUnderTest) -> None:
    assert proxy.rpc("mi_fifo", "sht_dump", "none") == ["500 no such hash table\n", "\n"]


def test_names_of_arguments(proxy: ProxyUnderTest) -> None:
    def echo(arguments: Sequence[MiNode]) -> MiReply:
        return MiReply(nodes=tuple(arguments))

    proxy.host.mi["echo"] = echo
    assert proxy.rpc("mi", "echo", "a", "--n", "b", "--", "c") == [":: a", "n:: b", ":: c"]


def test_a_line_that_is_too_long_and_a_command_that_breaks(proxy: ProxyUnderTest) -> None:
    def broken(arguments: Sequence[MiNode]) -> MiReply:
        raise OSError("no")

    proxy.host.mi["long"] = lambda arguments: MiReply(nodes=(MiNode("n", "x" * 600),))
    proxy.host.mi["broken"] = broken
    with pytest.raises(RpcError, match="Line too long"):
        proxy.rpc("mi", "long")
    with pytest.raises(RpcError, match="execution failed"):
        proxy.rpc("mi", "broken")
