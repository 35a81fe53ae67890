from typing import TypeVar

from sipproxy.script.parse import parse_text
from sipproxy.script.tree import (
    Alias,
    Bareword,
    CoreParam,
    CustomParam,
    Flags,
    Int,
    Ip,
    Listen,
    LoadModule,
    LoadPath,
    ModParam,
    Node,
    Str,
)

N = TypeVar("N", bound=Node)


def one(kind: type[N], text: str) -> N:
    (item,) = parse_text(text).items
    assert isinstance(item, kind)
    return item


def columns(node: Node) -> tuple[int, int]:
    return node.span.column, node.span.end_column


def test_modules() -> None:
    module = one(LoadModule, ' loadmodule "/x/tm.so"; ;')
    assert (module.name, module.path, module.evaluated) == ("tm", "/x/tm.so", False)
    assert columns(module) == (2, 23)
    assert one(LoadModule, 'loadmodulex "$env(X)"').evaluated
    assert one(LoadPath, "mpath = 'a:b'").path == "a:b"
    assert one(LoadPath, "loadpath 'a'").path == "a"


def test_module_parameters() -> None:
    param = one(ModParam, 'modparam("a|b", "p", "x" "y") ;')
    assert (param.module.text, param.param.text) == ("a|b", "p")
    assert isinstance(param.value, Str)
    assert (param.value.text, columns(param), columns(param.value)) == ("xy", (1, 30), (22, 29))
    value = one(ModParam, "modparam('a', 'p', -5)").value
    assert isinstance(value, Int)
    assert (value.value, columns(value)) == (-5, (20, 22))
    evaluated = one(ModParam, "modparamx('a', 'p', $var(x))")
    assert isinstance(evaluated.value, Str)
    assert (evaluated.value.text, evaluated.evaluated) == ("$var(x)", True)


def test_core_parameters() -> None:
    param = one(CoreParam, "debug = -3")
    assert (param.name, columns(param)) == ("debug", (1, 11))
    (value,) = param.values
    assert isinstance(value, Int)
    assert (value.value, columns(value)) == (-3, (9, 11))
    (word,) = one(CoreParam, "log_facility=LOG_LOCAL0").values
    assert isinstance(word, Bareword)
    (ip,) = one(CoreParam, "tcp_source_ipv6=[::1]").values
    assert isinstance(ip, Ip)
    assert ip.text == "::1"
    assert one(CoreParam, "kemi.reply_route_callback = 'f'").name == "kemi.reply_route_callback"
    assert one(CoreParam, "cfgengine 'lua'").name == "cfgengine"


def test_addresses_have_places() -> None:
    listen = one(Listen, 'listen = udp:"a b":5 tcp:[::1] 1.2.3.4:* x-1.y')
    assert [(a.proto, a.host, a.port) for a in listen.addresses] == [
        ("udp", "a b", 5),
        ("tcp", "::1", 0),
        ("", "1.2.3.4", 0),
        ("", "x-1.y", 0),
    ]
    assert [columns(a) for a in listen.addresses] == [(10, 21), (22, 31), (32, 41), (42, 47)]
    assert columns(listen) == (1, 47)
    alias = one(Alias, "alias=*:a.b:5")
    assert [(a.proto, a.host, a.port) for a in alias.addresses] == [("", "a.b", 5)]


def test_flags() -> None:
    flags = one(Flags, 'flags A:3, "b c"')
    assert [(name, number) for name, number, _ in flags.names] == [("A", 3), ("b c", -1)]
    assert [span.column for _, _, span in flags.names] == [7, 12]
    assert (flags.keyword, columns(flags)) == ("flags", (1, 17))
    assert one(Flags, "avpflags x, y").keyword == "avpflags"


def test_custom_parameters() -> None:
    custom = one(CustomParam, "a.b = 'c' descr 'd'")
    assert isinstance(custom.value, Str)
    assert (custom.group, custom.name, custom.value.text, custom.description, custom.index) == (
        "a",
        "b",
        "c",
        "d",
        None,
    )
    assert columns(custom) == (1, 20)
    instance = one(CustomParam, "a[5].default = 7")
    assert (instance.index, instance.name, columns(instance)) == (5, "default", (1, 17))


def test_directives_and_lone_semicolons_leave_nothing() -> None:
    assert parse_text('#!subst "/a/b/"\n;;').items == ()
    assert parse_text('; #!subst "/a/b/"\n').items == ()
