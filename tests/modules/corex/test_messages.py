"""Our Via, files and refused parameters, beside the recorded cases."""

import re
from pathlib import Path

import pytest

from sipproxy.errors import CfgError
from sipproxy.testing import load_cfg_text, request

CFG = """
server_id=7
xavp_via_params="vp"
xavp_via_fields="vf"
loadmodule "pv.so"
loadmodule "corex.so"
request_route {{
    {}
    $du = "sip:10.0.0.5";
    forward();
}}
"""


def via(statements: str) -> str:
    """Our Via of a forwarded request, its branch left out."""
    run = load_cfg_text(CFG.format(statements)).feed(request())
    assert not run.fault
    (sent,) = run.sent
    return re.sub(r";branch=[^;]*", "", sent.message.header("Via") or "")


@pytest.mark.parametrize(
    ("statements", "value"),
    [
        ("", "127.0.0.1"),
        ('via_add_srvid("1");', "127.0.0.1;srvid=7"),
        ('via_add_srvid("1"); via_add_srvid("0");', "127.0.0.1"),
        ('via_add_xavp_params("1");', "127.0.0.1"),
        (
            '$xavp(vp=>a) = "x"; $xavp(vp[0]=>b) = -1; $xavp(vp[0]=>c) = "";'
            'via_add_xavp_params("1"); via_add_srvid("1"); add_local_rport();',
            "127.0.0.1;rport;srvid=7;c;b=4294967295;a=x",
        ),
        ('$xavp(vf=>address) = "10.9.9.9"; via_use_xavp_fields("1");', "10.9.9.9"),
        (
            '$xavp(vf=>address) = "10.9.9.9"; $xavp(vf[0]=>port) = "5099";'
            'via_use_xavp_fields("1");',
            "10.9.9.9:5099",
        ),
        ('$xavp(vf=>address) = 5; via_use_xavp_fields("1");', "127.0.0.1"),
    ],
)
def test_via(statements: str, value: str) -> None:
    assert via(statements) == f"SIP/2.0/UDP {value}"


def test_a_file_is_written_and_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    statements = (
        f'file_write("{path}", "one\\n$rm"); file_read("{path}", "$var(x)");'
        '$xavp(vp=>a) = $(var(x){s.len}); via_add_xavp_params("1");'
    )
    assert via(statements).endswith(";a=11")
    assert path.read_text() == "one\nOPTIONS"


@pytest.mark.parametrize("line", ['"nio_intercept", 1', '"evcb_reply_out", "f"'])
def test_refused(line: str) -> None:
    with pytest.raises(CfgError, match=r"exist here|no cache"):
        load_cfg_text(f'loadmodule "corex.so"\nmodparam("corex", {line})\nrequest_route {{ ; }}\n')


def test_tcp_is_not_there() -> None:
    assert via('if (!send_tcp("[::1]")) via_add_srvid("1");').endswith(";srvid=7")
