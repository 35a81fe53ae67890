"""Holds the parser against the cfgs of public repositories and the verdict of `kamailio -c`.

    python tests/corpus/run.py check   --mirror DIR    every file of files.tsv, against its verdict
    python tests/corpus/run.py mutants --mirror DIR    single-token mutants, against kamailio -c
    python tests/corpus/run.py rules   --mirror DIR    how often each rule of the check fires
    python tests/corpus/run.py replay  --mirror DIR    a few requests through every file
    python tests/corpus/run.py record  --mirror DIR    write files.tsv anew (needs kamailio)

DIR holds bare git repositories as `owner+name/repo`; SIPPROXY_CORPUS names it too. Of the files
nothing is kept here but where they lie, what Kamailio said, and where.

A file is `accepted`, refused for its `syntax` (line and file of the first syntax error), or refused
for something `other`: a module that is not installed, an unknown function, a missing include.
"""

import argparse
import csv
import os
import random  # noqa: TID251 - mutants are chosen by a seed, nothing here runs in the proxy
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from sipproxy.errors import CfgError, Problem
from sipproxy.lint import RULES, lint
from sipproxy.program import load_file
from sipproxy.replay.pcap import PcapWriter
from sipproxy.replay.run import Captures
from sipproxy.script.defines import KAMAILIO_VERSION, Defines
from sipproxy.script.parse import parse_file
from sipproxy.script.scan import Scanner
from sipproxy.script.tokens import Source, Token
from sipproxy.script.tree import Config
from sipproxy.testing.messages import Messages
from sipproxy.text import decode, encode

LIST = Path(__file__).with_name("files.tsv")
MUTANTS = 500
SEED = 20_230_601

_NOT_CFGS = re.compile(
    r"\.(?:png|jpe?g|svg|sh|md|py|sql|xml|ya?ml|jsx?|lua|html?|php|pcap|txt|c|h|json|pem|csv)$"
)
_LOOKS_LIKE_ONE = re.compile(
    rb"loadmodule|request_route|^\s*route\s*[\[{]|^#!(?:KAMAILIO|define|ifdef)", re.MULTILINE
)
_PARSE_ERROR = re.compile(
    r"parse error in config file (?P<file>[^\n]*?), (?:from )?line (?P<line>\d+), column \d+"
    r"[^:\n]*: (?P<message>[^\n]*)"
)
_BRANCHES = ("4.4", "5.0", "5.1", "5.2", "5.3", "5.4", "5.5", "5.6", "5.7", "5.8", "6.0", "6.1")
_DEFAULT_CFG = "etc/kamailio.cfg"
_DEFINES = (
    "WITH_NAT",
    "WITH_MYSQL WITH_AUTH WITH_USRLOCDB",
    "WITH_NAT WITH_RTPENGINE WITH_ANTIFLOOD WITH_PSTN",
    "WITH_TLS WITH_DEBUG WITH_JSONRPC WITH_ACCDB WITH_MYSQL",
    "WITH_BLOCK3XX WITH_BLOCK401407 WITH_VOICEMAIL WITH_ALIASDB WITH_SPEEDDIAL WITH_MULTIDOMAIN",
    "WITH_PRESENCE WITH_MYSQL WITH_IPAUTH WITH_AUTH",
)
# what a parser without any knowledge of modules cannot see
_SEMANTIC = re.compile(
    r"unknown command|Can't get from cache|failed to load module|Can't set module parameter|"
    r"is not constant|Command cannot be used|read only pvar|with transformations|bad parameter|"
    r"unknown pv|pvar|Can't set config routing engine|invalid number of param|select"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One cfg: where it lies, the defines it is read with, and Kamailio's verdict."""

    repository: str
    commit: str
    path: str
    defines: str = ""
    verdict: str = ""
    line: str = ""
    file: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `kamailio -c` said: accepted or not, and its parse errors as (file, line, message)."""

    accepted: bool
    errors: tuple[tuple[str, int, str], ...]

    @property
    def syntax(self) -> tuple[str, int] | None:
        """File and line of the first syntax error."""
        found = (e for e in self.errors if e[2].lstrip().startswith("syntax error"))
        first = next(found, None)
        return (first[0], first[1]) if first else None


class Mirror:
    """The repositories, and a folder into which their files are laid out."""

    def __init__(self, root: Path, scratch: Path) -> None:
        self.root = root
        self.scratch = scratch

    def repositories(self) -> list[str]:
        """All that are at hand, as owner/name."""
        return sorted(p.parent.name.replace("+", "/", 1) for p in self.root.glob("*/repo"))

    def git(self, repository: str, *args: str) -> bytes:
        """The output of a git command; empty when it fails."""
        folder = self.root / repository.replace("/", "+") / "repo"
        command = ["git", "--git-dir", str(folder), *args]
        return subprocess.run(command, capture_output=True, check=False).stdout

    def lay_out(self, entry: Entry) -> Path | None:
        """The file on disk, beside its neighbours; None when the repository is not at hand."""
        folder = self.scratch / entry.repository.replace("/", "+") / entry.commit
        if not folder.exists():
            data = self.git(entry.repository, "ls-tree", "-r", "-z", "--name-only", entry.commit)
            for name in data.decode("utf-8", "surrogateescape").split("\0"):
                if name and not _NOT_CFGS.search(name) and _wanted(entry.repository, name):
                    self._write(entry, folder, name)
        path = folder / entry.path
        return path if path.exists() else None

    def _write(self, entry: Entry, folder: Path, name: str) -> None:
        text = self.git(entry.repository, "show", f"{entry.commit}:{name}")
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if text:
            target.write_bytes(text)


def _wanted(repository: str, path: str) -> bool:
    return repository != "kamailio/kamailio" or bool(re.search(r"\.cfg|\.inc$", path))


def entries() -> list[Entry]:
    """The rows of files.tsv."""
    with LIST.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        return [Entry(**row) for row in csv.DictReader(file, delimiter="\t")]


def ask_kamailio(path: Path, defines: Sequence[str] = ()) -> Verdict:
    """Run `kamailio -c`; raises TimeoutExpired."""
    modules = next(iter(Path("/usr/lib").glob("*/kamailio/modules")), Path("/usr/lib"))
    command = ["kamailio", "-c", "-f", str(path), "-L", str(modules), "-Y", str(path.parent)]
    for name in defines:
        command += ["-A", name]
    run = subprocess.run(
        command, capture_output=True, timeout=30, check=False, stdin=subprocess.DEVNULL
    )
    log = run.stderr.decode("utf-8", "replace")
    errors = tuple((m["file"], int(m["line"]), m["message"]) for m in _PARSE_ERROR.finditer(log))
    return Verdict(run.returncode == 0, errors)


Check = Callable[[Config], Iterable[Problem]]
"""A further check of a parsed cfg: that of names, where modules are known."""


def ask_sipproxy(
    path: Path, defines: Sequence[str] = (), check: Check | None = None
) -> list[Problem]:
    """The errors sipproxy finds in a file."""
    try:
        config = parse_file(str(path), defines=dict.fromkeys(defines))
    except CfgError as error:
        return list(error.problems)
    found = check(config) if check else ()
    return [problem for problem in found if problem.severity == "error"]


# --- record ----------


def record(mirror: Mirror) -> None:
    """Write files.tsv."""
    rows = [row for entry in _candidates(mirror) if (row := _recorded(mirror, entry))]
    with LIST.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(field.name for field in fields(Entry))
        writer.writerows(astuple(row) for row in rows)
    print(len(rows), "files:", dict(Counter(row.verdict for row in rows)))


def _candidates(mirror: Mirror) -> Iterator[Entry]:
    for repository in mirror.repositories():
        commit = mirror.git(repository, "rev-parse", "HEAD").decode().strip()
        listing = mirror.git(repository, "ls-tree", "-r", "-z", "--name-only", commit)
        for path in listing.decode("utf-8", "surrogateescape").split("\0"):
            if path and not _NOT_CFGS.search(path) and _wanted(repository, path):
                yield Entry(repository, commit, path)
        if repository == "kamailio/kamailio":
            yield from _default_cfgs(mirror, repository)


def _default_cfgs(mirror: Mirror, repository: str) -> Iterator[Entry]:
    """The default cfg of each release, and that of 5.6 with its features switched on."""
    for branch in _BRANCHES:
        commit = mirror.git(repository, "rev-parse", f"refs/heads/{branch}").decode().strip()
        if commit:
            yield Entry(repository, commit, _DEFAULT_CFG)
            if branch == "5.6":
                yield from (Entry(repository, commit, _DEFAULT_CFG, names) for names in _DEFINES)


def _recorded(mirror: Mirror, entry: Entry) -> Entry | None:
    path = mirror.lay_out(entry)
    if path is None or not _LOOKS_LIKE_ONE.search(path.read_bytes()):
        return None
    try:
        verdict = ask_kamailio(path, entry.defines.split())
    except subprocess.TimeoutExpired:
        return None
    place = (entry.repository, entry.commit, entry.path, entry.defines)
    if verdict.accepted:
        return Entry(*place, "accepted")
    if verdict.syntax:
        file, line = verdict.syntax
        return Entry(*place, "syntax", str(line), "" if file == str(path) else Path(file).name)
    return Entry(*place, "other")


# --- check ----------


def check_all(mirror: Mirror, show: bool = False) -> bool:
    """Compare every file at hand with its verdict; True when the aims are met."""
    count: Counter[str] = Counter()
    for entry in entries():
        path = mirror.lay_out(entry)
        if path is None:
            count["not at hand"] += 1
            continue
        problems = ask_sipproxy(path, entry.defines.split())
        outcome = f"{entry.verdict} and {'refused' if problems else 'parsed'}"
        count[outcome] += 1
        if entry.verdict == "syntax" and problems:
            file = entry.file or path.name
            lines = {(Path(p.span.file).name, str(p.span.line)) for p in problems}
            count["on its line"] += (file, entry.line) in lines
        if show and outcome in ("accepted and refused", "syntax and parsed"):
            print(
                f"{entry.verdict} and {outcome}: {entry.repository} {entry.path}",
                *problems[:3],
                sep="\n    ",
            )
    print("\n".join(f"{number:5} {outcome}" for outcome, number in sorted(count.items())))
    refused, missed = count["syntax and refused"], count["syntax and parsed"]
    return (
        not count["accepted and refused"]
        and refused >= 0.95 * (refused + missed)
        and count["on its line"] >= 0.9 * refused
    )


# --- mutants ----------


def mutants(text: str, tokens: Sequence[Token], chance: random.Random) -> Iterator[str]:
    """Endless single-token changes of a text: dropped, doubled, swapped, replaced, put in."""
    while True:
        at = chance.randrange(len(tokens) - 1)
        one, next_one = tokens[at], tokens[at + 1]
        other = chance.choice(tokens)
        word = text[other.start : other.end]
        match chance.randrange(5):
            case 0:
                yield text[: one.start] + text[one.end :]
            case 1:
                yield f"{text[: one.end]} {text[one.start :]}"
            case 2:
                between = text[one.end : next_one.start]
                swapped = text[next_one.start : next_one.end] + between + text[one.start : one.end]
                yield text[: one.start] + swapped + text[next_one.end :]
            case 3:
                yield f"{text[: one.start]} {word} {text[one.end :]}"
            case _:
                yield f"{text[: one.start]} {word} {text[one.start :]}"


def own_tokens(path: Path, defines: Sequence[str]) -> list[Token]:
    """The tokens that stand in the file itself, neither included nor from a define."""
    source = Source(str(path), decode(path.read_bytes()))
    scanner = Scanner(
        source,
        Defines(dict.fromkeys(defines), KAMAILIO_VERSION),
        os.environ,
        lambda name: decode(Path(name).read_bytes()),
    )
    return [t for t in scanner if t.source is source and t.origin is None and t.end > t.start]


def compare_mutants(
    mirror: Mirror, number: int, seed: int, check: Check | None = None, show: bool = False
) -> bool:
    """Compare the verdicts on mutants of accepted files; True when 99 % agree.

    Without `check`, mutants that Kamailio refuses only for a module's sake are counted apart.
    """
    chance = random.Random(seed)
    files = [(e, p) for e in entries() if e.verdict == "accepted" and (p := mirror.lay_out(e))]
    streams = []
    for entry, path in files:
        tokens = own_tokens(path, entry.defines.split())
        streams.append((entry, path, mutants(decode(path.read_bytes()), tokens, chance)))
    count: Counter[str] = Counter()
    while count["agreed"] + count["differed"] < number:
        entry, path, stream = chance.choice(streams)
        text = next(stream)
        outcome = _judge(path, text, entry.defines.split(), check, show, count)
        count[outcome] += 1
    print("\n".join(f"{many:5} {outcome}" for outcome, many in sorted(count.items())))
    return count["agreed"] >= 0.99 * (count["agreed"] + count["differed"])


def _judge(
    original: Path,
    text: str,
    defines: Sequence[str],
    check: Check | None,
    show: bool,
    count: Counter[str],
) -> str:
    path = original.with_name("mutant.cfg")
    path.write_bytes(encode(text))
    try:
        theirs = ask_kamailio(path, defines)
    except subprocess.TimeoutExpired:
        return "timed out"
    ours = ask_sipproxy(path, defines, check)
    if theirs.accepted == (not ours):
        if theirs.syntax:
            count["refused for their syntax"] += 1
            count["of these on its line"] += any(p.span.line == theirs.syntax[1] for p in ours)
        return "agreed"
    semantic = theirs.errors and all(_SEMANTIC.search(message) for _, _, message in theirs.errors)
    if not check and not ours and (semantic or not theirs.errors):
        return "left to the check of names"
    if show:
        print(f"--- {original}: kamailio {'accepts' if theirs.accepted else theirs.errors[:2]}")
        print(f"    sipproxy {[str(p) for p in ours[:2]] or 'accepts'}")
        diff = ["diff", "-U0", str(original), str(path)]
        print(subprocess.run(diff, capture_output=True, text=True, check=False).stdout)
    return "differed"


# --- rules ----------


def count_rules(mirror: Mirror, show: bool = False) -> None:
    """Count what the rules of `sipproxy check` find: places that read alike count once.

    A file is read with the defines of its row, and again with every name defined that it asks for.
    """
    places: dict[str, set[tuple[str, ...]]] = {}
    for path, names in _readings(mirror):
        try:
            config = parse_file(str(path), defines=dict.fromkeys(names))
        except CfgError as error:
            if not isinstance(error.readable, Config):
                continue
            config = error.readable
        for problem in lint(config):
            span = problem.span
            line = config.sources[span.file].split("\n")[span.line - 1].strip()
            known = places.setdefault(problem.id, set())
            if show and (line, problem.message) not in known:
                print(f"{problem.id} {span.file}:{span.line}: {line}\n    {problem.message}")
            known.add((line, problem.message))
    for rule in RULES:
        print(f"{len(places.get(rule.id, ())):5} {rule.id} {rule.title}")


def _readings(mirror: Mirror) -> Iterator[tuple[Path, tuple[str, ...]]]:
    for entry in entries():
        path = mirror.lay_out(entry)
        if path is not None:
            yield path, tuple(entry.defines.split())
            asked = re.findall(
                r"^[ \t]*#!ifdef[ \t]+(\w+)", decode(path.read_bytes()), re.MULTILINE
            )
            if asked:
                yield path, tuple(dict.fromkeys(asked))


# --- replay ----------


def replay_all(mirror: Mirror, show: bool = False) -> bool:
    """Play a few requests through every file; True when none that Kamailio takes is refused.

    What a file uses and is not here has a stand-in, so that modules which Kamailio had not
    installed (`other`) are no reason to refuse it.
    """
    count: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    messages = Messages()
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "few.pcap")
        with PcapWriter(path) as writer:
            for number, method in enumerate(("OPTIONS", "REGISTER", "INVITE", "MESSAGE")):
                phone = ("192.0.2.1", 5060)
                request = messages.request(method, source="192.0.2.1:5060")
                writer.add(1_700_000_000.0 + number, phone, _REPLAYED, request)
        captures = Captures([path])
    for entry in entries():
        place = mirror.lay_out(entry) if entry.verdict != "syntax" else None
        if place is None or not re.search(rb"^\s*(request_)?route\s*\{", place.read_bytes(), re.M):
            continue
        outcome = _replayed(captures, place, entry, reasons)
        if outcome == "refused" and entry.path in _REFUSED_AT_START:
            outcome = "refused, as Kamailio does when it starts"
        count[f"{entry.verdict} and {outcome}"] += 1
        if show and outcome != "played":
            print(f"{entry.verdict} and {outcome}: {entry.repository} {entry.path} {entry.defines}")
    print("\n".join(f"{number:5} {outcome}" for outcome, number in sorted(count.items())))
    print("\n".join(f"{number:5} {reason}" for reason, number in reasons.most_common(20)))
    bad = ("accepted and refused", "accepted and faulty", "other and faulty")
    return not any(count[outcome] for outcome in bad)


_REFUSED_AT_START = frozenset(
    {"src/modules/ctl/ctl.cfg", "units/tregex0001/kamailio-tregex0001.cfg"}
)
"""Accepted by `kamailio -c` only."""
_REPLAYED = ("192.0.2.100", 5060)


def _replayed(captures: Captures, path: Path, entry: Entry, reasons: Counter[str]) -> str:
    """What became of one file; why, it is counted."""
    try:
        program = load_file(str(path), defines=dict.fromkeys(entry.defines.split()))
        found = captures.play(program, me=[_REPLAYED])
    except CfgError as error:
        first = next(p for p in error.problems if p.severity == "error")
        reasons[first.message] += 1
        return "refused"
    return "faulty" if found.player.proxy.host.counters["core.faults"] else "played"


def main() -> int:
    """The command line; 0 when the aims are met, 1 when not, 2 without the repositories."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=("check", "mutants", "rules", "replay", "record"))
    parser.add_argument("--mirror", default=os.environ.get("SIPPROXY_CORPUS", ""))
    parser.add_argument("--number", type=int, default=MUTANTS)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--show", action="store_true", help="show what differs")
    args = parser.parse_args()
    if not args.mirror or not Path(args.mirror).is_dir():
        print("no repositories: name their folder with --mirror or SIPPROXY_CORPUS")
        return 2
    with tempfile.TemporaryDirectory() as scratch:
        mirror = Mirror(Path(args.mirror), Path(scratch))
        if args.what == "record":
            record(mirror)
            return 0
        if args.what == "rules":
            count_rules(mirror, args.show)
            return 0
        if args.what == "replay":
            return not replay_all(mirror, args.show)
        if args.what == "check":
            return not check_all(mirror, args.show)
        return not compare_mutants(mirror, args.number, args.seed, None, args.show)


if __name__ == "__main__":
    sys.exit(main())
