"""The rules take little of the time that a check takes."""

from collections.abc import Callable
from time import process_time

from sipproxy.clock import Chance, SystemClock
from sipproxy.core.log import LogList
from sipproxy.lint import lint
from sipproxy.program import load_text
from sipproxy.proxy import Proxy

ROUTE = """route[R{n}] {{
    $var(i{n}) = $shtinc(seen=>$si::{n});
    if ($var(i{n}) > {n} && $rU =~ "^[0-9]+$") {{
        append_to_reply("X-A: {n}\\r\\n");
        xlog("L_WARN", "$si $fU $rU {n} $var(i{n})\\n");
        if (!is_method("INVITE|ACK") || $sht(seen=>$fU) != $null) {{
            sl_send_reply("429", "Too Many");
            exit;
        }} else {{
            $avp(a{n}) = $(fU{{s.len}}) + $sht(seen=>$si::{n});
        }}
    }}
    route(R{next});
}}
"""
HEAD = "#!KAMAILIO\n" + "".join(
    f'loadmodule "{name}.so"\n' for name in ("pv", "sl", "xlog", "textops", "htable")
)
TABLE = 'modparam("htable", "htable", "seen=>size=8;autoexpire=60;initval=0")\n'


def test_a_cfg_of_a_thousand_lines() -> None:
    """At most a fifth of what reading and compiling take, in processor time."""
    routes = [ROUTE.format(n=n, next=n + 1) for n in range(66)]
    text = f"{HEAD}{TABLE}request_route {{ route(R0); }}\n{''.join(routes)}route[R66] {{ exit; }}\n"
    assert text.count("\n") > 930
    program = load_text(text)

    def check() -> None:
        Proxy(load_text(text), clock=SystemClock(), chance=Chance(), log=LogList())

    def rules() -> None:
        assert list(lint(program.config)) == []

    assert shortest(rules) <= 0.2 * shortest(check)


def shortest(work: Callable[[], None]) -> float:
    """Seconds of the fastest of five runs."""
    times = []
    for _ in range(5):
        start = process_time()
        work()
        times.append(process_time() - start)
    return min(times)
