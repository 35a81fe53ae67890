"""The core parameters: names, value types, defaults, and which of them have an effect here.

Facts from Kamailio 5.6 `src/core/cfg.lex`, `cfg.y`,
`cfg_core.c` and `flags.c`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sipproxy.errors import Problem
from sipproxy.script.tree import Config, CoreParam


@dataclass(frozen=True, slots=True)
class Setting:
    """One core parameter.

    `kind` is the type of its value: `bool`, `int` (not negative), `signed`, `string`, `word`
    (string or bare word), `facility`, `tos` (number or word), `proto`, `ipv4`, `ipv6`, `tls`.
    `default` is the value as text (empty: none, or decided at start). `effective` is False where
    the parameter is accepted and does nothing here.
    """

    name: str
    kind: str
    default: str
    effective: bool


# kind: name[|other spelling...][=default][*], the star marks what has an effect here
_TABLE = """
bool: fork=1* log_stderror=0* log_color=0* dns=0 rev_dns=0 dns_try_ipv6=1* dns_try_naptr=0*
bool: dns_srv_lb|dns_srv_loadbalancing=0* dns_use_search_list=1* dns_search_full_match=1
bool: dns_naptr_ignore_rfc=1* dns_cache_init=1* use_dns_cache=1* use_dns_failover=0*
bool: dns_cache_rec_pref=0 auto_bind_ipv6=0 dst_blocklist_init=1 use_dst_blocklist=0
bool: check_via=0* phone2tel=1 sip_warning=0 mhomed=0 disable_tcp=0* tcp_accept_aliases=0*
bool: tcp_no_connect=0* tcp_fd_cache=1 tcp_buf_write|tcp_async=1 tcp_delayed_ack=1
bool: tcp_keepalive=1* tcp_crlf_ping=1* tcp_accept_no_cl=0* tcp_accept_hep3=0
bool: tcp_accept_haproxy=0 tcp_reuse_port=0 disable_tls|tls_disable=0 enable_tls|tls_enable=0
bool: tls_verify=1 tls_require_certificate=0 disable_sctp=0 enable_sctp=2
bool: server_signature=1* reply_to_via=0 auto_aliases=1* disable_core_dump=0 shm_force_alloc=0
bool: mlock_pages=0 real_time=0 mcast_loopback=0 force_rport|add_rport=0* local_rport=0*
bool: http_reply_parse|http_reply_hack=0 verbose_startup=0 async_nonblock=0
proto: udp_mtu_try_proto*
bool: onsend_route_reply=0* bind_ipv6_link_local=0 msg_time=0
int: fork_delay=0 modinit_delay=0 log_prefix_mode=0* dns_retr_time* dns_slow_query_ms=0 dns_retr_no*
int: dns_servers_no* dns_cache_flags=0* dns_cache_negative_ttl=60* dns_cache_max_ttl*
int: dns_cache_min_ttl=0* dns_cache_mem=500* dns_cache_gc_interval=120
int: dns_cache_del_nonexp|dns_cache_delete_nonexpired=0* dst_blocklist_mem=250
int: dst_blocklist_expire|dst_blocklist_ttl=60 dst_blocklist_gc_interval=60
int: dst_blocklist_udp_imask=0 dst_blocklist_tcp_imask=0 dst_blocklist_tls_imask=0
int: dst_blocklist_sctp_imask=0 port=5060* maxbuffer=262144 sql_buffer_size=65535 children=8*
int: socket_workers async_workers=0 async_usleep=0 tcp_accept_unique=0 tcp_connection_match=0
int: tcp_children tcp_max_connections=2048* tls_max_connections=2048 tcp_conn_wq_max=32768*
int: tcp_wq_max=10485760* tcp_rd_buf_size=16384* tcp_wq_blk_size=2100 tcp_defer_accept=0
int: tcp_syncnt tcp_linger2 tcp_keepidle* tcp_keepintvl* tcp_keepcnt* tcp_clone_rcvbuf=0
int: tls_port_no|tlslog|tls_log=5061 tls_handshake_timeout tls_send_timeout sctp_children
int: advertised_port* open_files_limit shm_mem_size|shm|shm_mem rt_prio=0 rt_policy=0
int: rt_timer1_prio|rt_fast_timer_prio|rt_ftimer_prio=0 rt_timer1_policy|rt_ftimer_policy=0
int: rt_timer2_prio|rt_stimer_prio=0 rt_timer2_policy|rt_stimer_policy=0 mcast_ttl
int: pmtu_discovery=0 exit_timeout|ser_kill_timeout=60 max_while_loops=100*
int: pv_buffer_size=8192 pv_buffer_slots=10 pv_cache_limit=2048 pv_cache_action=0
int: route_locks_size=0 wait_worker1_mode=0 wait_worker1_time=4000000 wait_worker1_usleep=100000
int: server_id=0* max_recursive_level=256 max_branches=12* latency_limit_db=0
int: latency_limit_action=0 latency_limit_cfg=0 udp_mtu=0* udp4_raw_mtu=1500 udp4_raw_ttl
signed: debug=0* dns_udp_pref|dns_udp_preference=30* dns_tcp_pref|dns_tcp_preference=20*
signed: dns_tls_pref|dns_tls_preference=10 dns_sctp_pref|dns_sctp_preference=20
signed: ip_free_bind|ipfreebind|ip_nonlocal_bind=0 memlog|mem_log=4 memdbg|mem_dbg=4
signed: mem_summary=12 mem_safety=1 mem_join=1 mem_status_mode=0 sip_parser_log_oneline=0
signed: sip_parser_log=-1 sip_parser_mode=0 corelog|core_log=-1 tcp_connect_timeout=10*
signed: tcp_send_timeout=10* tcp_connection_lifetime=120* tcp_wait_data=5000 tcp_script_mode=0
signed: received_route_mode=0* latency_log=-1 latency_cfg_log=3 udp4_raw=0
string: log_name* log_prefix* log_engine_type log_engine_data xavp_via_params* xavp_via_fields*
string: ipv6_hex_style=c stats_name_separator=_ async_workers_group version_table=version*
string: tls_certificate tls_private_key tls_ca_list server_header* user_agent_header
string: uri_host_extra_chars hdr_name_extra_chars
word: user|uid* group|gid* chroot workdir|wdir* rundir|run_dir* tcp_poll_method mcast
facility: log_facility=LOG_DAEMON*
tos: tos=16
ipv4: tcp_source_ipv4*
ipv6: tcp_source_ipv6*
tls: tls_method
"""


def _settings() -> dict[str, Setting]:
    table: dict[str, Setting] = {}
    for line in filter(None, _TABLE.split("\n")):
        kind, _, entries = line.partition(":")
        for entry in entries.split():
            names, _, default = entry.rstrip("*").partition("=")
            name, *others = names.split("|")
            setting = Setting(name, kind, default, entry.endswith("*"))
            table.update(dict.fromkeys((name, *others), setting))
    return table


SETTINGS: Mapping[str, Setting] = MappingProxyType(_settings())
"""Every spelling of every plain core parameter -> what it is."""

MAX_FLAG = 31


def free_flag(flags: Mapping[str, int]) -> int:
    """The number of the next named flag without one: the lowest that no name has; -1 when full."""
    taken = set(flags.values())
    return next((n for n in range(MAX_FLAG + 1) if n not in taken), -1)


def without_effect(config: Config) -> Iterator[Problem]:
    """A note for each core parameter of a cfg that changes nothing here."""
    told: set[str] = set()
    for item in config.items:
        setting = SETTINGS.get(item.name) if isinstance(item, CoreParam) else None
        if setting and not setting.effective and setting.name not in told:
            told.add(setting.name)
            yield Problem(item.span, f"{setting.name} has no effect here", "", "note")
