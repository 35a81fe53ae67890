"""xhttp: requests of HTTP run their route, over any transport; what it refuses at start."""

from typing import Any

import pytest

from sipproxy.core.flow import CLOSE, Flow
from sipproxy.errors import CfgError
from sipproxy.testing import ProxyUnderTest, load_cfg_text

HEAD = """
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "textops.so"
loadmodule "xhttp.so"
tcp_accept_no_cl=yes
request_route { xlog("sip\\n"); }
"""
HELLO = 'xhttp_reply("200", "OK", "text/plain", "hello $hu");'


def proxy_of(route: str, head: str = HEAD) -> ProxyUnderTest:
    return load_cfg_text(f"{head}\nevent_route[xhttp:request] {{ {route} }}")


def ask(proxy: ProxyUnderTest, data: bytes, flow: Flow | None = None) -> list[tuple[bytes, Flow]]:
    """What the proxy sends back, the log is in proxy.log."""
    flow = flow or Flow("tcp", ("10.0.0.1", 5060), ("10.0.0.9", 40000), 7)
    proxy.log.records.clear()
    assert proxy.proxy.receive(data, flow, proxy.clock.now())
    rows = list(proxy.proxy.outbox)
    proxy.proxy.outbox.clear()
    return rows


def get(
    url: str = "/x", headers: str = "Host: h\r\n", body: str = "", method: str = "GET"
) -> bytes:
    return f"{method} {url} HTTP/1.1\r\n{headers}\r\n{body}".encode()


def lines(proxy: ProxyUnderTest) -> list[str]:
    return [text.rstrip("\n") for _, _, text in proxy.log.records]


def test_an_answer() -> None:
    ((data, flow),) = ask(proxy_of(HELLO), get("/a?b=c"))
    assert data.startswith(b"HTTP/1.1 200 OK\r\nSia: SIP/2.0/TCP 10.0.0.9:40000\r\n")
    assert b"\r\nContent-Type: text/plain\r\n" in data
    assert data.endswith(b"\r\nContent-Length: 12\r\n\r\nhello /a?b=c")
    assert flow == Flow("tcp", ("10.0.0.1", 5060), ("10.0.0.9", 40000), 7)


def test_by_udp() -> None:
    flow = Flow("udp", ("10.0.0.1", 5060), ("10.0.0.9", 40000))
    ((data, back),) = ask(proxy_of(HELLO), get(), flow)
    assert data.startswith(b"HTTP/1.1 200 OK\r\nSia: SIP/2.0/UDP 10.0.0.9:40000\r\n")
    assert back == flow


def test_what_the_route_sees() -> None:
    proxy = proxy_of(
        'xlog("$rm $hu [$rb] $bs $hdr(Host) $si:$sp $hdr(Via)\\n");'
        'xlog("$ru $rU $rd $fu $fU $tu $tU $tn $tt $ci $cs $du\\n");'
    )
    assert ask(proxy, get("/p", "Host: h\r\nContent-Length: 2\r\n", "ab", "POST")) == []
    assert lines(proxy) == [
        "POST /p [ab] 2 h 10.0.0.9:40000 SIP/2.0/TCP 10.0.0.9:40000",
        " ".join(["<null>"] * 12),
    ]


@pytest.mark.parametrize(
    ("arguments", "begin"),
    [
        ('"99", "x", "a/b", "c"', None),
        ('"701", "x", "a/b", "c"', None),
        ('"200", "", "a/b", "c"', None),
        ('"$null", "OK", "a/b", "c"', None),
        ('"200", "OK", "", ""', b"HTTP/1.1 200 OK\r\nSia"),
        ('"302", "Found", "", ""', b"HTTP/1.1 302 Found\r\nSia"),
        ('"500", "$hu is bad", "", "c"', b"HTTP/1.1 500 /x is bad\r\nSia"),
    ],
)
def test_replies(arguments: str, begin: bytes | None) -> None:
    proxy = proxy_of(f'$var(r) = xhttp_reply({arguments}); xlog("$var(r)\\n");')
    rows = ask(proxy, get())
    assert lines(proxy)[-1] == ("-1" if begin is None else "1")
    assert [data.startswith(begin or b"") for data, _ in rows] == [True] * (begin is not None)
    assert all(b"Content-Type: \r\n" not in data for data, _ in rows)


def test_a_route_that_fails_closes_the_connection() -> None:
    proxy = proxy_of("return -1;")
    assert ask(proxy, get()) == [
        (b"", Flow("tcp", ("10.0.0.1", 5060), ("10.0.0.9", 40000), 7, CLOSE))
    ]
    assert ask(proxy, get(), Flow("udp", ("10.0.0.1", 5060), ("10.0.0.9", 40000))) == []


@pytest.mark.parametrize("route", ["drop;", "exit;", 'xlog("nothing\\n");'])
def test_a_route_that_does_not_answer(route: str) -> None:
    assert ask(proxy_of(route), get()) == []


@pytest.mark.parametrize(
    ("url", "served"),
    [("/rpc", True), ("/rpc/skip", False), ("/other", False), ("/RPC", False), ("/a/rpc", False)],
)
def test_which_urls_are_served(url: str, served: bool) -> None:
    params = 'modparam("xhttp", "url_match", "^/rpc")\nmodparam("xhttp", "url_skip", "skip$")\n'
    assert bool(ask(proxy_of(HELLO, HEAD + params), get(url))) is served


def test_other_messages_are_not_for_it() -> None:
    proxy = proxy_of(HELLO)
    assert ask(proxy, b"FOO bar XYZ/1.0\r\nA: b\r\n\r\n") == []
    assert proxy.host.counters["core.foreign_requests"] == 1
    flow = Flow("tcp", ("10.0.0.1", 5060), ("10.0.0.9", 40000), 7)
    assert not proxy.proxy.receive(b"GET /nothing\r\n\r\n", flow, proxy.clock.now())
    assert proxy.host.counters["core.bad_messages"] == 1


def test_the_event_of_sl_sees_an_answer_whose_reason_is_a_word() -> None:
    head = HEAD + 'event_route[sl:local-response] { xlog("sent $rm\\n"); }\n'
    one = proxy_of('xhttp_reply("200", "OK", "", "");', head)
    assert len(ask(one, get())) == 1
    assert lines(one) == ["sent HTTP/1.1"]
    two = proxy_of('xhttp_reply("201", "Made it", "", "");', head)
    assert len(ask(two, get())) == 1
    assert lines(two) == []


def test_sip_goes_its_way(request_text: Any) -> None:
    run = proxy_of(HELLO).feed(request_text().encode())
    assert run.log == ["sip\n"]


@pytest.mark.parametrize(
    ("cfg", "reason"),
    [
        (HEAD, r"there is no event_route\[xhttp:request\]"),
        (HEAD + 'modparam("xhttp", "url_match", "(")\n', "bad url_match"),
        (HEAD + 'modparam("xhttp", "event_callback", "f")\n', "not supported"),
        (HEAD.replace('loadmodule "sl.so"', ""), 'the module "sl" must be loaded'),
    ],
)
def test_what_is_refused_at_start(cfg: str, reason: str) -> None:
    with pytest.raises(CfgError, match=reason):
        load_cfg_text(cfg if "no event" in reason else f"{cfg} event_route[xhttp:request] {{ ; }}")


def test_lengths_are_spoken_of() -> None:
    head = HEAD.replace("tcp_accept_no_cl=yes", "")
    proxy = proxy_of(HELLO, head)
    assert lines(proxy) == [
        "tcp_accept_no_cl is not set: HTTP requests without Content-Length are refused"
    ]


RPC = (
    HEAD
    + """
loadmodule "htable.so"
loadmodule "jsonrpcs.so"
modparam("htable", "htable", "t=>size=4")
modparam("jsonrpcs", "transport", 1)
modparam("jsonrpcs", "pretty_format", 0)
"""
)


@pytest.mark.parametrize(
    ("document", "status", "answer"),
    [
        (
            '{"jsonrpc":"2.0","method":"htable.seti","params":["t","k",5],"id":1}',
            "200 OK",
            '{"jsonrpc":"2.0","result":"Ok. Key set to new value.","id":1}',
        ),
        (
            '{"jsonrpc":"2.0","method":"nope","id":"a"}',
            "500 Method Not Found",
            '{"jsonrpc":"2.0","error":{"code":500,"message":"Method Not Found"},"id":"a"}',
        ),
        ("[]", "200 OK", '{"jsonrpc":"2.0","result":{}}'),
    ],
)
def test_json_rpc(document: str, status: str, answer: str) -> None:
    proxy = proxy_of("jsonrpc_dispatch();", RPC)
    length = f"Content-Length: {len(document)}\r\n"
    ((data, _),) = ask(proxy, get("/", length, document, "POST"))
    assert data.startswith(f"HTTP/1.1 {status}\r\n".encode())
    assert b"\r\nContent-Type: application/json\r\n" in data
    assert data.endswith(f"\r\n\r\n{answer}".encode())


@pytest.mark.parametrize("body", ["", "nojson"])
def test_what_is_no_json_closes_the_connection(body: str) -> None:
    proxy = proxy_of("jsonrpc_dispatch();", RPC)
    ((data, flow),) = ask(proxy, get("/", f"Content-Length: {len(body)}\r\n", body, "POST"))
    assert (data, flow.hints) == (b"", CLOSE)


def test_json_rpc_wants_the_transport() -> None:
    proxy = proxy_of("jsonrpc_dispatch();", RPC.replace('"transport", 1', '"transport", 2'))
    rows = ask(proxy, get("/", "Content-Length: 2\r\n", "{}", "POST"))
    assert [data for data, _ in rows] == [b""]
    assert lines(proxy) == ["JSON-RPC over HTTP is not served: see transport"]


def test_a_test_of_a_cfg_sees_the_answer() -> None:
    run = proxy_of(HELLO).feed(get("/a"), source="tcp:10.0.0.9:40000")
    run.expect("200 OK -> tcp:10.0.0.9:40000")
    assert run.sent[0].message.body == b"hello /a"
    assert proxy_of("return -1;").feed(get(), source="tcp:10.0.0.9:40000").sent == []
