"""docs/writing-a-module.md: its code runs, its lists are whole."""

import re
import subprocess
import sys
from pathlib import Path

from sipproxy.core.declared import KINDS
from sipproxy.core.host import Host
from sipproxy.core.module import ANY

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "writing-a-module.md").read_text("utf-8")


def test_the_code_of_the_page_runs(tmp_path: Path) -> None:
    blocks = re.findall(r"(?ms)^```python\n(.*?)^```$", PAGE)
    (tmp_path / "test_page.py").write_text("\n\n".join(blocks), "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", "."]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    count = sum(block.count("def test_") for block in blocks)
    assert f"{count} passed" in done.stdout
    (cfg,) = re.findall(r"(?ms)^```cfg\n(.*?)^```$", PAGE)
    loaded = f"load_cfg_text('''loadmodule \"pv.so\"\n{cfg}''', modules={{'hello': Hello}})\n"
    (tmp_path / "smallest.py").write_text(f"from test_page import *\n{loaded}")
    smallest = [sys.executable, str(tmp_path / "smallest.py")]
    done = subprocess.run(smallest, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_types_of_the_page_are_right(tmp_path: Path) -> None:
    blocks = re.findall(r"(?ms)^```python\n(.*?)^```$", PAGE)
    code = [block for block in blocks if "def test_" not in block]
    (tmp_path / "page.py").write_text("\n\n".join(code), "utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(ROOT / ".mypy_cache")]
    done = subprocess.run(
        [*command, str(tmp_path / "page.py")], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout


def test_every_kind_of_argument_and_route_is_explained() -> None:
    part = PAGE.partition("## Functions")[2].partition("## ")[0]
    listed = re.findall(r"(?m)^\| (?:`|a subclass of `)(\w+)` \|", part)
    names = {getattr(kind, "__name__", "Value") for kind in KINDS if kind is not str}
    internal = {"VarOrText"}  # a peculiarity of some of Kamailio's own functions
    assert set(listed) - {"Parsed", "str", "True", "False"} == (names - internal - {"str"})
    for route in ANY:
        assert f"`{route}`" in part


def test_what_it_says_of_the_host_is_there() -> None:
    part = PAGE.partition("## The host")[2].partition("## ")[0]
    for name in re.findall(r"`host\.(\w+)", part):
        assert hasattr(Host, name) or name in Host.__init__.__code__.co_names, name
