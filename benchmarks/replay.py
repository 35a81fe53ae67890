"""How fast captures are read and replayed, and in how much memory.

    python benchmarks/replay.py [--json] [--messages N] [--profile]

The capture is one at a server (Ethernet, IPv4, UDP): registrations of 1,000 phones, floods of 50
others, and the answer of the old server to each. `examples/kamailio_cfg/rate_limit.cfg` is what is
replayed. A message is a SIP message of the capture: every request is run through the cfg, every
answer is read and compared with ours. Each measurement is a process of its own, from its start to
its end; times are processor time, so that what else happens on the machine does not count.
"""

import argparse
import json
import os
import struct
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

CFG = Path(__file__).resolve().parent.parent / "examples" / "kamailio_cfg" / "rate_limit.cfg"
ME, PHONES, FLOODERS = bytes((192, 0, 2, 100)), 1000, 50
REQUEST = (
    b"REGISTER sip:example.com SIP/2.0\r\nVia: SIP/2.0/UDP %b:5060;branch=z9hG4bK%d;rport\r\n"
    b"Max-Forwards: 70\r\nFrom: <sip:%d@example.com>;tag=t%d\r\nTo: <sip:%d@example.com>\r\n"
    b"Call-ID: %d@%b\r\nCSeq: 1 REGISTER\r\nContact: <sip:%d@%b:5060>\r\nExpires: 3600\r\n"
    b"User-Agent: Phone 1.0\r\nContent-Length: 0\r\n\r\n"
)
ANSWER = (
    b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP %b:5060;branch=z9hG4bK%d;rport=5060\r\n"
    b"From: <sip:%d@example.com>;tag=t%d\r\nTo: <sip:%d@example.com>;tag=s%d\r\n"
    b"Call-ID: %d@%b\r\nCSeq: 1 REGISTER\r\nServer: old\r\nContent-Length: 0\r\n\r\n"
)
READ = """
import sys
from sipproxy.replay.capture import Capture
print(sum(1 for _ in Capture(sys.argv[1])))
"""
NOTHING = "import sipproxy.replay.capture"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="reading and replaying captures")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--profile", action="store_true", help="where the time of a replay goes")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "capture.pcap")
        write(path, options.messages)
        words = ["-m", "sipproxy", "replay", path, "-f", str(CFG), "--json"]
        if options.profile:
            subprocess.run([sys.executable, "-m", "cProfile", "-s", "tottime", *words], check=True)
            return
        found = {
            "read": measure(["-c", READ, path]),
            "replay --json": measure(words),
            "replay --json --report": measure([*words, "--report", f"{folder}/report.html"]),
        }
    start = measure(["-c", NOTHING])["seconds"]
    found["read"]["seconds"] -= start  # of a library: what Python takes to start is not its time
    for name, row in found.items():
        row["per_second"] = options.messages / row["seconds"]
        print(json.dumps({name: row}) if options.json else show(name, options.messages, row))


def show(name: str, messages: int, row: dict[str, float]) -> str:
    """One measurement as a line."""
    rate = row["per_second"]
    what = "packets/s" if name == "read" else f"messages/s ({rate / 2:,.0f} of them requests)"
    return (
        f"{name:24} {messages:,} packets  {row['seconds']:6.1f} s  {row['megabytes']:6.1f} MB"
        f"  {rate:9,.0f} {what}"
    )


def measure(words: Sequence[str]) -> dict[str, float]:
    """Processor time in seconds and the most memory in MB that a run of Python takes."""
    child = os.fork()
    if not child:
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, 1)
        os.dup2(silent, 2)
        os.execv(sys.executable, [sys.executable, *words])
    _, status, used = os.wait4(child, 0)
    if status:
        raise SystemExit(f"{' '.join(words)}: status {status}")
    return {
        "seconds": used.ru_utime + used.ru_stime,
        "megabytes": used.ru_maxrss / (1024 if sys.platform != "darwin" else 1 << 20),
    }


def write(path: str, messages: int) -> None:
    """A capture of requests and their answers, 2,000 requests a second."""
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 1 << 18, 1))
        for number in range(messages // 2):
            host, text = sender(number)
            who, seconds, micros = number % PHONES, 1_700_000_000 + number // 2000, number % 2000
            request = REQUEST % (text, number, who, number, who, number, text, who, text)
            answer = ANSWER % (text, number, who, number, who, number, number, text)
            for later, data, ends in ((0, request, host + ME), (100, answer, ME + host)):
                file.write(frame(seconds, micros * 500 + later, data, ends))


def sender(number: int) -> tuple[bytes, bytes]:
    """Who sends a request, as bytes and as text: of four one is a phone, three are a flood."""
    n = number // 4 % PHONES if number % 4 == 0 else number % FLOODERS
    host = bytes((198, 51 if number % 4 else 18, n >> 8, n & 255))
    return host, ".".join(map(str, host)).encode()


def frame(seconds: int, micros: int, data: bytes, ends: bytes) -> bytes:
    """A record of a pcap file with an Ethernet frame, without checksums."""
    size = len(data) + 42
    head = struct.pack("<IIII12xH", seconds, micros, size, size, 8)
    head += struct.pack(">BBHIBBH", 0x45, 0, size - 14, 0, 64, 17, 0) + ends
    return head + struct.pack(">HHHH", 5060, 5060, len(data) + 8, 0) + data


if __name__ == "__main__":
    main()
