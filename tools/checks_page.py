"""Writes docs/checks.md from the rules of `sipproxy check`; `make docs` runs it.

`python tools/checks_page.py` writes the page, with `--check` it only tells by its exit code and a
sentence whether the page is up to date.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from sipproxy.lint.catalogue import every
from sipproxy.lint.rule import Rule

PAGE = Path(__file__).resolve().parent.parent / "docs" / "checks.md"

INTRODUCTION = """\
# Checks

Written by `make docs` from `sipproxy/lint/`. `sipproxy check` shows each finding with an id, and
the ids stay. `sipproxy check --explain SP101` prints what stands here, `--explain all` the list.

Errors keep the proxy from starting. Warnings are about what Kamailio accepts and does otherwise
than it looks; `check --strict` exits with 1 for them. Notes are never counted.

A warning or note is suppressed by a comment on its line, or on a line of its own before it:

```cfg
$sht(stat=>all) = $sht(stat=>all) + 1;  # sipproxy: ignore[SP101]

// sipproxy: ignore[SP101, SP203]
$sht(stat=>$rm) = $sht(stat=>$rm) + 1;
```

`--format json`, `sarif` (2.1.0) and `github` (workflow commands) write to stdout for programs.

Rules that look for what is missing (a route that nothing calls, a `$var` that nothing sets) are
silent in a file without `request_route`, which is taken for a part of another.
"""

FAMILIES = {
    "SP0": "What is told anyway",
    "SP1": "Counters and limits",
    "SP2": "Tables",
    "SP3": "Authentication",
    "SP4": "The language",
    "SP5": "Arguments",
}
"""Headings by the beginning of the ids below them."""


def page() -> str:
    """The whole page."""
    return "\n".join([INTRODUCTION, *overview(), *sections()])


def overview() -> Iterator[str]:
    """A table of all ids."""
    yield "| id | | |\n|---|---|---|"
    for one in every():
        yield f"| [{one.id}](#{one.id.lower()}) | {one.severity} | {one.title} |"


def sections() -> Iterator[str]:
    """What each id means, in families."""
    family = ""
    for one in every():
        if one.id[:3] != family:
            family = one.id[:3]
            yield f"\n## {FAMILIES[family]}"
        yield f"\n### {one.id}\n\n**{one.title[:1].upper()}{one.title[1:]}.**\n\n{one.explanation}"
        if isinstance(one, Rule):
            yield f"\nWrong:\n\n```cfg\n{one.wrong}```\n\nRight:\n\n```cfg\n{one.right}```"
    yield ""


def main() -> int:
    """The command line; 1 when the page is not up to date."""
    text = page()
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(text, "utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text("utf-8") == text:
        return 0
    print("docs/checks.md is out of date: make docs")
    return 1


if __name__ == "__main__":
    sys.exit(main())
