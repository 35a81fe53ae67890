"""`check` on a cfg with syntax errors: unknown names are told too, where they can be known."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from sipproxy.cli import cli

BROKEN = """#!KAMAILIO
loadmodule "pv.so"
loadmodule "xlog.so"
request_route {
    xlgo("x");
    if ($si=127.0.0.1) exit;
    $var(x) = $rUx;
    route(NOWHERE);
}
"""


def lines(tmp_path: Path, text: str) -> list[str]:
    cfg = tmp_path / "x.cfg"
    cfg.write_text(text)
    done = CliRunner().invoke(cli, ["check", str(cfg)])
    assert done.exit_code == 1
    return [line.removeprefix(f"{cfg}:") for line in done.stderr.split("\n") if str(cfg) in line]


def test_names_are_told_beside_syntax_errors(tmp_path: Path) -> None:
    assert lines(tmp_path, BROKEN) == [
        '5:5: unknown function "xlgo" [SP002]',
        '6:16: unexpected "." [SP001]',
        "7:15: unknown pseudo-variable $rUx [SP002]",
        '8:5: route "NOWHERE" is not defined [SP002]',
    ]


@pytest.mark.parametrize(
    "text",
    [
        BROKEN.replace('"pv.so"', "pv.so"),
        BROKEN + "route[A B] { exit; }\n",
    ],
)
def test_not_where_an_error_outside_of_routes_may_be_the_cause(tmp_path: Path, text: str) -> None:
    found = lines(tmp_path, text)
    assert any('6:16: unexpected "."' in line for line in found)
    assert not any("unknown" in line or "NOWHERE" in line for line in found)
