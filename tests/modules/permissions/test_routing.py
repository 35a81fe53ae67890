"""allow_routing, allow_register, allow_uri in a cfg; what real Kamailio says is recorded in the
conformance cases permissions-files and permissions-branches."""

from typing import Any

import pytest

from sipproxy.errors import RpcError
from sipproxy.testing import request


def verdict(
    proxy: Any, uri: str = "sip:bob@example.com", method: str = "OPTIONS", **more: Any
) -> str:
    return str(proxy.feed(request(method, uri, **more)).log[-1].strip())


def asked(call: str) -> str:
    return f'if ({call}) xlog("yes\\n"); else xlog("no\\n");'


def test_without_files_all_is_allowed(world: Any) -> None:
    proxy = world.load(asked("allow_routing()"), database=False)
    assert verdict(proxy) == "yes"
    missing = [text for _, _, text in proxy.log.records if "empty rule set" in text]
    assert missing == []
    proxy = world.load(asked('allow_routing("none")'), database=False)
    told = [text for _, _, text in proxy.log.records]
    assert [text.partition("none")[2] for text in told[-2:]] == [
        ".allow is not read (No such file or directory): empty rule set",
        ".deny is not read (No such file or directory): empty rule set",
    ]


def test_default_files(world: Any) -> None:
    world.write("permissions.allow", 'ALL : "^sip:911@"\n')
    world.write("permissions.deny", "ALL : ALL\n")
    proxy = world.load(asked("allow_routing()"), database=False)
    assert verdict(proxy) == "no"
    assert verdict(proxy, "sip:911@example.com:5070;x=y") == "yes"
    proxy = world.load(asked("allow_routing()"), database=False, load_backends=4)
    assert verdict(proxy) == "yes"


def test_two_calls_with_one_allow_file_have_their_own_deny_files(world: Any) -> None:
    world.write("a", 'ALL : "^sip:x@"\n')
    world.write("b", 'ALL : "^sip:b@"\n')
    world.write("c", 'ALL : "^sip:c@"\n')
    both = asked('allow_routing("a", "b")') + asked('allow_routing("a", "c")')
    proxy = world.load(both, database=False)
    run = proxy.feed(request("OPTIONS", "sip:c@example.com"))
    assert [line.strip() for line in run.log] == ["yes", "no"]


def test_branches(world: Any) -> None:
    world.write("f.deny", 'ALL : "^sip:bad@"\n')
    route = 'append_branch("sip:bad@example.com"); ' + asked('allow_routing("f")')
    assert verdict(world.load(route, database=False)) == "no"
    assert verdict(world.load(route, database=False, check_all_branches=0)) == "yes"


@pytest.mark.parametrize(
    ("contact", "expected"),
    [
        ("Contact: <sip:a@1.2.3.4>", "no"),
        ("Contact: <sip:a@1.2.3.5>", "yes"),
        ("Contact: <sip:a@1.2.3.5>, <sip:a@1.2.3.4;x=y>", "no"),
        ("Contact: *", "yes"),
        ("Contact: <nonsense>", "no"),
        ("", "yes"),
    ],
)
def test_register(world: Any, contact: str, expected: str) -> None:
    world.write("r.deny", r"ALL : @1\.2\.3\.4$")
    proxy = world.load(asked('allow_register("r")'), database=False)
    assert verdict(proxy, method="REGISTER", headers=contact) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [('"sip:bad@x"', "no"), ('"sip:good@x"', "yes"), ("$null", "no")]
)
def test_uri(world: Any, value: str, expected: str) -> None:
    world.write("u.deny", 'ALL : "^sip:bad@"\n')
    route = f'$avp(u) = {value}; {asked("""allow_uri("u", "$avp(u)")""")}'
    assert verdict(world.load(route, database=False)) == expected


def test_too_long_to_be_compared(world: Any) -> None:
    world.write("f.deny", "ALL : nothing\n")
    proxy = world.load(asked('allow_routing("f")'), database=False)
    assert verdict(proxy, f"sip:{'x' * 300}@example.com") == "no"
    assert any("Request URI is too long: 316 chars" in text for _, _, text in proxy.log.records)


def test_a_search_that_could_run_away_allows_nothing(world: Any) -> None:
    world.write("f.deny", r"ALL : (x*)*\1\1y" + "\n")
    proxy = world.load(asked('allow_routing("f")'), database=False)
    assert verdict(proxy, f"sip:{'x' * 200}@example.com") == "no"


def test_rpc(world: Any) -> None:
    world.write("f.allow", 'ALL : "^sip:911@"\n')
    world.write("f.deny", "ALL : ALL\n")
    proxy = world.load(asked('allow_routing("f.allow", "f.deny")'), database=False)
    assert proxy.rpc("permissions.testUri", "f", "sip:a@b", "sip:911@x") == "Allowed"
    assert proxy.rpc("permissions.allowUri", "f", "sip:a@b", "sip:912@x") == "Denied"
    assert proxy.rpc("permissions.testUri", "other", "sip:a@b", "sip:911@x") == "Denied"
    assert proxy.rpc("permissions.testUri", "permissions", "sip:a@b", "sip:911@x") == "Allowed"
    with pytest.raises(RpcError, match="No address table"):
        proxy.rpc("permissions.addressDump")
