"""The command line: play cases against a server, or record them from Kamailio."""

import argparse
import json
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .golden import compare, record
from .server import KAMAILIO, KAMAILIO_CHECK, Commands

CASES = Path(__file__).parent / "cases"


def main(arguments: Sequence[str] | None = None) -> None:
    """Play or record; exit status 1 when a case failed."""
    options = _parse(arguments)
    commands = Commands(
        server=options.server,
        check=options.check,
        kamcmd=options.kamcmd,
        mpath=options.mpath,
        start_timeout=options.start_timeout,
        keep=options.keep,
    )
    wanted = options.k.split("|")
    paths = [p for p in sorted(options.cases.glob("*.toml")) if any(k in p.stem for k in wanted)]

    def work(path: Path) -> str:
        try:
            return record(path, commands) if options.record else compare(path, commands)
        except Exception as problem:  # whatever it is, it fails this case only
            return f"{type(problem).__name__}: {problem}"

    failed: dict[str, str] = {}
    with ThreadPoolExecutor(options.j) as pool:
        for path, problem in zip(paths, pool.map(work, paths), strict=True):
            if problem:
                failed[path.stem] = problem
                if not options.json:
                    print(f"FAIL {path.stem}\n{problem}\n", flush=True)
    passed = [path.stem for path in paths if path.stem not in failed]
    if options.json:
        print(json.dumps({"passed": passed, "failed": failed}, indent=1))
    else:
        print(f"{len(passed)} passed, {len(failed)} failed")
    sys.exit(1 if failed else 0)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.conformance",
        description="Play conformance cases against a SIP server that runs Kamailio cfgs.",
    )
    add = parser.add_argument
    add("--cases", type=Path, default=CASES, help="directory of cases")
    add("--server", default=KAMAILIO, help="command that runs {cfg} ({rundir}: scratch directory)")
    add("--check", default=KAMAILIO_CHECK, help="command that checks {cfg}, non-zero on errors")
    add("--kamcmd", default="kamcmd", help="the kamcmd program")
    add("--mpath", default="", help="value of the @MPATH@ placeholder")
    add("--record", action="store_true", help="record goldens (each case is played twice)")
    add("--json", action="store_true", help="print a machine-readable result")
    add("-k", metavar="TEXT", default="", help="only cases with TEXT in the name (a|b for several)")
    add("-j", type=int, default=2, metavar="N", help="cases played at the same time")
    add("--start-timeout", type=float, default=10.0, help="seconds a server may take to start")
    add("--keep", action="store_true", help="keep the scratch directories")
    return parser.parse_args(arguments)
