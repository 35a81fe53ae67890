"""Commands by FIFOs of a served cfg: JSON, Kamailio 3's text, kamctl, a shell."""

import json
import os
import select
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sipproxy.net import rpc_fifo
from sipproxy.net.addresses import StartError

if TYPE_CHECKING:
    from tests.net.conftest import Running

Serve = Callable[..., "Running"]

JSON = """
loadmodule "sl.so"
loadmodule "htable.so"
loadmodule "jsonrpcs.so"
modparam("htable", "htable", "t=>size=4")
modparam("jsonrpcs", "transport", 2)
modparam("jsonrpcs", "fifo_name", "rpc.fifo")
modparam("jsonrpcs", "fifo_mode", 0622)
modparam("jsonrpcs", "fifo_reply_dir", "{folder}/")
request_route {{ sl_send_reply("200", "OK"); }}
"""

MI = """#!sipproxy compat=3.0
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "htable.so"
loadmodule "mi_fifo.so"
modparam("htable", "htable", "ha=>size=4")
modparam("mi_fifo", "fifo_name", "mi.fifo")
modparam("mi_fifo", "reply_dir", "{folder}/")
modparam("mi_fifo", "reply_indent", "  ")
request_route {{ sl_send_reply("200", "OK"); }}
event_route[htable:mod-init] {{ $sht(ha=>alice) = 1; }}
"""


class Caller:
    """A client with a pipe of its own."""

    def __init__(self, folder: Path, fifo: str, name: str = "reply") -> None:
        self.folder, self.fifo, self.name = folder, folder / fifo, name
        os.mkfifo(folder / name)
        self.reader = os.open(folder / name, os.O_RDONLY | os.O_NONBLOCK)

    def write(self, data: bytes) -> None:
        self.fifo.write_bytes(data)

    def read(self, seconds: float = 5.0) -> bytes:
        """All that the server writes until it closes the pipe."""
        got = b""
        for _ in range(int(seconds / 0.02)):
            select.select([self.reader], [], [], 0.02)
            try:
                piece = os.read(self.reader, 1 << 20)
            except BlockingIOError:
                continue
            if not piece and got:
                break
            if not piece:  # nobody has opened it yet
                select.select([], [], [], 0.02)
            got += piece
        return got

    def ask(self, data: bytes) -> bytes:
        self.write(data)
        return self.read()


def call(method: str, *params: object, name: str | None = "reply") -> bytes:
    document: dict[str, Any] = {"jsonrpc": "2.0", "method": method, "params": params, "id": 1}
    if name is not None:
        document["reply_name"] = name
    return json.dumps(document).encode()


@pytest.fixture
def running(serve: Serve, tmp_path: Path) -> "Running":
    return serve(JSON.format(folder=tmp_path))


def test_json(running: "Running") -> None:
    caller = Caller(running.folder, "rpc.fifo")
    assert caller.fifo.stat().st_mode & 0o777 == 0o622
    answer = caller.ask(b"\n" + call("htable.sets", "t", "k", "it's }") + b"\n")
    assert json.loads(answer) == {"jsonrpc": "2.0", "result": "Ok. Key set to new value.", "id": 1}
    answer = json.loads(caller.ask(call("htable.get", "t", "k")))
    assert answer["result"]["item"]["value"] == "it's }"
    answer = json.loads(caller.ask(call("nope")))
    assert answer["error"] == {"code": 500, "message": "Method Not Found"}
    running.stop()
    assert not caller.fifo.exists()


def test_a_document_over_several_lines_as_kamcli_writes_it(running: "Running") -> None:
    caller = Caller(running.folder, "rpc.fifo")
    document = json.dumps(json.loads(call("core.echo", "a", 5)), indent=2)
    assert json.loads(caller.ask(f"{document}\n".encode()))["result"] == ["a", "5"]
    assert json.loads(caller.ask(f"{document}\n".encode()))["result"] == ["a", "5"]


def test_a_large_answer_comes_whole_and_holds_nobody_up(running: "Running") -> None:
    caller = Caller(running.folder, "rpc.fifo")
    for number in range(20):
        caller.ask(call("htable.sets", "t", f"k{number}", "x" * 6000))
    caller.write(call("htable.dump", "t"))
    assert running.ask().startswith(b"SIP/2.0 200")
    slots = json.loads(caller.read())["result"]
    assert sum(len(item["value"]) for slot in slots for item in slot["slot"]) == 120_000


def test_what_gets_no_answer(running: "Running") -> None:
    caller = Caller(running.folder, "rpc.fifo")
    caller.write(call("htable.seti", "t", "unnamed", 1, name=None))
    caller.write(b"garbage " + call("htable.seti", "t", "garbage", 1))
    caller.write(call("htable.seti", "t", "empty", 1, name=""))
    caller.write(call("htable.seti", "t", "dotted", 1, name="re.ply"))
    got = {
        key: "error" not in json.loads(caller.ask(call("htable.get", "t", key)))
        for key in ("unnamed", "garbage", "empty", "dotted")
    }
    assert got == {"unnamed": False, "garbage": False, "empty": True, "dotted": True}


def test_half_a_document_does_not_spoil_the_next(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rpc_fifo, "_HALF", 0.05)
    running = serve(JSON.format(folder=tmp_path))
    caller = Caller(running.folder, "rpc.fifo")
    caller.write(b'{"jsonrpc": "2.0", "method": "')
    for _ in range(100):  # until the server gave it up
        caller.write(call("core.echo", "a"))
        if answer := caller.read(0.1):
            break
    assert json.loads(answer)["result"] == ["a"]


@pytest.mark.peer
@pytest.mark.skipif(not shutil.which("kamctl"), reason="kamctl is not installed")
def test_the_real_kamctl(serve: Serve, tmp_path: Path) -> None:
    running = serve(JSON.format(folder="/tmp"))

    def kamctl(*words: str) -> Any:
        done = subprocess.run(
            ["kamctl", *words],
            capture_output=True,
            text=True,
            timeout=30,
            env=os.environ | {"RPCFIFOPATH": str(running.folder / "rpc.fifo"), "HOME": "/"},
        )
        return json.loads(done.stdout)

    assert kamctl("rpc", "core.echo", "hello", "5")["result"] == ["hello", "5"]
    kamctl("rpc", "htable.sets", "t", "k", "v")
    assert kamctl("rpc", "htable.get", "t", "k")["result"]["item"]["value"] == "v"
    assert kamctl("rpc", "nope")["error"] == {"code": 500, "message": "Method Not Found"}
    assert kamctl("uptime")["result"]["uptime"] >= 0


@pytest.fixture
def old(serve: Serve, tmp_path: Path) -> "Running":
    return serve(MI.format(folder=tmp_path))


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (b":sht_dump:reply\nnone\n\n", b"500 no such hash table\n\n"),
        (b":sht_dump:reply\n\n", b"400 Too few or too many arguments\n\n"),
        (b":sht_reload:reply\nha\n\n", b"500 ERROR Reloading data\n\n"),
        (b":nope:reply\n\n", b"500 command 'nope' not available\n"),
        (b':sht_dump:reply\na"b\n\n', b"400 parse error in command 'sht_dump'\n"),
    ],
)
def test_kamailio_3(old: "Running", request_: bytes, answer: bytes) -> None:
    caller = Caller(old.folder, "mi.fifo")
    assert caller.ask(request_) == answer
    lines = caller.ask(b":sht_dump:reply\nha\n\n").decode().split("\n")
    assert lines[0] == "200 OK"
    assert lines[1].startswith("Entry:: ")
    assert lines[2:] == ["  alice:: 1", "", ""]


def test_bad_requests_and_no_pipe_for_the_answer(old: "Running") -> None:
    caller = Caller(old.folder, "mi.fifo")
    caller.write(b"no command\n\n:sht_dump:\nha\n\n:sht_dump:../x\nha\n\n")
    assert caller.ask(b":nope:reply\n\n") == b"500 command 'nope' not available\n"


def test_a_shell_as_the_documentation_of_htable_shows_it(old: "Running") -> None:
    script = """
        mkfifo "$0/_reply_fifo_file_"
        printf ':sht_dump:_reply_fifo_file_\\nha\\n\\n' > "$0/mi.fifo" &
        cat "$0/_reply_fifo_file_"
    """
    done = subprocess.run(
        ["sh", "-c", script, str(old.folder)], capture_output=True, text=True, timeout=20
    )
    assert done.stdout.startswith("200 OK\nEntry:: ")
    assert done.stdout.endswith("\n  alice:: 1\n\n")


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ('modparam("jsonrpcs", "fifo_reply_dir", "/none/")', "/none/, for answers, is no direct"),
        ('modparam("jsonrpcs", "fifo_name", "/none/fifo")', "No such file"),
        ('modparam("jsonrpcs", "fifo_user", "no-such-user")', "no user no-such-user"),
        ('modparam("jsonrpcs", "fifo_name", "{folder}/file")', "it exists and is no FIFO"),
    ],
)
def test_what_cannot_be_opened_is_one_sentence(
    serve: Serve, tmp_path: Path, params: str, reason: str
) -> None:
    (tmp_path / "file").write_text("data")
    cfg = JSON.format(folder=tmp_path) + params.format(folder=tmp_path)
    with pytest.raises(StartError, match=rf"cannot open the FIFO .*: .*{reason}"):
        serve(cfg)
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def test_what_nobody_asked_for_may_fail(serve: Serve, tmp_path: Path) -> None:
    cfg = JSON.format(folder=tmp_path).replace('"transport", 2', '"transport", 0')
    cfg += 'modparam("jsonrpcs", "fifo_name", "/none/fifo")'
    assert serve(cfg).ask().startswith(b"SIP/2.0 200")
