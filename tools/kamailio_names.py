"""Writes sipproxy/kamailio_names.txt: what the modules of Kamailio export, by name.

`python tools/kamailio_names.py SOURCES` reads the tables of exports (`cmd_export_t` and the like)
of a source tree of Kamailio 5.6.3. A line of the file is a module, a kind, and names.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

NAMES = Path(__file__).resolve().parent.parent / "sipproxy" / "kamailio_names.txt"

_LITERAL = re.compile(r"""'(?:[^'\\\n]|\\.)+'|"(?:[^"\\]|\\.)*\"""")
_COMMENT = re.compile(rf"({_LITERAL.pattern})|/\*.*?\*/|//[^\n]*", re.DOTALL)
_ENTRY = re.compile(r'\{\s*("[^"]+"|[A-Za-z_]\w*)\s*,([^{}]*)\}')
_NAMED = re.compile(r'\{\s*(?:\{|str_init\(|STR_STATIC_INIT\()\s*"([^"]+)"')
_SELECT = re.compile(r'\{\s*NULL\s*,\s*SEL_PARAM_STR\s*,\s*STR_STATIC_INIT\("([^"]+)"\)')


def tables(text: str, kind: str) -> Iterator[str]:
    """The insides of all initialised arrays of a type."""
    bare = _LITERAL.sub(lambda literal: "x" * len(literal[0]), text)
    for found in re.finditer(rf"\b{kind}\s+\w+\s*\[\s*\w*\s*\]\s*=\s*\{{", bare):
        depth, end = 1, found.end()
        while depth and end < len(text):
            depth += {"{": 1, "}": -1}.get(bare[end], 0)
            end += 1
        yield text[found.end() : end]


def defined(folder: Path, macro: str) -> str:
    """The text that a macro of a module stands for; empty for none."""
    for path in sorted((*folder.rglob("*.c"), *folder.rglob("*.h"))):
        found = re.search(rf'#\s*define\s+{macro}\s+"([^"]+)"', path.read_text("latin-1"))
        if found:
            return found[1]
    return ""


def entries(folder: Path, text: str, kind: str) -> Iterator[tuple[str, str]]:
    """(name, all behind it) of each entry of the arrays of a type."""
    for table in tables(text, kind):
        for word, rest in _ENTRY.findall(table):
            name = word[1:-1] if word[0] == '"' else defined(folder, word)
            if name:
                yield name, rest


def names_of(folder: Path) -> dict[str, set[str]]:
    """What a module exports, by kind."""
    found: dict[str, set[str]] = {
        kind: set() for kind in ("function", "parameter", "variable", "transformation", "select")
    }
    for path in sorted(folder.rglob("*.c")):
        text = _COMMENT.sub(lambda found: found[1] or " ", path.read_text("latin-1"))
        for name, rest in entries(folder, text, "cmd_export_t"):
            fields = [field.strip() for field in rest.split(",")]
            # Without a kind of route it is for other modules, not for a cfg.
            if "NO_SCRIPT" not in fields and [f for f in fields if f][-1] != "0":
                found["function"].add(name)
        found["parameter"].update(name for name, _ in entries(folder, text, "param_export_t"))
        for kind, type_, pattern in (
            ("variable", "pv_export_t", _NAMED),
            ("transformation", "tr_export_t", _NAMED),
            ("select", "select_row_t", _SELECT),
        ):
            for table in tables(text, type_):
                found[kind].update(pattern.findall(table))
    return found


def main() -> None:
    """Write the file."""
    sources = Path(sys.argv[1])
    lines = [
        f"{folder.name} {kind} {' '.join(sorted(names))}"
        for folder in sorted((sources / "src" / "modules").iterdir())
        if folder.is_dir()
        for kind, names in names_of(folder).items()
        if names
    ]
    NAMES.write_text("\n".join(lines) + "\n", "ascii")


if __name__ == "__main__":
    main()
