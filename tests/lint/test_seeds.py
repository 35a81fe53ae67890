"""What the rules say of the two documents the project grew from.

They lie in ../shared/seeds, or where $SIPPROXY_SHARED points; their fragments are read from there.
"""

import os
import re
from pathlib import Path

import pytest

from sipproxy.lint import lint
from sipproxy.script.parse import parse_text

SHARED = Path(os.environ.get("SIPPROXY_SHARED", Path(__file__).parents[3] / "shared"))
ARTICLE = SHARED / "seeds" / "000_cf2d80af5bce6358.txt"
MANUAL = SHARED / "seeds" / "001_2902e1c641a45737.txt"
pytestmark = pytest.mark.skipif(
    not (ARTICLE.exists() and MANUAL.exists()),
    reason="the documents lie in ../shared/seeds (or $SIPPROXY_SHARED), which is not here",
)
HTABLE = 'loadmodule "htable.so"\n'


def fragment(document: Path, first: str, last: str, which: int = 0) -> str:
    """The lines from one that `first` matches through the next that `last` matches."""
    lines = document.read_text("utf-8").split("\n")
    start = [n for n, line in enumerate(lines) if re.search(first, line)][which]
    end = next(n for n in range(start, len(lines)) if re.search(last, lines[n]))
    return "\n".join(line for line in lines[start : end + 1] if line.strip() != "...")


def found(text: str, compat: str = "") -> set[str]:
    return {problem.id for problem in lint(parse_text(text, compat=compat), compat)}


def test_counting_of_messages() -> None:
    table = fragment(ARTICLE, r'^modparam\("htable", "htable", "Mess', "")
    by_name = fragment(ARTICLE, r"^request_route", r"^\}")
    assert found(f"{HTABLE}{table}\n{by_name}") == {"SP101"}
    by_source = fragment(ARTICLE, r"^request_route", r"^\}", 1)
    assert found(f"{HTABLE}{table}\n{by_source}") == {"SP101", "SP203"}


def test_counting_of_failures_by_address() -> None:
    table = fragment(ARTICLE, r'^modparam.*"AuthCount', "")
    auth = fragment(ARTICLE, r"^if \(is_method", r"^\}")
    check = fragment(ARTICLE, r"^if\(\$sht\(AuthCount", r"^\}")
    cfg = (
        f"{HTABLE}{table}\nrequest_route {{\n{check}\nroute(AUTH);\n}}\nroute[AUTH] {{\n{auth}\n}}"
    )
    assert found(cfg) == {"SP101", "SP302", "SP303", "SP403"}
    assert found(f"listen=udp:[::1]:5060\n{cfg}") == {"SP101", "SP104", "SP302", "SP303", "SP403"}


def test_the_dictionary_attack() -> None:
    table = fragment(MANUAL, r'^modparam.*"a=>size=4;"', "")
    body = fragment(MANUAL, r"^if\(is_present_hf", r"^\}$")
    cfg = f"{HTABLE}{table}\nrequest_route {{\n{body}\n}}"
    assert found(cfg, "3.0") == {"SP101", "SP203", "SP301"}
