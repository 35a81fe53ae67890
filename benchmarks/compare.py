"""Requests per second of sipproxy beside Kamailio, on the same core, in turn, in one run.

    python benchmarks/compare.py [-r ROUNDS] [-n REQUESTS] [-k WORKLOAD] [--json]

The same cfg goes to sipproxy, to Kamailio as packaged, and to Kamailio with the tlsf memory
manager. Each round plays every workload against every server, so that what else happens on the
machine meets all of them; the medians and their ratios are what counts.
"""

import argparse
import contextlib
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sipproxy.testing.digest import Challenge

HERE = Path(__file__).resolve().parent
TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Server:
    """How one server is started; `{cfg}`, `{port}` and `{dir}` are filled in."""

    name: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class Workload:
    """A cfg, its defines, and how many requests are sent to it in one round.

    The define SINK is the port of something that answers everything. With a `password` the requests
    carry credentials; one that is not PASSWORD is wrong.
    """

    name: str
    cfg: str
    defines: tuple[str, ...]
    requests: int
    aim: float
    password: str = ""
    template: str = "register.sip"


@dataclass(frozen=True)
class Result:
    """One measurement; `cpu` is the server's processor time for each request, in microseconds."""

    per_second: float
    cpu: float
    p50: int
    p99: int
    lost: int
    replies: dict[str, int]


KAMAILIO = (
    "kamailio",
    "-f",
    "{cfg}",
    "-DD",
    "-E",
    "-n",
    "1",
    "-m",
    "256",
    "-M",
    "64",
    "-Y",
    "{dir}",
)

SERVERS = (
    Server("sipproxy", (sys.executable, "-m", "sipproxy", "-f", "{cfg}", "-DD", "-E")),
    Server("kamailio", KAMAILIO),
    Server("kamailio-tlsf", (*KAMAILIO, "-x", "tlsf", "-X", "tlsf")),
)

MESSAGE = "message.sip"
USER, REALM, PASSWORD = "alice", "example.org", "secret"
ATTACKED = "../examples/kamailio_cfg/dictionary_attack.cfg"
UNLIMITED = tuple(f"{name}_LIMIT=2000000000" for name in ("PAIR", "SOURCE", "USER"))

WORKLOADS = (
    Workload("rate limit, answered 200", "rate_limit.cfg", (), 60_000, 0.5),
    Workload("rate limit, answered 429", "rate_limit.cfg", ("LIMIT=0",), 60_000, 0.5),
    Workload("100 rounds of while", "script.cfg", (), 10_000, 1.0),
    Workload("challenge", "auth.cfg", (), 40_000, 0.4),
    Workload("digest check, SQLite", "auth.cfg", (), 30_000, 0.4, PASSWORD),
    Workload("dictionary attack, checked", ATTACKED, UNLIMITED, 20_000, 0.4, "wrong"),
    Workload("dictionary attack, banned", ATTACKED, (), 30_000, 0.4, "wrong"),
    Workload("relay with state", "relay.cfg", (), 20_000, 0.4, template=MESSAGE),
    Workload("forward", "relay.cfg", ("WITH_FORWARD",), 30_000, 0.4, template=MESSAGE),
    Workload("REGISTER, save()", "location.cfg", (), 30_000, 0.4),
)


def main() -> int:
    """Measure and print; the exit code is 1 when something could not be measured."""
    options = _options()
    servers = [s for s in SERVERS if shutil.which(s.words[0])]
    for absent in (s.name for s in SERVERS if s not in servers):
        print(f"{absent} is not installed here and is left out", file=sys.stderr)
    workloads = [w for w in WORKLOADS if options.k in w.name]
    sipload = build("sipload")
    found: dict[tuple[str, str], list[Result]] = {}
    for number in range(options.r):
        for workload in workloads:
            for server in servers:
                base = 1 + 10_000_000 * number
                result = measure(server, workload, sipload, options.n, base)
                found.setdefault((workload.name, server.name), []).append(result)
                if not options.json:
                    print(f"round {number + 1}  {workload.name:26} {_row(server.name, result)}")
    if options.json:
        print(json.dumps({"/".join(k): [r.__dict__ for r in v] for k, v in found.items()}))
    else:
        for workload in workloads:
            print_summary(workload, {n: found[workload.name, n] for n in (s.name for s in servers)})
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="sipproxy beside Kamailio, requests per second")
    parser.add_argument("-r", type=int, default=3, metavar="ROUNDS")
    parser.add_argument("-n", type=int, default=0, metavar="REQUESTS", help="in place of its own")
    parser.add_argument("-k", default="", metavar="TEXT", help="only workloads with TEXT in them")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def build(name: str) -> Path:
    """Compile a tool in C, unless it is newer than its source."""
    source, program = HERE / f"{name}.c", HERE / name
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        compiler = os.environ.get("CC", "cc")
        subprocess.run([compiler, "-O2", "-o", str(program), str(source)], check=True)
    return program


def measure(server: Server, workload: Workload, sipload: Path, requests: int, base: int) -> Result:
    """Start the server, warm it up, load it, stop it."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        port, sink = free_port(), free_port()
        fill = {"cfg": str(HERE / workload.cfg), "port": str(port), "dir": folder}
        words = [word.format(**fill) for word in server.words]
        users = make_users(folder)
        realm = f'REALM="{REALM}"'
        for define in (
            f"PORT={port}",
            f"SINK={sink}",
            f'DBURL="{users}"',
            realm,
            *workload.defines,
        ):
            words += ["-A", define]
        log = Path(folder, "log")
        with open(log, "wb") as stream:
            process = subprocess.Popen(
                [*pinned(0), *words], stdout=stream, stderr=stream, start_new_session=True
            )
        answering = subprocess.Popen([*pinned(1), str(build("sipsink")), str(sink), "600"])
        try:
            wait_bound(process, port, log)
            template = make_template(folder, port, workload)
            count = requests or workload.requests
            load(sipload, template, port, min(count, 2_000), base + 9_000_000)
            before = cpu_seconds(process.pid)
            numbers = load(sipload, template, port, count, base)
            spent = cpu_seconds(process.pid) - before
        finally:
            stop(process)
            answering.kill()
            answering.wait()
    return Result(
        numbers["per_second"],
        round(1e6 * spent / numbers["requests"], 1),
        numbers.get("p50_us", 0),
        numbers.get("p99_us", 0),
        numbers["lost"],
        numbers["replies"],
    )


def make_users(folder: str) -> str:
    """A table of users with one user in it; its URL as a cfg has it."""
    url = f"sqlite:///{folder}/users.db"
    word = [sys.executable, "-m", "sipproxy"]
    subprocess.run([*word, "db", "create", url], check=True, stdout=subprocess.DEVNULL)
    user = [f"{USER}@{REALM}", PASSWORD, "--db", url]
    subprocess.run([*word, "user", "add", *user], check=True, stdout=subprocess.DEVNULL)
    return url


def make_template(folder: str, port: int, workload: Workload) -> Path:
    """The request to send, with credentials for the server's own challenge if there is a password.

    All requests answer one challenge, as those of one phone do while its nonce is good.
    """
    plain, password = HERE / workload.template, workload.password
    if not password:
        return plain
    text = plain.read_text().replace("user%u", USER)
    first = text.replace("%p", "9").replace("%i", "first").replace("\n", "\r\n")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.settimeout(2)
        for _ in range(10):  # the server may still be starting its workers
            phone.sendto(first.encode(), ("127.0.0.1", port))
            with contextlib.suppress(TimeoutError):
                challenge = Challenge.of(phone.recv(65_535))
                break
        else:
            raise SystemExit("the server did not answer the first request")
    assert challenge is not None, "the server did not challenge"
    line = challenge.answer(USER, password, method="REGISTER", uri=f"sip:{REALM}")
    made = Path(folder, "request.sip")
    made.write_text(text.replace("Content-Length", f"{line}\nContent-Length"))
    return made


def load(sipload: Path, template: Path, port: int, requests: int, base: int) -> dict[str, Any]:
    """Run the load generator on the other core."""
    words = [str(sipload), "-t", f"127.0.0.1:{port}", "-f", str(template)]
    words += ["-n", str(requests), "-b", str(base)]
    done = subprocess.run([*pinned(1), *words], capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise SystemExit(f"sipload: {done.stderr.strip()}")
    numbers: dict[str, Any] = json.loads(done.stdout)
    return numbers


def pinned(core: int) -> list[str]:
    """Words that keep a program on one core, nothing on a machine of one core."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2 or not shutil.which("taskset"):
        return []
    return ["taskset", "-c", str(cores[core])]


def free_port() -> int:
    """A UDP port that nobody has now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_bound(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    """Return when the server has its port; SystemExit with its log when it does not come up."""
    for _ in range(200):
        if process.poll() is not None:
            break
        if f":{port:04X} " in Path("/proc/net/udp").read_text():
            time.sleep(0.3)  # Kamailio binds before its workers read
            return
        time.sleep(0.05)
    raise SystemExit(f"a server did not start:\n{log.read_text(errors='replace')[-2000:]}")


def cpu_seconds(session: int) -> float:
    """Processor time of all processes of a session."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / TICK


def stop(process: "subprocess.Popen[bytes]") -> None:
    """SIGTERM, then SIGKILL for what is left of its session."""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(8)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _row(name: str, result: Result) -> str:
    replies = " ".join(f"{status}:{count}" for status, count in result.replies.items())
    lost = f"  LOST {result.lost}" if result.lost else ""
    return (
        f"{name:14} {result.per_second:9,.0f}/s  {result.cpu:6.1f} us  "
        f"p50 {result.p50:5} us  p99 {result.p99:5} us  {replies}{lost}"
    )


def print_summary(workload: Workload, results: dict[str, list[Result]]) -> None:
    """Medians of all rounds and what they are to each other."""
    medians = {n: statistics.median(r.per_second for r in rows) for n, rows in results.items()}
    cpu = {n: statistics.median(r.cpu for r in rows) for n, rows in results.items()}
    print(f"\n{workload.name}")
    ours = medians.get("sipproxy", 0.0)
    for name, median in medians.items():
        ratio = "" if name == "sipproxy" else f"   sipproxy / {name}: {ours / median:.2f}"
        print(f"  {name:14} {median:9,.0f} requests/s  {cpu[name]:6.1f} us each{ratio}")
    if "kamailio-tlsf" in medians:
        print(f"  aim: {workload.aim} x kamailio-tlsf")


if __name__ == "__main__":
    sys.exit(main())
