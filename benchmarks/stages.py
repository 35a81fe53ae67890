"""Microseconds of each stage: scan, compile, parse, route, reply, relay, one table increment.

    python benchmarks/stages.py [--profile]

Everything runs alone in a loop of one process, without sockets: a server adds the system calls
and colder caches. Also how long the garbage collector held the proxy up meanwhile.
"""

import argparse
import gc
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from sipproxy.clock import Chance, SystemClock
from sipproxy.core.context import Context
from sipproxy.core.flow import Flow
from sipproxy.core.log import LogList
from sipproxy.core.machine import process_memory
from sipproxy.core.sockets import ListenSocket
from sipproxy.net.server import settle_collector
from sipproxy.program import Program, load_text
from sipproxy.proxy import Proxy
from sipproxy.script.defines import KAMAILIO_VERSION, Defines
from sipproxy.script.parse import parse_text
from sipproxy.script.scan import Scanner
from sipproxy.script.tokens import Source
from sipproxy.sip.build import build_reply
from sipproxy.sip.message import Message

HERE = Path(__file__).resolve().parent
FLOW = Flow("udp", ("127.0.0.1", 5060), ("127.0.0.1", 40000))
ROUNDS = 20_000
LINES = 1_000
PENDING = 100_000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="microseconds of each stage")
    parser.add_argument("--profile", action="store_true", help="where the time of a request goes")
    options = parser.parse_args()
    gc.collect()
    gc.freeze()
    proxy = make_proxy((HERE / "rate_limit.cfg").read_text())
    if options.profile:
        profile(proxy)
        return
    of_the_cfg()
    of_a_request(proxy)
    of_an_increment()
    of_relaying()
    of_the_collector(proxy)
    of_pending_transactions()


def make_proxy(text: str) -> Proxy:
    """A proxy without sockets for a cfg."""
    program: Program = load_text(text, file="bench.cfg")
    sockets = [ListenSocket("udp", *FLOW.local)]
    return Proxy(
        program, clock=SystemClock(), chance=Chance(), log=LogList(threshold=0), sockets=sockets
    )


def request(number: int, template: str = "register.sip") -> bytes:
    """The request of the load test, with its numbers filled in."""
    text = (HERE / template).read_text()
    text = text.replace("%p", "40000").replace("%i", str(number)).replace("%u", str(number % 1000))
    return text.replace("\n", "\r\n").encode()


REQUESTS = [request(number) for number in range(1, 1001)]


def best(work: Callable[[int], object], rounds: int = ROUNDS) -> float:
    """Microseconds of one call: the best of five loops, each over all requests in turn."""
    fastest = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        for number in range(rounds // 5):
            work(number)
        fastest = min(fastest, (time.perf_counter() - start) / (rounds // 5))
    return fastest * 1e6


def show(what: str, microseconds: float, note: str = "") -> None:
    """One line of the table."""
    print(f"  {what:34} {microseconds:9.2f} us  {note}".rstrip())


def of_the_cfg() -> None:
    """Scan, parse and compile a cfg of a thousand lines."""
    body = "\n".join(
        f'\tif ($rU == "{n}" && $var(a) > {n}) {{\n\t\t$var(b{n}) = $var(a) + {n};\n\t}}'
        for n in range(LINES // 3)
    )
    head = 'loadmodule "pv.so"\nlisten=udp:127.0.0.1:5060\nrequest_route {\n'
    text = f"{head}{body}\n}}\n"
    lines = text.count("\n")

    def scan(_: int) -> None:
        scanner = Scanner(Source("b.cfg", text), Defines({}, KAMAILIO_VERSION), {}, lambda _: "")
        for _token in scanner:
            pass

    print(f"a cfg of {lines} lines")
    scanned = best(scan, 10)
    parsed = best(lambda _: parse_text(text), 10)
    made = best(lambda _: make_proxy(text), 10)
    show("scan", scanned, f"{scanned / lines:.2f} us a line")
    show("parse, scanning included", parsed, f"{parsed / lines:.2f} us a line")
    rest = f"compile {(made - parsed) / lines:.2f} us a line"
    show("all: parse, compile, proxy made", made, rest)


def of_a_request(proxy: Proxy) -> None:
    """Parse, route and reply of one request of the rate-limit cfg."""
    host = proxy.host
    now = host.now()
    message = Message.parse(REQUESTS[0], source=FLOW.remote, dest=FLOW.local)
    source, dest = FLOW.remote, FLOW.local

    def receive(number: int) -> None:
        proxy.receive(REQUESTS[number % 1000], FLOW, now)
        proxy.outbox.clear()

    print("a REGISTER with twelve headers, rate_limit.cfg")
    whole = best(receive)
    parsed = best(lambda n: Message.parse(REQUESTS[n % 1000], source=source, dest=dest))
    reply = best(lambda _: build_reply(message, 200, "OK", "0123456789abcdef"))
    context = best(lambda _: Context(message, FLOW, now, host, "request"))
    show("parse", parsed)
    show("reply", reply)
    show("context", context)
    show("route, without its reply", whole - parsed - reply - context)
    show("parse + route + reply", whole, "budget 8 us")


def of_an_increment() -> None:
    """`$sht(t=>k) = $sht(t=>k) + 1` and `$shtinc`, by routes that do it more often."""
    head = (
        'loadmodule "pv.so"\nloadmodule "htable.so"\n'
        'modparam("htable","htable","t=>size=8;autoexpire=600;initval=0;")\nrequest_route {\n'
    )
    print("one table increment")
    for what, statement in (
        ("$sht(t=>$fU) = $sht(t=>$fU) + 1", "$sht(t=>$fU) = $sht(t=>$fU) + 1;"),
        ("$shtinc(t=>$fU)", "$var(x) = $shtinc(t=>$fU);"),
    ):
        times = []
        for times_over in (1, 101):
            proxy = make_proxy(head + statement * times_over + "\n}\n")
            now = proxy.host.now()

            def work(number: int, proxy: Proxy = proxy, now: float = now) -> None:
                proxy.receive(REQUESTS[number % 1000], FLOW, now)

            times.append(best(work, 5_000))
        show(what, (times[1] - times[0]) / 100)


def relay(proxy: Proxy, number: int) -> None:
    """One MESSAGE through the proxy, and the reply to it."""
    now = proxy.host.now()
    proxy.receive(request(number, "message.sip"), FLOW, now)
    ((sent, flow),) = proxy.outbox
    proxy.outbox.clear()
    reply = b"SIP/2.0 200 OK\r\n" + sent.partition(b"\r\n")[2]
    proxy.receive(reply, Flow("udp", flow.local, flow.remote), now)
    proxy.outbox.clear()


def of_relaying() -> None:
    """A MESSAGE relayed with and without state, and its reply: what the bench does is taken off."""
    print("a MESSAGE and its reply, relay.cfg")
    numbers = count(1)
    idle = best(lambda _: request(next(numbers), "message.sip"), 5_000)
    text = (HERE / "relay.cfg").read_text()
    for what, define in (("t_relay()", ""), ("forward()", "#!define WITH_FORWARD")):
        proxy = make_proxy(text.replace("#!ifndef PORT", f"{define}\n#!ifndef PORT"))

        def work(_: int, proxy: Proxy = proxy) -> None:
            relay(proxy, next(numbers))

        show(what, best(work, 5_000) - idle)


@contextmanager
def pauses_of(what: str) -> Iterator[None]:
    """Tell the pauses that the collector makes meanwhile, with the server's settings.

    In the processor's time: another process that runs meanwhile is no pause.
    """
    pauses: list[float] = []
    started = [0.0]

    def watch(phase: str, _: dict[str, int]) -> None:
        if phase == "start":
            started[0] = time.thread_time()
        else:
            pauses.append(time.thread_time() - started[0])

    settle_collector()
    gc.callbacks.append(watch)
    yield
    gc.callbacks.remove(watch)
    print(f"garbage collector over {what}")
    longest, whole = max(pauses, default=0.0) * 1e3, sum(pauses) * 1e3
    print(f"  {len(pauses)} pauses, the longest {longest:.2f} ms, all {whole:.1f} ms")


def of_the_collector(proxy: Proxy) -> None:
    """Pauses of the garbage collector while requests are served."""
    now = proxy.host.now()
    with pauses_of("100,000 requests"):
        for number in range(100_000):
            proxy.receive(REQUESTS[number % 1000], FLOW, now)
            proxy.outbox.clear()


def of_pending_transactions() -> None:
    """Memory and pauses while 100,000 relayed requests of 500 bytes wait for a reply."""
    proxy = make_proxy((HERE / "relay.cfg").read_text())
    now = proxy.host.now()
    with pauses_of(f"{PENDING:,} pending transactions"):
        before = process_memory()["used"]
        for number in range(PENDING):
            data = request(number, "message.sip")
            padding = b"Subject: %b\r\nContent-Type" % (b"x" * (490 - len(data)))
            proxy.receive(data.replace(b"Content-Type", padding), FLOW, now)
            proxy.outbox.clear()
        used = process_memory()["used"] - before
    print(f"  {used >> 20} MB for them")


def profile(proxy: Proxy) -> None:
    """Where the time of a request goes, by function."""
    import cProfile
    import pstats

    now = proxy.host.now()
    profiler = cProfile.Profile()
    profiler.enable()
    for number in range(ROUNDS):
        proxy.receive(REQUESTS[number % 1000], FLOW, now)
        proxy.outbox.clear()
    profiler.disable()
    pstats.Stats(profiler, stream=sys.stdout).sort_stats("tottime").print_stats(20)


if __name__ == "__main__":
    main()
