"""The server process of a case: Kamailio as the oracle, or the server under test."""

import contextlib
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .case import CaseError

KAMAILIO = "kamailio -f {cfg} -DD -E -m 64 -M 8 -Y {rundir}"
KAMAILIO_CHECK = "kamailio -c -f {cfg}"


@dataclass(frozen=True, slots=True)
class Commands:
    """How servers are started; `{cfg}` and `{rundir}` are filled in per case."""

    server: str = KAMAILIO
    check: str = KAMAILIO_CHECK
    kamcmd: str = "kamcmd"
    mpath: str = ""
    start_timeout: float = 10.0
    keep: bool = False
    examine: Callable[[Path], tuple[int, str]] | None = None
    """Checks a cfg as `check` does, without a process: (exit code, what it says)."""


class ServerProcess:
    """A server that runs one configuration, in a session of its own, its log in a file."""

    def __init__(self, command: str, cfg: Path, rundir: Path, log_path: Path) -> None:
        self.log_path = log_path
        with open(log_path, "ab") as log:
            self._process = subprocess.Popen(
                shlex.split(command.format(cfg=cfg, rundir=rundir)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def exit_code(self) -> int | None:
        """The exit status, None while it runs."""
        return self._process.poll()

    def wait_until_ready(self, port: int, files: Sequence[Path], timeout: float) -> None:
        """Return when the UDP port is bound and the files exist; CaseError when it dies first."""
        deadline = time.monotonic() + timeout
        while not (udp_bound(port) and all(file.exists() for file in files)):
            if self.exit_code is not None:
                raise CaseError(f"server exited with {self.exit_code} at start\n{self.log_tail()}")
            if time.monotonic() > deadline:
                raise CaseError(f"server did not bind its port in time\n{self.log_tail()}")
            time.sleep(0.03)

    def wait(self, timeout: float) -> int | None:
        """The exit status, or None when it still runs after `timeout` seconds."""
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None

    def send_signal(self, name: str) -> None:
        """Send a signal by its name without SIG."""
        self._process.send_signal(getattr(signal, "SIG" + name))

    def stop(self) -> None:
        """SIGTERM for the main process; after that, SIGKILL for what is left of its session."""
        if self.exit_code is None:
            self._process.terminate()
            self.wait(8)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def log_text(self) -> str:
        r"""All that was logged; bytes that are not UTF-8 appear as \xNN."""
        return self.log_path.read_text(errors="backslashreplace")

    def log_tail(self) -> str:
        """The last lines of the log, indented, for an error message."""
        return "\n".join("    " + line for line in self.log_text().splitlines()[-12:])


def udp_bound(port: int) -> bool:
    """Whether some process has bound the UDP port, on any address."""
    for name in ("/proc/net/udp", "/proc/net/udp6"):
        try:
            lines = Path(name).read_text().splitlines()[1:]
        except FileNotFoundError:
            continue
        if any(line.split()[1].endswith(f":{port:04X}") for line in lines):
            return True
    return False
