"""What becomes of phones while somebody floods the server: sipproxy beside Kamailio, in one run.

    python benchmarks/flood.py [-s SECONDS] [-r ROUNDS] [--json]

One sender sends garbage as fast as it can. Meanwhile a phone sends 100 OPTIONS a second, each once,
and counts the answers. The same cfg, the same garbage and the same core are for every server.
"""

import argparse
import json
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.compare import SERVERS, Server, free_port, pinned, stop, wait_bound

HERE = Path(__file__).resolve().parent
RATE = 100
"""OPTIONS of the phone in a second."""


@dataclass(frozen=True)
class Outcome:
    """What one server did; `flood` is datagrams a second, `log` bytes, `slow` milliseconds.

    `slow` is the time that 99 of 100 answers took at most.
    """

    asked: int
    answered: int
    flood: int
    log: int
    slow: float

    @property
    def share(self) -> float:
        """Answered requests of all."""
        return self.answered / self.asked


def garbage(count: int = 2_000, seed: int = 1) -> list[bytes]:
    """Datagrams that are no messages, or nearly: noise, cut ones, flipped bytes, lost headers."""
    chance = random.Random(seed)
    return [_SHAPES[number % len(_SHAPES)](chance, number) for number in range(count)]


def _message(number: int) -> bytes:
    return (
        f"INVITE sip:bob@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK{number}"
        "\r\nMax-Forwards: 70\r\nFrom: <sip:alice@example.org>;tag=a\r\nTo: <sip:bob@example.org>"
        f"\r\nCall-ID: {number}@example.org\r\nCSeq: 1 INVITE\r\nContact: <sip:alice@127.0.0.1>"
        "\r\nUser-Agent: noise\r\nContent-Type: application/sdp\r\nContent-Length: 0\r\n\r\n"
    ).encode()


def _noise(chance: random.Random, number: int) -> bytes:
    return chance.randbytes(chance.randrange(1, 600))


def _cut(chance: random.Random, number: int) -> bytes:
    whole = _message(number)
    return whole[: chance.randrange(20, len(whole) - 150)]


def _flipped(chance: random.Random, number: int) -> bytes:
    whole = bytearray(_message(number))
    for _ in range(40):
        whole[chance.randrange(len(whole))] = chance.randrange(256)
    return bytes(whole)


def _without(chance: random.Random, number: int) -> bytes:
    lines = _message(number).split(b"\r\n")
    lost = chance.choice((b"Via", b"From", b"CSeq", b"Call-ID", b"INVITE"))
    return b"\r\n".join(line for line in lines if not line.startswith(lost))


_SHAPES = (_noise, _cut, _flipped, _without)


def build() -> Path:
    """Compile the sender, unless it is newer than its source."""
    source, program = HERE / "flood.c", HERE / "flood"
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        subprocess.run(["cc", "-O2", "-o", str(program), str(source)], check=True)
    return program


def measure(server: Server, seconds: float) -> Outcome:
    """Start a server, flood it, count what the phone gets."""
    sender = build()
    with tempfile.TemporaryDirectory(prefix="flood-") as folder:
        port = free_port()
        noise = Path(folder, "noise")
        noise.write_bytes(b"".join(len(d).to_bytes(2) + d for d in garbage()))
        fill = {"cfg": str(HERE / "flood.cfg"), "port": str(port), "dir": folder}
        words = [*(word.format(**fill) for word in server.words), "-A", f"PORT={port}"]
        log = Path(folder, "log")
        with open(log, "wb") as stream:
            process = subprocess.Popen(
                [*pinned(0), *words], stdout=stream, stderr=stream, start_new_session=True
            )
        try:
            wait_bound(process, port, log)
            aim = ["-t", f"127.0.0.1:{port}", "-f", str(noise), "-s", str(seconds)]
            flood = subprocess.Popen(
                [*pinned(1), str(sender), *aim], stdout=subprocess.PIPE, text=True
            )
            phone = Phone(port)
            phone.ask(int((seconds - 1) * RATE))
            sent, _ = flood.communicate(timeout=60)
            phone.end()
        finally:
            stop(process)
        took = sorted(phone.took) or [0.0]
        return Outcome(
            phone.asked,
            len(phone.took),
            int(int(sent) / seconds),
            log.stat().st_size,
            round(1000 * took[int(len(took) * 0.99) - 1], 1),
        )


class Phone:
    """Sends OPTIONS at a steady pace; a thread of its own takes the answers."""

    def __init__(self, port: int) -> None:
        self.asked = 0
        self.took: list[float] = []
        """Seconds from each request that was answered to its answer."""
        self._sent: list[float] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.connect(("127.0.0.1", port))
        self._socket.settimeout(0.5)
        self._over = threading.Event()
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()

    def ask(self, count: int) -> None:
        """Send `count` requests, 100 a second."""
        port = self._socket.getsockname()[1]
        start = time.perf_counter() + 0.5
        for number in range(count):
            time.sleep(max(0.0, start + number / RATE - time.perf_counter()))
            self._sent.append(time.perf_counter())
            self._socket.send(
                (
                    f"OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port}"
                    f";branch=z9hG4bK{number}\r\nMax-Forwards: 70\r\nFrom: <sip:alice@example.org>"
                    f";tag=a\r\nTo: <sip:127.0.0.1>\r\nCall-ID: phone-{number}\r\nCSeq: 1 OPTIONS"
                    "\r\nContent-Length: 0\r\n\r\n"
                ).encode()
            )
            self.asked += 1

    def end(self) -> None:
        """Wait for the last answers."""
        time.sleep(1)
        self._over.set()
        self._listener.join()
        self._socket.close()

    def _listen(self) -> None:
        while not self._over.is_set():
            try:
                answer = self._socket.recv(4096)
            except TimeoutError:
                continue
            if answer.startswith(b"SIP/2.0 200 "):
                number = int(answer.partition(b"Call-ID: phone-")[2].partition(b"\r")[0])
                self.took.append(time.perf_counter() - self._sent[number])


def main() -> int:
    """Measure in turn and print."""
    parser = argparse.ArgumentParser(description="phones under a flood of garbage")
    parser.add_argument("-s", type=float, default=10.0, metavar="SECONDS")
    parser.add_argument("-r", type=int, default=1, metavar="ROUNDS")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    servers = [s for s in SERVERS if shutil.which(s.words[0])]
    found: dict[str, list[Outcome]] = {}
    for _ in range(options.r):
        for server in servers:
            one = measure(server, options.s)
            found.setdefault(server.name, []).append(one)
            if not options.json:
                print(_row(server.name, one))
    if options.json:
        print(json.dumps({name: [asdict(one) for one in all] for name, all in found.items()}))
    else:
        for name, all in found.items():
            share = statistics.median(one.share for one in all)
            print(f"{name}: {share:.0%} of the phone's requests were answered")
    return 0


def _row(name: str, one: Outcome) -> str:
    return (
        f"{name:14} {one.answered} of {one.asked} answered, 99 % within {one.slow} ms; "
        f"flood {one.flood:,}/s; log {one.log:,} bytes"
    )


if __name__ == "__main__":
    sys.exit(main())
