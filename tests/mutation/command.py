"""Samples mutants, runs the tests that should see them, tells which lived."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from sipproxy.clock import Chance
from tests.mutation.mutants import Mutant, mutants

ROOT = Path(__file__).resolve().parent.parent.parent
TIMEOUT = 60.0
"""Seconds after which a mutant that runs for ever is taken for seen."""

HTABLE = "tests/modules/htable/test_"
OF_TABLES = tuple(
    f"{HTABLE}{name}.py"
    for name in ("table", "access", "matching", "iterators", "functions", "base", "stores")
)
TARGETS = {
    "sipproxy/core/values.py": ("tests/core/test_values.py",),
    "sipproxy/modules/htable/spec.py": (f"{HTABLE}spec.py",),
    "sipproxy/modules/htable/table.py": OF_TABLES,
    "sipproxy/modules/htable/local.py": OF_TABLES,
    "sipproxy/modules/htable/access.py": OF_TABLES,
    "sipproxy/modules/htable/matching.py": OF_TABLES,
    "sipproxy/modules/htable/iterators.py": OF_TABLES,
}
"""The rules of values, the definition of tables and what tables mean, each with its tests."""


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant of a file."""

    path: str
    mutant: Mutant
    killed: bool

    def __str__(self) -> str:
        fate = "killed" if self.killed else "LIVED"
        return f"{fate:6} {self.path}:{self.mutant.line} {self.mutant.fault}"


def sample(count: int, seed: int, text: str = "") -> list[tuple[str, Mutant]]:
    """So many mutants of the targets with `text` in their path; the same for the same seed."""
    chance = Chance(seed)
    left = [
        (path, mutant)
        for path in TARGETS
        if text in path
        for mutant in mutants((ROOT / path).read_text("utf-8"))
    ]
    chosen: list[tuple[str, Mutant]] = []
    while left and len(chosen) < count:
        chosen.append(left.pop(chance.below(len(left))))
    return chosen


def judge(chosen: Sequence[tuple[str, Mutant]], workers: int = 2) -> Iterator[Verdict]:
    """Run the tests against each mutant, `workers` at a time, each in a copy of its own.

    Raises RuntimeError when the tests fail without any fault.
    """
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        copies: SimpleQueue[Path] = SimpleQueue()
        for number in range(workers):
            copies.put(_copy(Path(folder, str(number))))

        def run(one: tuple[str, Mutant]) -> Verdict:
            path, mutant = one
            place = copies.get()
            try:
                with _in_place(place / path, mutant):
                    return Verdict(path, mutant, not _passes(place, TARGETS[path]))
            finally:
                copies.put(place)

        with ThreadPoolExecutor(workers) as pool:
            first = copies.get()
            for tests in {TARGETS[path] for path, _ in chosen}:
                if not _passes(first, tests):
                    raise RuntimeError(f"{', '.join(tests)}: they fail without any fault")
            copies.put(first)
            yield from pool.map(run, chosen)


def _copy(place: Path) -> Path:
    for name in ("sipproxy", "tests"):
        shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", place)
    return place


@contextmanager
def _in_place(file: Path, mutant: Mutant) -> Iterator[None]:
    whole = file.read_text("utf-8")
    file.write_text(mutant.applied(whole), "utf-8")
    try:
        yield
    finally:
        file.write_text(whole, "utf-8")


def _passes(place: Path, tests: Sequence[str]) -> bool:
    # Nothing compiled is kept: two versions of a file within a second would look alike.
    environment = dict(os.environ, PYTHONPATH=str(place), PYTHONDONTWRITEBYTECODE="1")
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    try:
        ran = subprocess.run(
            command, cwd=place, env=environment, timeout=TIMEOUT, capture_output=True, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return ran.returncode == 0


def main(arguments: Sequence[str] | None = None) -> int:
    """`python -m tests.mutation`: 1 when fewer were killed than `--least` per cent."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("-n", type=int, default=300, help="how many mutants")
    parser.add_argument("-j", type=int, default=2, help="how many at a time")
    parser.add_argument("-k", default="", metavar="TEXT", help="only files with TEXT in their path")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--least", type=float, default=85.0, help="per cent that must be killed")
    parser.add_argument("-v", action="store_true", help="tell of those that were killed too")
    options = parser.parse_args(arguments)
    verdicts = []
    for verdict in judge(sample(options.n, options.seed, options.k), options.j):
        verdicts.append(verdict)
        if options.v or not verdict.killed:
            print(verdict, flush=True)
    killed = sum(verdict.killed for verdict in verdicts)
    share = 100 * killed / len(verdicts) if verdicts else 0.0
    print(f"{killed} of {len(verdicts)} mutants killed: {share:.1f} %")
    return 0 if share >= options.least else 1
