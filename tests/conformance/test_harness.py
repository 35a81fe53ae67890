"""The harness itself: it must notice what differs, and nothing else."""

import json
import shutil
from pathlib import Path

import pytest

from .case import CaseError, load_case
from .golden import compare, difference, record
from .normalise import Normaliser, sorted_dump
from .ports import SIZE, PortBlock
from .server import Commands
from .siptext import digest_header, header_values, split_message

CASE = """
title = "one reply, one line of log"
shows = "the user part in both"
cfg = '''
request_route { xlog("T: user $rU\\n"); sl_send_reply("200", "OK $rU"); }
'''
[[steps]]
send = "OPTIONS sip:bob@example.com"
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "area-name.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    "text",
    (
        CASE.replace("title", "titel"),
        CASE.replace("send =", "sent ="),
        CASE + "untill = 3\n",
        CASE.partition("[[steps]]")[0],
        CASE.replace("title", "check = true\ntitle", 1),
        CASE.replace("title", 'variants = ["x"]\ntitle', 1),
        CASE.replace("title", 'better_lines = [["x", 1]]\ntitle', 1),
    ),
)
def test_case_with_an_unknown_or_missing_key_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(CaseError):
        load_case(write(tmp_path, text))


def test_masks_ports_and_foreign_tokens_only() -> None:
    normaliser = Normaliser(21000, {"a": 21001}, [("secret", "open")])
    normaliser.sending("Via: x;branch=z9hG4bK-ours")
    text = "127.0.0.1:21000 :21001 :21002 branch=z9hG4bK-ours;branch=z1;branch=z2;branch=z1;tag=t"
    assert normaliser.mask(text + " secret") == (
        "127.0.0.1:<server> :<a> :21002 "
        "branch=z9hG4bK-ours;branch=<BRANCH-1>;branch=<BRANCH-2>;branch=<BRANCH-1>;tag=<TAG> open"
    )


def test_message_keeps_order_within_a_name() -> None:
    message = "SIP/2.0 200 OK\r\nZ: 1\r\nvia: b\r\nVia: a\r\nA: \r\n x\r\n\r\nbody\udcff"
    assert Normaliser(21000, {}, []).message(message) == [
        "SIP/2.0 200 OK",
        "A: \n x",
        "via: b",
        "Via: a",
        "Z: 1",
        "",
        "body\\xff",
    ]


def test_log_takes_marked_and_kept_records() -> None:
    text = " 5(17) ERROR: <script>: T: one 5(17) ERROR: <script>: T: two\nWARNING: kept 7\nelse"
    found = Normaliser(21000, {}, []).log(text, [r"(kept \d)"], in_order=True)
    assert found == ["one", "two", "kept 7"]


def test_dump_is_sorted_and_loses_its_slots() -> None:
    item = "\t{{\n\t\tname: {0}\n\t\tvalue: {1}\n\t\ttype: int\n\t}}\n"
    text = "{\n\tentry: 9\n" + item.format("b", 2) + item.format("a", 1) + "}"
    assert sorted_dump(text) == "a = 1 (int)\nb = 2 (int)"


def test_folded_and_compact_headers() -> None:
    text = "OPTIONS sip:x SIP/2.0\r\nv: one,\r\n two\r\nVia: three\r\n\r\nbody"
    assert split_message(text)[1] == ["v: one,\n two", "Via: three"]
    assert header_values(text, "Via") == ["one,\n two", "three"]


def test_digest_is_that_of_rfc_2617() -> None:
    challenge = (
        'Digest realm="testrealm@host.com", qop="auth", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'
    )
    auth = {"user": "Mufasa", "password": "Circle Of Life", "uri": "/dir/index.html"}
    line = digest_header(("www-authenticate", challenge), "GET", "sip:x", auth, 1)
    assert line.startswith("Authorization: Digest ")
    assert 'response="6629fae49393a05397450978507c4ef1"' in line


def test_port_blocks_do_not_overlap() -> None:
    first, second = PortBlock(), PortBlock()
    try:
        assert abs(first.base - second.base) >= SIZE
    finally:
        first.close()
        second.close()


def test_difference_names_the_step() -> None:
    expected = {"steps": [{"recv": {"a": [["SIP/2.0 200 OK"]]}}], "log": ["x"]}
    actual = {"steps": [{"recv": {}}], "log": ["x"]}
    assert difference(expected, expected) == ""
    assert "+step 1: received nothing" in difference(expected, actual)


@pytest.mark.peer
@pytest.mark.skipif(shutil.which("kamailio") is None, reason="kamailio is not installed")
def test_recorded_golden_holds_and_a_wrong_one_fails(tmp_path: Path) -> None:
    path = write(tmp_path, CASE)
    kamailio = Commands()
    assert compare(path, kamailio) == "no golden: record it first"
    assert record(path, kamailio) == ""
    golden_path = load_case(path).golden_path
    golden = json.loads(golden_path.read_text())
    assert golden["log"] == ["user bob"]
    assert golden["steps"][0]["recv"]["a"][0][0] == "SIP/2.0 200 OK bob"
    assert compare(path, kamailio) == ""
    golden["log"] = ["user alice"]
    golden_path.write_text(json.dumps(golden))
    assert "+    user bob" in compare(path, kamailio)


@pytest.mark.peer
@pytest.mark.skipif(shutil.which("kamailio") is None, reason="kamailio is not installed")
def test_server_that_does_not_start_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path, CASE.replace("xlog(", "nosuch("))
    with pytest.raises(CaseError, match="server exited with 255 at start"):
        record(path, Commands())


CHECK = """
title = "a refusal"
shows = "where it is"
check = true
better_lines = [["", 2]]
cfg = "x"
"""


@pytest.mark.parametrize(
    ("golden", "says", "passes"),
    (
        ({"refused": True, "line": 3}, "test.cfg:3:1: wrong", True),
        ({"refused": True, "line": 3}, "test.cfg:2:1: wrong", True),
        ({"refused": True, "line": 3}, "test.cfg:1:1: wrong", False),
        ({"refused": True, "line": 3}, "", False),
        ({"refused": True, "line": None}, "test.cfg:1:1: wrong", True),
        ({"refused": False}, "test.cfg:3:1: wrong", False),
        ({"hangs": True}, "test.cfg:3:1: wrong", True),
        ({"hangs": True}, "", False),
    ),
)
def test_a_refusal_names_the_line_of_the_golden_or_a_better_one(
    golden: dict[str, object], says: str, passes: bool, tmp_path: Path
) -> None:
    path = write(tmp_path, CHECK)
    path.with_suffix(".json").write_text(json.dumps(golden))
    check = f'sh -c \'echo "{says}"; test -z "{says}"\''
    assert (compare(path, Commands(check=check)) == "") is passes


def test_a_check_that_never_ends_is_seen(tmp_path: Path) -> None:
    path = write(tmp_path, CHECK)
    path.with_suffix(".json").write_text(json.dumps({"refused": False}))
    problem = compare(path, Commands(check="sleep 60", start_timeout=0.1))
    assert "never comes to an end" in problem
