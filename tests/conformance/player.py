"""Plays the steps of one case against one freshly started server."""

import json
import re
import shlex
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from . import compose, control
from .case import STEP_KEYS, Case, CaseError, Step, step_kind
from .normalise import Normaliser
from .server import Commands, ServerProcess
from .siptext import decode
from .wire import GRACE, PATIENCE, QUIET, Wire

Result: TypeAlias = dict[str, Any]
"""What a play, or one step of it, gave: the JSON object a golden holds."""


class Player:
    """One play of one case: start the server, play each step, collect what happened."""

    def __init__(self, case: Case, commands: Commands, port: int) -> None:
        self.case = case
        self.commands = commands
        self.port = port
        self.rundir = Path(tempfile.mkdtemp(prefix="conformance-"))
        self.ports = {name: port + 1 + i for i, name in enumerate(case.socket_names)}
        self.normaliser = Normaliser(port, self.ports, case.mask)
        self.wire: Wire | None = None
        self.server: ServerProcess | None = None
        self._steps: dict[str, Callable[[Step, Result | None], Result]] = {
            "send": self._send,
            "raw": self._raw,
            "reply": self._reply,
            "ack": lambda step, golden: self._hop_by_hop("ACK", step, golden),
            "cancel": lambda step, golden: self._hop_by_hop("CANCEL", step, golden),
            "rpc": self._rpc,
            "jsonrpc": self._jsonrpc,
            "sleep": self._sleep,
            "sql": self._sql,
            "restart": self._restart,
            "signal": self._signal,
        }
        assert self._steps.keys() == STEP_KEYS.keys()

    def play(self, golden: Result | None = None) -> Result:
        """Play the case; a golden tells how many messages to wait for.

        Raises CaseError when the server does not start or dies.
        """
        try:
            for name, text in self.case.files.items():
                (self.rundir / name).write_text(self.expand(text))
            if self.case.sql:
                control.run_sql(self.rundir / "test.db", self.case.sql)
            if self.case.check:
                return self._checks(golden)
            return self._play_steps(golden)
        finally:
            if self.server:
                self.server.stop()
            if self.wire:
                self.wire.close()
            if self.commands.keep:
                print(f"{self.case.name}: {self.rundir}")
            else:
                shutil.rmtree(self.rundir, ignore_errors=True)

    def _play_steps(self, golden: Result | None) -> Result:
        self.wire = Wire(
            {n: (self.case.sockets.get(n, "127.0.0.1"), p) for n, p in self.ports.items()},
            self.port,
        )
        self._start()
        results: list[Result] = []
        for number, step in enumerate(self.case.steps):
            kind = step_kind(step)
            assert kind is not None  # load_case saw to it
            expected = golden["steps"][number] if golden else None
            results.append(self._steps[kind](step, expected))
            if self._running.exit_code is not None:
                tail = self._running.log_tail()
                raise CaseError(f"server died after step {number + 1}\n{tail}")
        deadline = time.monotonic() + (PATIENCE if golden else QUIET)
        while time.monotonic() < deadline and not (golden and self._log() == golden["log"]):
            time.sleep(0.03)
        time.sleep(GRACE)  # for a line too many
        log = self._log()
        return {"steps": results, "log": log}

    @property
    def _running(self) -> ServerProcess:
        assert self.server is not None
        return self.server

    @property
    def _wire(self) -> Wire:
        assert self.wire is not None
        return self.wire

    def _start(self) -> None:
        files = [
            self.rundir / name
            for name, kind in (("ctl", "rpc"), ("rpc.sock", "jsonrpc"))
            if self.case.uses(kind)
        ]
        for file in files:
            file.unlink(missing_ok=True)  # left by the server before a restart
        self.server = self._launch(self.commands.server)
        self.server.wait_until_ready(self.port, files, self.commands.start_timeout)

    def _launch(self, command: str, variant: str = "") -> ServerProcess:
        log = self.rundir / "stderr.log"
        return ServerProcess(command, self._write(variant), self.rundir, log)

    def _write(self, variant: str) -> Path:
        cfg = self.rundir / "test.cfg"
        cfg.write_text(self.expand(self.case.source.replace("@VARIANT@", variant)))
        return cfg

    def _log(self) -> list[str]:
        text = self._running.log_text()
        return self.normaliser.log(text, self.case.log_keep, not self.case.log_sort)

    def _checks(self, golden: Result | None) -> Result:
        if not self.case.variants:
            return self._check("", golden)
        verdicts: Result = {}
        for text in self.case.variants:
            verdicts[text] = self._check(text, golden["variants"].get(text) if golden else None)
        return {"variants": verdicts}

    def _check(self, variant: str, golden: Result | None) -> Result:
        """Whether the configuration is refused, and the line named: the golden's if it is there.

        Where Kamailio never comes to an end, a refusal is as good.
        """
        golden = golden or {}
        code, said = self._checked(variant)
        if code is None and self.case.check != "start":
            return {"hangs": True}
        if not code:
            return {"refused": False}
        if golden.get("hangs"):
            return golden
        found = re.findall(r"\bline:?\s+(\d+)|\.cfg:(\d+)", said)
        lines = [int(a or b) for a, b in found]
        line = lines[0] if lines else None
        if golden.get("line") in lines or golden.get("line", 0) is None:
            line = golden["line"]  # Kamailio names several, or none
        elif golden and dict(self.case.better_lines).get(variant) in lines:
            line = golden.get("line")
        return {"refused": True, "line": line}

    def _checked(self, variant: str) -> tuple[int | None, str]:
        """The exit code of a check, None when it does not end, and what it said.

        The first variant of a case has a process of its own; one for each would take minutes.
        """
        examine = self.commands.examine
        if (
            examine is not None
            and variant not in self.case.variants[:1]
            and self.case.check is True
        ):
            return examine(self._write(variant))
        command = self.commands.server if self.case.check == "start" else self.commands.check
        (self.rundir / "stderr.log").unlink(missing_ok=True)
        self.server = self._launch(command, variant)
        code = self.server.wait(self.commands.start_timeout)
        self.server.stop()
        return code, self.server.log_text()

    # -- placeholders

    def expand(self, text: str) -> str:
        """The text with its @...@ placeholders replaced."""
        return re.sub(r"@([A-Z]+)(?:_(\w+?))?(?::([\w-]+))?@", self._placeholder, text)

    def _placeholder(self, match: re.Match[str]) -> str:
        key, name, argument = match.groups()
        simple = {
            "PORT": str(self.port),
            "RUNDIR": str(self.rundir),
            "DB": str(self.rundir / "test.db"),
            "MPATH": self.commands.mpath,
        }
        if key == "FILL":
            return "x" * int(argument)
        if name is None:
            return simple.get(key, match[0])
        if key == "PORT":
            return str(self.ports[name])
        peer = self._wire.peers[name]
        if key == "TOTAG":
            found = re.search(r";\s*tag=([^;\s]+)", peer.last_header("To"))
            return found[1] if found else ""
        if key in ("RR", "RRV"):
            return ", ".join(peer.record_routes[:: -1 if key == "RRV" else 1])
        if key == "LAST":
            return peer.last_header(argument)
        return match[0]

    # -- steps

    def _send(self, step: Step, golden: Result | None) -> Result:
        name = step.get("from", "a")
        peer = self._wire.peers[name]
        text = self.expand(step["send"]).lstrip("\n")
        text = compose.request(text, step, peer, name, self.case.name)
        if text.startswith("INVITE"):
            peer.last_invite = text
        target = None
        if "target" in step:
            host, _, port = self.expand(step["target"]).rpartition(":")
            target = (host.strip("[]"), int(port))
        for _ in range(step.get("times", 1)):
            self._transmit(name, text, target)
        return self._receive(step, golden)

    def _raw(self, step: Step, golden: Result | None) -> Result:
        data = self.expand(step["raw"]).encode("latin-1")
        self._transmit(step.get("from", "a"), decode(data))
        return self._receive(step, golden)

    def _hop_by_hop(self, method: str, step: Step, golden: Result | None) -> Result:
        name = step[method.lower()]
        self._transmit(name, compose.hop_by_hop(method, self._wire.peers[name]))
        return self._receive(step, golden)

    def _reply(self, step: Step, golden: Result | None) -> Result:
        name = step["on"]
        text = compose.reply(
            step["reply"],
            self._wire.peers[name],
            step.get("to", ""),
            step.get("tag", "to-" + name),
            self.expand(step.get("headers", "")),
        )
        self._transmit(name, text)
        return self._receive(step, golden)

    def _transmit(self, name: str, text: str, target: tuple[str, int] | None = None) -> None:
        self.normaliser.sending(text)
        self._wire.transmit(name, text, target)

    def _receive(self, step: Step, golden: Result | None) -> Result:
        expected = sum(map(len, golden["recv"].values())) if golden else None
        got = self._wire.receive(step.get("wait", QUIET), expected)
        return {"recv": {n: [self.normaliser.message(t) for t in got[n]] for n in sorted(got)}}

    def _rpc(self, step: Step, golden: Result | None) -> Result:
        line = step["rpc"]
        words: list[str] = line if isinstance(line, list) else shlex.split(line)
        text = control.kamcmd(self.commands.kamcmd, self.rundir, [self.expand(w) for w in words])
        return {"rpc": self.normaliser.mask(text).rstrip().split("\n")}

    def _jsonrpc(self, step: Step, golden: Result | None) -> Result:
        request = json.loads(self.expand(json.dumps(step["jsonrpc"])))
        answer = control.jsonrpc(self.rundir, request)
        shown = json.loads(self.normaliser.mask(json.dumps(answer, sort_keys=True)))
        received = self._receive(step, golden) if "wait" in step else {}
        return {"jsonrpc": shown, **received}

    def _sleep(self, step: Step, golden: Result | None) -> Result:
        time.sleep(step["sleep"])
        return {}

    def _sql(self, step: Step, golden: Result | None) -> Result:
        return control.run_sql(self.rundir / "test.db", step["sql"])

    def _restart(self, step: Step, golden: Result | None) -> Result:
        self._running.stop()
        self._start()
        return {}

    def _signal(self, step: Step, golden: Result | None) -> Result:
        self._running.send_signal(step["signal"])
        return self._receive(step, golden)
