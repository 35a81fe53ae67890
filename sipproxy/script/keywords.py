"""The reserved words of the language and the terminal each one is to the grammar.

Kamailio reserves its keywords everywhere (`route[port]` is refused), so a table decides, not the
context. Words that the grammar treats alike share one terminal. Facts from Kamailio 5.6
`src/core/cfg.lex`; the plain core parameters come from :mod:`sipproxy.script.settings`.
"""

from collections.abc import Mapping
from types import MappingProxyType

from sipproxy.script.settings import SETTINGS

_WORDS = """
IF if
ELSE else
WHILE while
SWITCH switch
CASE case
DEFAULT default
BREAK break
LEAVE drop exit return

ROUTE route
REQUEST_ROUTE request_route
REPLY_ROUTE reply_route
NAMED_ROUTE failure_route onreply_route branch_route onsend_route
EVENT_ROUTE event_route

LOADMODULE loadmodule loadmodulex
LOADPATH loadpath mpath
MODPARAM modparam
MODPARAMX modparamx
CFGENGINE cfgengine
LISTEN listen
ALIAS alias
FLAGS flags bool
AVPFLAGS avpflags
ADVERTISE advertise ADVERTISE
VIRTUAL virtual
NAME name NAME
DESCRIPTION description descr desc
ADVERTISED_ADDRESS advertised_address
KEMI kemi
KEMI_CALLBACK onsend_route_callback reply_route_callback event_route_callback
KEMI_CALLBACK received_route_callback pre_routing_callback

METHOD method
URI uri status from_uri to_uri
SOURCE_INT src_port dst_port af msg:len snd_port to_port snd_af to_af
SOURCE_IP src_ip dst_ip snd_ip to_ip
SOURCE_PROTO proto snd_proto to_proto
MYSELF myself

UNOP not defined
BINOP and or mod
STREQ eq ne
INTEQ ieq ine
STRLEN strlen
STREMPTY strempty
SELVAL selval

NUMBER yes true on enable no false off disable
NUMBER inet INET ipv4 IPv4 IPV4 inet6 INET6 ipv6 IPv6 IPV6
PROTO udp UDP tcp TCP tls TLS sctp SCTP
WS ws WS wss WSS
TLS_VERSION sslv23 SSLv23 SSLV23 sslv2 SSLv2 SSLV2 sslv3 SSLv3 SSLV3 tlsv1 TLSv1 TLSV1

FORWARD forward
FORWARD_PROTO forward_udp forward_tcp forward_tls forward_sctp
URI_HOST uri:host
URI_PORT uri:port
ROUTE_FLAG setflag resetflag isflagset
AVP_FLAG setavpflag resetavpflag isavpflagset
LOG log
ERROR error
TAKES_STRING rewritehost sethost seth rewritehostport sethostport sethp
TAKES_STRING rewritehostporttrans sethostporttrans sethpt rewriteuser setuser setu
TAKES_STRING rewriteuserpass setuserpass setup rewriteport setport setp rewriteuri seturi
TAKES_STRING prefix exec cfg_reset
TAKES_NUMBER strip strip_tail set_advertised_port
TAKES_NOTHING userphone clear_branches
BARE_CALL revert_uri add_local_rport set_forward_no_connect set_reply_no_connect
BARE_CALL set_forward_close set_reply_close
FORCE_RPORT force_rport add_rport
REMOVE_BRANCH remove_branch
FORCE_TCP_ALIAS force_tcp_alias add_tcp_alias
UDP_MTU_TRY_PROTO udp_mtu_try_proto
SET_ADVERTISED_ADDRESS set_advertised_address
FORCE_SEND_SOCKET force_send_socket
CFG_SELECT cfg_select

RESERVED max_len statistics
"""

_FLAG_VALUES = {
    **dict.fromkeys(("yes", "true", "on", "enable"), 1),
    **dict.fromkeys(("no", "false", "off", "disable"), 0),
    **dict.fromkeys(("inet", "INET", "ipv4", "IPv4", "IPV4"), 2),
    **dict.fromkeys(("inet6", "INET6", "ipv6", "IPv6", "IPV6"), 10),
}


def _table() -> dict[str, str]:
    words = dict.fromkeys(SETTINGS, "CORE_PARAM")
    for line in _WORDS.split("\n"):
        terminal, *names = line.split() or [""]
        words.update(dict.fromkeys(names, terminal))
    return words


KEYWORDS: Mapping[str, str] = MappingProxyType(_table())
"""Reserved word -> terminal of `grammar.lark`."""

WORD_NUMBERS: Mapping[str, int] = MappingProxyType(_FLAG_VALUES)
"""Words that are integers to the scanner: yes and no in their spellings, inet (2), inet6 (10)."""

INCLUDES = frozenset({"include_file", "import_file"})
"""Words that are directives even without `#!`."""

TOP_LEVEL = frozenset(
    (
        "REQUEST_ROUTE",
        "REPLY_ROUTE",
        "NAMED_ROUTE",
        "EVENT_ROUTE",
        "LOADMODULE",
        "LOADPATH",
        "MODPARAM",
        "MODPARAMX",
        "CFGENGINE",
        "LISTEN",
        "ALIAS",
        "FLAGS",
        "AVPFLAGS",
        "ADVERTISED_ADDRESS",
        "KEMI",
        "CORE_PARAM",
    )
)
"""Terminals that begin an item of the top level and nothing else."""
