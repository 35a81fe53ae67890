"""The parameters of tm (Kamailio modules/tm/tm.c, config.c)."""

from abc import ABC

from sipproxy.core.module import Module, modparam


class Params(Module, ABC):
    """What modparam("tm", ...) sets; timers are milliseconds."""

    fr_timer = modparam(
        30_000, "Wait for any reply, or for the ACK to a negative one (ms).", at_least=1
    )
    fr_inv_timer = modparam(
        120_000, "Wait for the final reply to an INVITE that rings (ms).", at_least=1
    )
    max_inv_lifetime = modparam(180_000, "Most time an INVITE transaction may take (ms).")
    max_noninv_lifetime = modparam(32_000, "Most time any other transaction may take (ms).")
    wt_timer = modparam(5_000, "How long a transaction stays behind its final reply (ms).")
    retr_timer1 = modparam(500, "First wait before a retransmission, T1 (ms).", at_least=1)
    retr_timer2 = modparam(4_000, "Longest wait between retransmissions, T2 (ms).", at_least=1)
    noisy_ctimer = modparam(1, "Zero: an INVITE without any reply may end in silence.")
    auto_inv_100 = modparam(1, "Answer a relayed INVITE with 100 at once.")
    auto_inv_100_reason = modparam("trying -- your call is important to us", "Reason of that 100.")
    unix_tx_timeout = modparam(500, "Wait to write to a unix socket (ms).")
    restart_fr_on_each_reply = modparam(1, "Restart fr_inv_timer with every provisional reply.")
    pass_provisional_replies = modparam(0, "Has no effect on a cfg.")
    ruri_matching = modparam(1, "Compare the R-URI of requests without RFC 3261's branch.")
    via1_matching = modparam(1, "Compare the top Via of requests without RFC 3261's branch.")
    callid_matching = modparam(0, "Compare the Call-ID too.")
    callid_cseq_matching = modparam(0, "Has no effect: replies are matched by their branch.")
    aggregate_challenges = modparam(1, "Join the challenges of all branches in one 401 or 407.")
    unmatched_cancel = modparam(
        0, "CANCEL without transaction: 0 relayed with state, 1 without, 2 dropped."
    )
    default_code = modparam(500, "Status where t_reply gets none.")
    default_reason = modparam("Server Internal Error", "Reason where t_reply gets none.")
    reparse_invite = modparam(1, "Build CANCEL and ACK from the INVITE as it was sent.")
    ac_extra_hdrs = modparam("", "Headers that begin so go from the INVITE into CANCEL and ACK.")
    blst_503 = modparam(0, "Has no effect: there is no blocklist.")
    blst_503_def_timeout = modparam(0, "Has no effect: there is no blocklist.")
    blst_503_min_timeout = modparam(0, "Has no effect: there is no blocklist.")
    blst_503_max_timeout = modparam(3600, "Has no effect: there is no blocklist.")
    blst_methods_add = modparam(1, "Has no effect: there is no blocklist.")
    blst_methods_lookup = modparam(-9, "Has no effect: there is no blocklist.")
    cancel_b_method = modparam(
        1, "Branches without any reply are canceled by 0 a faked reply, 1 waiting, 2 CANCEL."
    )
    reparse_on_dns_failover = modparam(1, "Has no effect: each branch is built anew.")
    fr_timer_avp = modparam("", "AVP with fr_timer for this transaction (s).")
    fr_inv_timer_avp = modparam("", "AVP with fr_inv_timer for this transaction (s).")
    on_sl_reply = modparam("", "onreply_route for replies without a transaction.")
    contacts_avp = modparam("", "AVP for t_load_contacts.")
    contact_flows_avp = modparam("", "AVP for t_next_contact_flow.")
    xavp_contact = modparam("", "XAVP with the attributes of a contact.")
    disable_6xx_block = modparam(0, "A 6xx does not end the other branches.")
    local_ack_mode = modparam(0, "Where the ACK to a 2xx of our own INVITE goes: 0 RFC 3261.")
    failure_reply_mode = modparam(
        3, "What the failure route forgets: 0 nothing, 1 all, 2 the last, 3 all if it relays."
    )
    faked_reply_prio = modparam(0, "Added to the priority of faked replies.")
    remap_503_500 = modparam(1, "Relay a 503 as 500.")
    failure_exec_mode = modparam(0, "1: a branch that cannot be sent runs into its time-out.")
    dns_reuse_rcv_socket = modparam(0, "Fail over by the socket the request came in by.")
    local_cancel_reason = modparam(1, "Say the reason in CANCELs of our own.")
    e2e_cancel_reason = modparam(1, "Copy the Reason of a CANCEL.")
    relay_100 = modparam(0, "Relay a 100 too.")
    rich_redirect = modparam(0, "Contacts of a 3xx: 1 adds branch flags, 2 adds the path.")
    reply_relay_mode = modparam(1, "1: a further 2xx is relayed and not kept.")
    event_callback = modparam("", "Has no effect: there is no KEMI.")
    event_callback_lres_sent = modparam("", "Has no effect: there is no KEMI.")
    exec_time_check = modparam(5_000, "Has no effect: nothing can run that long.")
    enable_uac_fr = modparam(0, "Failure routes for requests of our own.")
