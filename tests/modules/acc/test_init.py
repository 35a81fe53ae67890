"""acc: the lines that Kamailio 5.6.3 wrote for the same calls."""

from collections.abc import Callable
from typing import Any

import pytest

from sipproxy.errors import CfgError
from sipproxy.testing import load_cfg_text, request, response

CFG = """
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "corex.so"
loadmodule "acc.so"
modparam("tm", "fr_timer", 2000)
modparam("acc", "log_flag", 1)
modparam("acc", "log_missed_flag", 2)
modparam("acc", "failed_transaction_flag", 3)
modparam("acc", "early_media", 1)
modparam("acc", "report_ack", 1)
modparam("acc", "report_cancels", 1)
modparam("acc", "failed_filter", "404,407")
modparam("acc", "log_extra", "src=$fU;r=$rU; ru = $ru;x=$avp(x)")
modparam("acc", "multi_leg_info", "a=$avp(a);b=$avp(b)")
@MORE@
request_route {
    if (is_method("ACK") && has_totag()) { t_relay(); exit; }
    setflag(1);
    setflag(2);
    if ($rU =~ "fail") setflag(3);
    $avp(a) = "one";
    $avp(a) = "two";
    $avp(b) = "only";
    if ($rU == "log") {
        acc_log_request("404 Not $rU");
        acc_log_request("plain");
        acc_request("200 fine", "acc");
        if (!acc_db_request("200 fine", "acc")) sl_send_reply("200", "OK");
        exit;
    }
    if ($rU == "own") { t_newtran(); t_reply("200", "Mine"); exit; }
    if ($rU == "own-fail") { t_newtran(); t_reply("486", "Mine"); exit; }
    if ($rU == "flt-fail") { t_newtran(); t_reply("404", "Mine"); exit; }
    if ($rU =~ "fork") {
        $ru = "sip:first@127.0.0.1:5090";
        append_branch("sip:second@127.0.0.1:5");
    }
    t_on_failure("F");
    t_relay();
}
failure_route[F] {
    $avp(x) = "f";
    if ($rU =~ "vm") { $ru = "sip:mailbox@127.0.0.1:5090"; t_relay(); exit; }
    if ($rU =~ "re-") t_reply("480", "Gone");
}
"""
LEGS = "a=two;b=only;a=one;b="
MISSED, ANSWERED, ACKED = "call missed", "transaction answered", "request acknowledged"


class Calls:
    """A proxy, its calls, and the lines on them."""

    def __init__(self, more: str = "") -> None:
        self.proxy = load_cfg_text(CFG.replace("@MORE@", more))
        self.lines: list[str] = []
        self.own_tags: set[str] = set()

    def play(self, run: Any) -> Any:
        self.lines += [line for line in run.log if "ACC: " in line]
        for sent in run.sent:
            tag = sent.message.to.tag or "" if sent.status else ""
            self.own_tags |= {tag} if "-" in tag else set()
        return run

    def start(self, user: str, method: str = "INVITE", number: int = 1) -> Any:
        data = request(method, f"sip:{user}@127.0.0.1:5090", number=number)
        return self.play(self.proxy.feed(data))

    def reply(self, to: Any, status: int, reason: str, **more: str) -> Any:
        return self.play(self.proxy.feed(response(to.raw, status, reason, **more)))

    def told(self) -> list[str]:
        """`title method to_tag code reason rest` of each line."""
        told = []
        for line in self.lines:
            title, _, rest = line.partition("ACC: ")[2].partition(": ")
            fields = [part.partition("=") for part in rest.split(";")]
            assert fields[0][0] == "timestamp"
            names = [name for name, _, _ in fields[1:7]]
            assert names == ["method", "from_tag", "to_tag", "call_id", "code", "reason"]
            values = [value for _, _, value in fields[1:7]]
            values[2] = "OWN" if values[2] in self.own_tags else values[2]
            more = ";".join("".join(field) for field in fields[7:])
            told.append(f"{title}|{'|'.join([values[0], *values[2:3], *values[4:]])}|{more}")
        return told


def line(title: str, method: str, tag: str, status: str, user: str, x: str = "") -> str:
    uri = f"sip:{user}@127.0.0.1:5090"
    return f"{title}|{method}|{tag}|{status}|src=alice;r={user};ru={uri};x={x};{LEGS}"


def test_what_the_script_says() -> None:
    calls = Calls()
    run = calls.start("log", "OPTIONS")
    assert calls.told() == [
        line("request accounted", "OPTIONS", "", "404|Not log", "log"),
        line("request accounted", "OPTIONS", "", "|plain", "log"),
        line("request accounted", "OPTIONS", "", "200|fine", "log"),
    ]
    assert run.statuses == [200]
    assert run.log.has("db support not configured")


@pytest.mark.parametrize(
    ("user", "lines"),
    [
        ("own", [(ANSWERED, "200|OK")]),
        ("own-fail", [(MISSED, "486|Busy Here"), (ANSWERED, "486|Busy Here")]),
        ("flt-fail", [(MISSED, "404|Not Found")]),
    ],
)
def test_own_replies(user: str, lines: list[tuple[str, str]]) -> None:
    calls = Calls()
    calls.start(user)
    assert calls.told() == [line(title, "INVITE", "OWN", status, user) for title, status in lines]


def test_a_call_with_early_media_and_repeated_answers() -> None:
    calls = Calls()
    _, invite = calls.start("call").sent
    calls.reply(invite, 180, "Ringing")
    calls.reply(invite, 183, "Progress", body="v=0\r\n")
    calls.reply(invite, 200, "Fine")
    calls.reply(invite, 200, "Fine")
    calls.reply(invite, 200, "Other", tag="fork")
    for number in (2, 3):
        data = request("ACK", "sip:call@127.0.0.1:5090", to_tag="uas", number=number)
        own = data.replace(b"tag=t%d" % number, b"tag=t1").replace(b"call-%d" % number, b"call-1")
        calls.play(calls.proxy.feed(own))
    assert calls.told() == [
        line(ANSWERED, "INVITE", "uas", "183|Progress", "call"),
        line(ANSWERED, "INVITE", "uas", "200|Fine", "call"),
        line(ANSWERED, "INVITE", "fork", "200|Other", "call"),
        line(ACKED, "ACK", "uas", "200|OK", "call"),
    ]


@pytest.mark.parametrize("user", ["busy", "busy-fail"])
def test_busy(user: str) -> None:
    calls = Calls()
    _, invite = calls.start(user).sent
    calls.reply(invite, 486, "Busy Bee")
    missed = line(MISSED, "INVITE", "uas", "486|Busy Bee", user)
    answered = line(ANSWERED, "INVITE", "uas", "486|Busy Bee", user, "f")
    assert calls.told() == ([missed, answered] if "fail" in user else [missed])


def test_a_failure_route_that_answers_tells_twice_of_a_missed_call() -> None:
    calls = Calls()
    _, invite = calls.start("re-fail").sent
    calls.reply(invite, 486, "Busy Bee")
    gone = "480|Temporarily Unavailable"
    assert calls.told() == [
        line(MISSED, "INVITE", "uas", "486|Busy Bee", "re-fail"),
        line(MISSED, "INVITE", "OWN", gone, "re-fail", "f"),
        line(ANSWERED, "INVITE", "OWN", gone, "re-fail", "f"),
    ]


def test_voicemail() -> None:
    calls = Calls()
    _, invite = calls.start("vm").sent
    second = calls.reply(invite, 486, "Busy Bee").sent[-1]
    calls.reply(second, 200, "Leave", tag="box")
    assert calls.told() == [
        line(MISSED, "INVITE", "uas", "486|Busy Bee", "vm"),
        line(ANSWERED, "INVITE", "box", "200|Leave", "mailbox", "f"),
    ]


def test_a_time_out() -> None:
    calls = Calls()
    calls.start("tmo-fail")
    calls.play(calls.proxy.advance(3))
    assert calls.told() == [
        line(MISSED, "INVITE", "OWN", "408|Request Timeout", "tmo-fail"),
        line(ANSWERED, "INVITE", "OWN", "408|Request Timeout", "tmo-fail", "f"),
    ]


@pytest.mark.parametrize("reported", [True, False])
def test_cancel(reported: bool) -> None:
    calls = Calls("" if reported else 'modparam("acc", "report_cancels", 0)')
    _, invite = calls.start("cx-fail").sent
    calls.reply(invite, 180, "Ringing")
    calls.start("cx-fail", "CANCEL")
    calls.reply(invite, 487, "Terminated")
    cancel = line(ANSWERED, "CANCEL", "OWN", "200|OK", "cx-fail")
    assert calls.told() == ([cancel] if reported else []) + [
        line(MISSED, "INVITE", "uas", "487|Terminated", "cx-fail"),
        line(ANSWERED, "INVITE", "uas", "487|Terminated", "cx-fail", "f"),
    ]


def test_the_branch_that_counts_gives_the_request_uri() -> None:
    calls = Calls()
    first = calls.start("fork-fail").sent[1]
    calls.reply(first, 486, "Busy One")
    calls.play(calls.proxy.advance(3))
    assert [text.split(";")[1] for text in calls.told()] == ["r=second", "r=second"]
    assert all("|408|" in text for text in calls.told())


def test_other_requests_and_a_503() -> None:
    calls = Calls()
    [message] = calls.start("msg-fail", "MESSAGE").sent
    calls.reply(message, 202, "Later")
    [message] = calls.start("msg-fail", "MESSAGE", number=2).sent
    calls.reply(message, 503, "No")
    assert [text.split("|")[2:5] for text in calls.told()] == [
        ["uas", "202", "Later"],
        ["OWN", "500", "Server Internal Error"],
    ]


def test_the_reason_may_be_the_header() -> None:
    calls = Calls('modparam("acc", "reason_from_hf", 1)')
    [message] = calls.start("m", "MESSAGE").sent
    calls.reply(message, 200, "OK", headers="Reason: Q.850")
    assert calls.told()[0].split("|")[4] == "Q.850"


def test_a_later_flag_counts_for_what_was_prepared() -> None:
    late = CFG.replace("setflag(1);\n    setflag(2);", "setflag(4);").replace(
        't_on_failure("F");', "t_newtran(); setflag(1);"
    )
    for prepare, count in (('modparam("acc", "acc_prepare_flag", 4)', 1), ("", 0)):
        proxy = load_cfg_text(late.replace("@MORE@", prepare))
        [sent] = proxy.feed(request("MESSAGE", "sip:m@127.0.0.1:5090")).sent
        assert proxy.feed(response(sent.raw)).log.count_of("ACC: ") == count


def test_direction(swapped: Callable[[bool], list[str]]) -> None:
    assert swapped(True) == ["uas", "t1"]
    assert swapped(False) == ["t1", "uas"]


@pytest.fixture
def swapped() -> Callable[[bool], list[str]]:
    """From and To tag of the line on a BYE that came from the callee or the caller."""

    def tags(upstream: bool) -> list[str]:
        proxy = load_cfg_text(
            CFG.replace("setflag(1);", "loose_route(); setflag(1);", 1).replace(
                "@MORE@", 'modparam("acc", "detect_direction", 1)'
            )
        )
        ftag = "other" if upstream else "t1"
        route = f"Route: <sip:127.0.0.1;lr;ftag={ftag}>"
        data = request("BYE", "sip:m@127.0.0.1:5090", to_tag="uas", headers=route)
        [sent] = proxy.feed(data).sent
        [told] = [text for text in proxy.feed(response(sent.raw)).log if "ACC: " in text]
        fields = dict(part.partition("=")[::2] for part in told.split(";"))
        return [fields["from_tag"], fields["to_tag"]]

    return tags


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("log_flag", 32, "no flag"),
        ("cdr_enable", 1, "dialog"),
        ("db_url", '"sqlite:///x"', "db_sqlite is not loaded"),
        ("failed_filter", '"200"', "no status of a failure"),
        ("failed_filter", '"404;407"', "no status of a failure"),
        ("log_facility", '"LOG_NOWHERE"', "does not exist"),
        ("log_extra", '"x"', "name=$variable"),
        ("log_extra", '"x=$fU;"', "unexpected"),
        ("multi_leg_info", '"x=$fU"', "no AVP"),
    ],
)
def test_bad_parameters(name: str, value: int | str, error: str) -> None:
    with pytest.raises(CfgError) as failed:
        load_cfg_text(CFG.replace("@MORE@", f'modparam("acc", "{name}", {value})'))
    assert error in str(failed.value)


def test_direction_wants_the_tag_in_our_route() -> None:
    more = 'modparam("acc", "detect_direction", 1)\nmodparam("rr", "append_fromtag", 0)'
    with pytest.raises(CfgError, match="append_fromtag"):
        load_cfg_text(CFG.replace("@MORE@", more))


def test_a_level_that_is_off_writes_nothing() -> None:
    run = Calls('modparam("acc", "log_level", 4)').start("own")
    assert run.log.count_of("ACC: ") == 0


def test_a_record_that_nobody_may_make() -> None:
    text = CFG.replace('acc_request("200 fine", "acc")', 'acc_request("$rU$$", "acc")')
    proxy = load_cfg_text(text.replace("@MORE@", ""))
    run = proxy.feed(request("OPTIONS", "sip:log@127.0.0.1:5090"))
    assert run.log.count_of("ACC: request accounted") == 2
    assert run.log.has("cannot be used")


def test_a_request_that_cannot_be_read_has_no_record() -> None:
    proxy = load_cfg_text(CFG.replace("@MORE@", ""))
    data = request("OPTIONS", "sip:log@127.0.0.1:5090")
    run = proxy.feed(data.replace(b">;tag=t1", b""))
    assert run.log.has("failed to preparse request")
    assert run.log.count_of("ACC: ") == 0
