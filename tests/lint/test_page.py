"""docs/checks.md."""

import subprocess
import sys
from pathlib import Path

from sipproxy.lint.catalogue import ids

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_of_checks_is_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "checks_page.py"), "--check"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_explains_every_id() -> None:
    page = (ROOT / "docs" / "checks.md").read_text("utf-8")
    assert [line[4:] for line in page.split("\n") if line.startswith("### ")] == list(ids())


def test_the_examples_are_clean() -> None:
    from sipproxy.lint import lint
    from sipproxy.script.parse import parse_file

    for path in sorted((ROOT / "examples" / "kamailio_cfg").glob("*.cfg")):
        assert [str(problem) for problem in lint(parse_file(str(path)))] == []
