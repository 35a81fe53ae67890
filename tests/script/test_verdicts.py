"""Short cfgs with the verdict of Kamailio 5.6.3: ours must be the same, and so must its own."""

import shutil
import subprocess
from pathlib import Path

import pytest

from sipproxy.errors import CfgError
from sipproxy.script.parse import parse_text

# what stands alone at the top level
ACCEPTED = [
    "request_route { exit; }",
    "route { exit; }",
    "route[0] { exit; }",
    "route[A] { exit; } route[B] { exit; }",
    'route["a-b c"] { exit; }',
    "route[7] { exit; } route[LOG] { exit; }",
    "route { exit; } request_route { drop; }",
    "reply_route { exit; } onreply_route { exit; } onreply_route[0] { ; } onreply_route[1] { ; }",
    "failure_route { ; } branch_route { ; } onsend_route { ; } branch_route[x] { ; }",
    "event_route[htable:mod-init] { exit; }",
    "event_route [ a:b:c_d ] { exit; }",
    'event_route["a:b"] { exit; }',
    "event_route[a_b:c_d] { exit; }",
    "#!define A {\nroute[X] A exit; }",
    "; ; route { ; } ;",
    "# a comment\ndebug=3",
    "// another one\n;",
    "route { exit; } # no line end",
    "/* a /* nested */ still */ route { exit; }",
    "; /* a /* nested and never closed */ route { !! }",
    "debug=3 children=2 log_stderror=yes log_prefix='x' mhomed=no",
    "debug=-3",
    'debug = 0x2 children = 011 log_name = "a" "b"',
    "log_facility=LOG_LOCAL3 tos=IPTOS_LOWDELAY tcp_poll_method=epoll_lt",
    'user="nobody"\ngroup=nogroup',
    "listen=udp:127.0.0.1:5060",
    "listen=127.0.0.1 127.0.0.2",
    'listen=udp:127.0.0.1:5060 advertise 10.0.0.1:5061 name "x"',
    'listen=127.0.0.1 name "x"\nlisten=tcp:127.0.0.1:5062 ADVERTISE example.com',
    'listen=udp:"127.0.0.1":5060',
    "listen=udp:[::1]:5060 ::1",
    "listen=udp:127.0.0.1:5060; pstn.gw = 1",
    "alias=example.com a-b.example.com:5060 udp:x.org",
    "pstn.gw = 1 desc \"the gateway\" pstn.nam = 'x' description 'y'",
    "a.default = 1",
    "a[2].b = 3",
    'flags A, B:3, "c d" avpflags X, Y bool D',
    'advertised_address="1.2.3.4" advertised_port=5060',
    "#!define X 5070\nlisten=udp:127.0.0.1:X",
    "#!define X udp:127.0.0.1:5070\nlisten=X",
    "#!define O 127.0\nlisten=udp:O.0.1:5060",
    '#!define S "a\nlog_name=S b"',
    '#!define S "a"\nlog_name=S "b"',
    "#!define A 3 # c\ndebug=A\nchildren=2",
    "#!define A B\n#!define B 3\ndebug=A",
    "#!def A 3\n!!trydef A 4\n#!redef A 2\ndebug=A",
    "#!define N\ndebug=3 N children=2",
    "#!define L debug=3 \\\nchildren=2\nL",
    "#!ifdef X\nnonsense ' \" {\n#!else\ndebug=3\n#!endif\n",
    "#!ifndef X\ndebug=3\n#!endif\n",
    "#!ifdef KAMAILIO_5_6_3\ndebug=3\n#!else\nnonsense\n#!endif\n",
    "#!ifdef KAMAILIO_5\n#!ifdef KAMAILIO_5_6\n;\n#!endif\n#!endif\n",
    ";#!ifdef X whatever\n#!else // x\nnonsense\n#!endif\n",
    ";   #!ifdef X\n   nonsense\n   #!endif\n",
    ";!!ifdef X\nnonsense\n!!endif\n",
    ";#!endif # text\n#!ifdef X\n#!endif\n",
    "/* #!ifdef X\n */ debug=3",
    "log_name='#!ifdef X\n'",
    ";#!unknown directive\n#!KAMAILIO\n#!SER\n#!ALL\n",
    '#!subst "/A/b/g"\nlog_name="AAA"',
    '#!substdef "!NAM!3!g"\ndebug=NAM',
    '#!substdefs "!NAM!x!"\nlog_name=NAM',
    ";#!trydefenv NOT_IN_THE_ENVIRONMENT\n",
    ';import_file "does-not-exist.cfg"\n#!import_file "nor-this.cfg"\n',
    "route { exit; }\x01",
    "debug=3 ? children=2",
]

# in a request_route, behind loadmodule "pv"
STATEMENTS = [
    ";",
    "exit; drop; return; break; exit(); drop(); return(); exit 1; return 2+3; drop(0);",
    'return "abc";',
    "if (1) exit;",
    "if 1 exit; else drop;",
    "if (1) { exit; } else if (2) { drop; } else { ; }",
    "while (1) { break; } while 0 ;",
    "switch ($rU) { case 1: case -1: break; default: exit; }",
    'switch ($rU) { case "a": exit; case /"^b": break; }',
    "switch ($rU) { default: exit; case 1+2: ; }",
    "switch ($rU) { }",
    "switch ($rU) { case 1: case 1: exit; }",
    "$var(x) = 1; $var(x) = -1; $var(x) = - 1; $var(x) = 1 - -1;",
    "$var(x) = 0x1F + 017 + 101b + yes + off + inet6;",
    "$var(x) = 4294967296;",
    '$var(x) = (int)"5" + strlen("a") + selval(1, 2, 3);',
    '$var(x) = \'a"b\' + 1 + "c" "d";',
    '$var(x) = "a\\q\\n\\x41\\101\\\nb";',
    "$var(x) = 1 or 2 and not 3 || !4 && ~5;",
    "$var(x) = 1 | 2 & 3 ^ 4 << 5 >> 6 mod 7 / 8;",
    "if ($var(x) = 1) ;",
    "if (($var(x) = 1) == 1) ;",
    "$var(x) = { exit; } + 1;",
    "if ($var(x) == $null || defined $var(y)) ;",
    'if ($var(x) =~ "^a" && $var(x) eq "b" || $var(x) ieq 5) ;',
    "if (uri==myself && myself!=uri || !uri==myself) ;",
    'if (from_uri=~"x" || to_uri != $ru) ;',
    'if (method==INVITE || method =~ "A|B" || method == $rm) ;',
    "if (src_ip==127.0.0.1 || src_ip==10.0.0.0/8 || dst_ip==10.0.0.0/255.0.0.0) ;",
    'if (src_ip==[::1] || src_ip==::1 || src_ip=="1.2.3.4" || src_ip==$var(x)) ;',
    "if (src_ip==myself || src_ip==example.com) ;",
    "if (src_port > 1024 && dst_port == 5060 && af == INET && msg:len < 4*5) ;",
    "if (proto==UDP || proto == tls || proto == 1 || proto==wss) ;",
    'if (status=="200" || status=~"2..") ;',
    "setflag(1); resetflag(31); if (isflagset(2)) ;",
    "force_rport; force_rport(); add_rport();",
    'forward(); forward("1.2.3.4"); forward(1.2.3.4, 5060); forward(uri:host, uri:port);',
    "forward_udp(a.b-c.d, 5); forward_tcp(uri:host);",
    'sethost("a"); rewriteuri("sip:a@b"); prefix("1"); strip(1); strip_tail(2); setport("5");',
    "userphone(); revert_uri; revert_uri(); clear_branches();",
    "remove_branch(); remove_branch(1); remove_branch(-1); add_tcp_alias(5); force_tcp_alias;",
    'log("x"); log(1, "x"); error("a", "b");',
    "force_send_socket(127.0.0.1:5060); force_send_socket(udp:127.0.0.1);",
    'set_advertised_address("1.2.3.4"); set_advertised_port(5060); udp_mtu_try_proto(TCP);',
    "set_forward_close; set_reply_no_connect();",
    'route(A); route(5); route($var(x)); route("a" + $var(x)); if (route(A)) ;',
    'cfg_select("a", 1); cfg_reset("a");',
    "$var(x) = @ruri.user;",
    "$var(x)\n=\n1\n;",
    '$var(x) = $(var(y){s.substr,0,1}) + $(ru{uri.param,"x"});',
    "$var(x) = $? + $rc + $retcode;",
    "if (1) { ; } ;",
    "#!define X exit;\nX",
    "#!ifdef Y\n(((\n#!endif\nexit;",
    "if /* c */ ( # d\n 1 // e\n) exit;",
]

REFUSED = [
    "",
    "# only a comment",
    "nonsense",
    "debg=3",
    "debug=3.5",
    'debug="3"',
    "children=-1",
    "log_name=abc",
    "log_facility=LOG_NOTHING",
    "tcp_source_ipv4=::1",
    "statistics=1",
    "max_len=5",
    "route[port] { exit; }",
    "route[a-b] { exit; }",
    "route[X] { exit; } route[X] { exit; }",
    "reply_route[X] { exit; }",
    "startup_route { exit; }",
    "event_route[nocolon] { exit; }",
    "route { }",
    "route { exit }",
    "route { exit;",
    "route { exit; } }",
    "route { { exit; } }",
    "listen=udp:127.0.0.1:5060\npstn.gw = 1",
    "listen=udp:1.2.3:5060",
    "listen=10.example.com",
    "listen=udp:127.0.0.1:port",
    "listen=ws:127.0.0.1:80",
    "alias=proto.example.com",
    "pstn.port = 1",
    "pstn.5 = 1",
    "pstn.gw = -1",
    "pstn.gw = 1 pstn.gw = 2",
    "flags A A",
    "flags A, A",
    "flags A:32",
    "#!define X 1\n#!define X 2\n",
    "#!define A-B 1\n",
    "#!ifdef X\n",
    "#!endif\n",
    "#!ifdef X\n#!endif # text\n",
    "#!ifdef X\n#!endif",
    "#!defenv NOT_IN_THE_ENVIRONMENT\n",
    '#!subst "no"\n',
    'include_file "does-not-exist.cfg"\n',
    "include_file 'x.cfg'\n",
    'log_name="a" /* c */ "b"',
    "log_name='a' 'b'",
    '#!define S "b"\nlog_name="a" S',
    "#!define A 1 # c\nroute { setflag(A); }",
    'log_name="never closed',
    'modparam("x", "y")',
    "loadmodule x",
    'route { xlog("a") }',
]

REFUSED_STATEMENTS = [
    '$var(x) = 1 + "2";',
    '$var(x) = "5" - 2;',
    'if ("b" > "a") ;',
    'if (0 == "abc") ;',
    'if ("007" ieq 7) ;',
    'if (7 ne "7") ;',
    "if (strempty(0)) ;",
    'if (!$rU =~ "^b") ;',
    'if (not $var(x) == "a") ;',
    "if (5 == $null) ;",
    "if (defined 5) ;",
    '$var(x) = -"a";',
    '$var(x) = 1 + 2 + "a";',
    '$var(x) = $var(y) * "b";',
    'switch ($rU) { case 1: ; case "a": ; }',
    "switch ($rU) { default: ; default: ; }",
    "switch ($rU) { case $var(x): ; }",
    "switch ($rU) { exit; }",
    "if ($rm==INVITE) ;",
    "if ($si==127.0.0.1) ;",
    'if ($rU !~ "x") ;',
    "$var(x)++;",
    "$var(x) += 1;",
    "$var(x) = 1 ? 2 : 3;",
    "if (1) { }",
    "{ exit; }",
    "5;",
    "uri==myself;",
    "myself;",
    "if (myself) ;",
    "if (uri==INVITE) ;",
    "if (src_ip==5) ;",
    "if (src_ip==1.2.3.4/33) ;",
    "if (src_ip==1.2.3.400) ;",
    "if (snd_ip==1.2.3.4) ;",
    "if (method>INVITE) ;",
    "if (src_port =~ 5) ;",
    "if (proto==HTTP) ;",
    "setflag(32);",
    "setflag(NAME);",
    "setflag();",
    "setavpflag($var(x), Z);",
    "userphone;",
    'strip("1");',
    "exit",
    "else exit;",
    "if (1) exit; ; else drop;",
    "break 1;",
    "$rcv = 1;",
    "$var(x = 1;",
    "$var(x\n) = 1;",
    "$ var(x) = 1;",
    "route();",
    "route(a-b);",
    "forward(a.5);",
    "08;",
    "$var(x) = 08;",
    "$var(x) = 1a;",
    "if (1 exit;",
    '#!subst "/a/b/"\nexit;',
    "setflag(1,);",
]


def inside(statement: str) -> str:
    """A cfg around a statement."""
    return f'loadmodule "pv.so"\nrequest_route {{\n{statement}\n}}\n'


GOOD = [*ACCEPTED, *map(inside, STATEMENTS)]
BAD = [*REFUSED, *map(inside, REFUSED_STATEMENTS)]


@pytest.mark.parametrize("cfg", GOOD)
def test_accepted(cfg: str) -> None:
    parse_text(cfg, environ={})


@pytest.mark.parametrize("cfg", BAD)
def test_refused(cfg: str) -> None:
    with pytest.raises(CfgError) as caught:
        parse_text(cfg, environ={})
    assert caught.value.problems


@pytest.mark.peer
@pytest.mark.skipif(not shutil.which("kamailio"), reason="kamailio is not installed")
@pytest.mark.parametrize("wanted", [True, False], ids=["accepted", "refused"])
def test_kamailio_says_the_same(wanted: bool, tmp_path: Path) -> None:
    path = tmp_path / "case.cfg"
    wrong = []
    for cfg in GOOD if wanted else BAD:
        path.write_bytes(cfg.encode())
        command = ["kamailio", "-c", "-f", str(path), "-Y", str(tmp_path)]
        run = subprocess.run(command, capture_output=True, timeout=60, check=False)
        if (run.returncode == 0) is not wanted:
            wrong.append(cfg)
    assert not wrong
