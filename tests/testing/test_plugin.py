"""The pytest plugin, in a test suite of somebody else's."""

from pathlib import Path

import pytest

from sipproxy.testing.plugin import CfgLoader

CFG = """#!KAMAILIO
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "sl.so"
request_route {
#!ifdef WITH_HELLO
    xlog("hello $rU");
#!endif
    sl_send_reply("200", "OK");
}
"""
SUITE = """
def test_answers(load_cfg, sip):
    run = load_cfg("my.cfg", defines={"WITH_HELLO"}).feed(sip.options("bob"))
    assert run.log == ["hello bob"]
    assert [reply.status for reply in run.sent] == [200]


def test_without(load_cfg, sip):
    assert load_cfg("my.cfg").feed(sip.options("bob")).log == []
"""


def test_fixtures_in_another_suite(pytester_like: "Suite") -> None:
    assert pytester_like.run() == 0


class Suite:
    """A folder with a cfg and its tests."""

    def __init__(self, folder: Path) -> None:
        (folder / "my.cfg").write_text(CFG)
        self.file = folder / "test_mine.py"
        self.file.write_text(SUITE)

    def run(self) -> int:
        """Run the tests in a process of their own, for the code."""
        import subprocess
        import sys

        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(self.file)],
            cwd=self.file.parent,
            capture_output=True,
            text=True,
        )
        assert "2 passed" in done.stdout, done.stdout
        return done.returncode


@pytest.fixture
def pytester_like(tmp_path: Path) -> Suite:
    return Suite(tmp_path)


def test_a_path_is_looked_for_beside_the_test(load_cfg: CfgLoader) -> None:
    assert load_cfg("tiny.cfg").proxy.program.file.endswith("tests/testing/tiny.cfg")


def test_a_path_that_is_nowhere(load_cfg: CfgLoader) -> None:
    with pytest.raises(Exception, match="nowhere"):
        load_cfg("nowhere.cfg")
