"""The examples of docs/testing.md run as they stand, in a pytest of their own."""

import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "testing.md"


def blocks(language: str) -> list[str]:
    """The code blocks of one language, in order."""
    text = PAGE.read_text("utf-8")
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", text)


def test_the_examples_of_the_page(tmp_path: Path) -> None:
    (cfg,) = blocks("cfg")
    examples = blocks("python")
    (tmp_path / "kamailio.cfg").write_text(cfg, "utf-8")
    (tmp_path / "test_cfg.py").write_text("\n\n".join(examples), "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", "."]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    count = sum(example.count("def test_") for example in examples)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{count} passed" in done.stdout
