"""core.*: the shapes kamcmd shows."""

import json
import os
import time

import pytest

from sipproxy import __version__
from sipproxy.clock import Chance, VirtualClock
from sipproxy.core.host import Host
from sipproxy.core.log import LogList
from sipproxy.core.sockets import ListenSocket, OwnAddresses
from sipproxy.net.core_commands import CoreCommands
from sipproxy.program import load_text
from sipproxy.rpc.binrpc import decode_answer, encode_call, read_packet
from sipproxy.rpc.dispatch import Registry
from sipproxy.rpc.kamcmd import format_answer, parse_argument
from sipproxy.rpc.serve import answer_binrpc_datagram, answer_json


class Core:
    """The commands of one host, called as kamcmd and as a JSON client do."""

    def __init__(self) -> None:
        self.clock = VirtualClock(1_000_000_000.0)
        self.log = LogList()
        host = Host(self.clock, Chance(1), self.log)
        host.settings = load_text("alias=example.org:5070\nrequest_route { exit; }").settings
        host.own = OwnAddresses(
            [
                ListenSocket("udp", "127.0.0.1", 5060),
                ListenSocket("udp", "::1", 5070, ("public.example", 0)),
            ]
        )
        host.processes = lambda: [(77, "main"), (78, "worker")]
        host.cfg_file = "a.cfg"
        self.stopped = 0
        self.complaints: list[str] = []
        self.registry = Registry(lambda name, error: None, host.begin)
        CoreCommands(
            host,
            ["KAMAILIO_5", "X"],
            self.stop,
            ["sipproxy", "run", "a.cfg"],
            self.clock.now(),
            lambda done: done(self.complaints),
        ).register(self.registry)

    def stop(self) -> None:
        self.stopped += 1

    def kamcmd(self, method: str, *words: str) -> str:
        request = encode_call(method, [parse_argument(word) for word in words], 1)
        found = read_packet(answer_binrpc_datagram(self.registry, request))
        assert found
        return format_answer(decode_answer(found[0]))

    def json(self, method: str, *params: object) -> object:
        document = json.dumps({"jsonrpc": "2.0", "method": method, "params": params, "id": 1})
        reply = answer_json(self.registry, document.encode())
        assert reply
        return json.loads(reply.body)["result"]


@pytest.fixture
def core() -> Core:
    return Core()


def test_uptime_counts_on(core: Core) -> None:
    core.clock.set(1_000_000_061.5)
    assert core.json("core.uptime") == {
        "now": time.ctime(1_000_000_061),
        "up_since": time.ctime(1_000_000_000),
        "uptime": 61,
    }
    core.clock.set(1_000_000_000.0 + 2 * 86400 + 3723)
    runinfo = core.json("core.runinfo")
    assert isinstance(runinfo, dict)
    assert runinfo["utime_days"] == "2d 1h 2m 3s"


def test_processes(core: Core) -> None:
    assert core.kamcmd("core.ps") == "77\nmain\n78\nworker\n"
    assert core.json("core.psx") == [
        {"IDX": 0, "PID": 77, "DSC": "main"},
        {"IDX": 1, "PID": 78, "DSC": "worker"},
    ]
    assert core.kamcmd("core.psa").startswith("{\n\tindex: 0\n\tpid: 77\n\tstatus: 1\n\trank: 0\n")


def test_sockets_and_aliases_have_kamailios_shape(core: Core) -> None:
    assert core.kamcmd("core.sockets_list") == (
        "{\n\tsocket: {\n\t\tproto: udp\n\t\taddress: 127.0.0.1\n\t\tport: 5060\n"
        "\t\tmcast: no\n\t\tmhomed: no\n\t\tvirtual: no\n\t}\n"
        "\tsocket: {\n\t\tproto: udp\n\t\taddress: ::1\n\t\tport: 5070\n"
        "\t\tadvertise: public.example\n\t\tmcast: no\n\t\tmhomed: no\n\t\tvirtual: no\n\t}\n}\n"
    )
    assert core.kamcmd("core.aliases_list") == (
        "{\n\tmyself_callbacks: no\n\taliases: {\n\t\talias: {\n"
        "\t\t\tproto: *\n\t\t\taddress: example.org\n\t\t\tport: 5070\n\t\t}\n\t}\n}\n"
    )


def test_echo_gives_back_what_it_can_read(core: Core) -> None:
    assert (
        core.kamcmd("core.echo", "1", "a", "2.5", "s:7") == "1\na\n"
    )  # a double ends it, as in Kamailio
    assert core.kamcmd("core.echo") == ""
    assert core.kamcmd("core.prints", "a", "b") == "a\nb\n"
    assert core.kamcmd("core.printi", "1", "-2") == "1\n-2\n"


def test_memory_in_units(core: Core) -> None:
    whole, kilo = core.json("core.shmmem"), core.json("core.shmmem", "kb")
    assert isinstance(whole, dict) and isinstance(kilo, dict)
    assert list(whole) == ["total", "free", "used", "real_used", "max_used", "fragments"]
    assert whole["total"] >> 10 == kilo["total"]
    document = b'{"jsonrpc":"2.0","method":"core.shmmem","params":["x"],"id":1}'
    reply = answer_json(core.registry, document)
    assert reply and json.loads(reply.body)["error"]["message"] == "bad param, (use b|k|m|g)"


def test_the_rest(core: Core) -> None:
    version = f"sipproxy {__version__} (compatible with kamailio 5.6.3)"
    assert core.json("core.version") == version
    info = core.json("core.info")
    assert isinstance(info, dict) and info["version"] == version
    assert core.json("core.pwd") == [os.getcwd()]
    assert core.json("core.arg") == ["sipproxy", "run", "a.cfg"]
    assert core.json("core.ppdefines") == ["KAMAILIO_5", "X"]
    assert core.json("core.tcp_list") == []
    assert core.kamcmd("core.tcp_info").startswith("{\n\treaders: 0\n\tmax_conn")
    assert core.stopped == 0
    assert core.kamcmd("core.kill") == ""
    assert core.stopped == 1
