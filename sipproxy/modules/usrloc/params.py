"""The parameters of usrloc, those of its database modes among them."""

from collections.abc import Iterator

from sipproxy.core.module import Module, modparam

NO_DB, WRITE_THROUGH, WRITE_BACK, DB_ONLY, READ_ONLY = range(5)
"""Values of db_mode."""

KA_ALL, KA_NAT, KA_UDP = 1, 2, 4
"""Bits of ka_mode: keepalives to all, only to those behind a NAT, only over UDP."""

_MOST_BITS = 20
"""The largest hash_size: a million slots take 70 MB before there is a contact."""


class Params(Module):
    """What a cfg may set."""

    timer_interval = modparam(60, "Seconds between two sweeps; 0 and less: none.")
    timer_procs = modparam(0, "Processes that sweep; accepted, one sweep serves all tables here.")
    hash_size = modparam(10, "Slots of a table, as a power of two; 0 and 1 are 512 slots.")
    use_domain = modparam(0, "Non-zero: the domain belongs to an address-of-record.")
    desc_time_order = modparam(0, "Non-zero: the newest contact is first, whatever its q is.")
    matching_mode = modparam(0, "Same contact by: 0 URI, 1 and Call-ID, 2 and Path, 3 Call-ID.")
    cseq_delay = modparam(20, "Seconds during which the same CSeq is a retransmission.")
    nat_bflag = modparam(-1, "Branch flag of contacts behind a NAT; -1 for none.")
    xavp_contact = modparam("", "XAVP that is kept with a contact.")
    handle_lost_tcp = modparam(0, "Non-zero: a contact ends with its connection.")
    close_expired_tcp = modparam(0, "Non-zero: a connection ends with its contact.")
    skip_remote_socket = modparam(0, "Non-zero: contacts of foreign sockets are not loaded.")
    ka_mode = modparam(0, "Keepalives to contacts: 1 all, 2 behind NAT, 4 over UDP only.")
    ka_from = modparam("sip:server@kamailio.org", "From of keepalives.")
    ka_domain = modparam("kamailio.org", "Domain of To in keepalives where use_domain is off.")
    ka_method = modparam("OPTIONS", "Method of keepalives.")
    ka_filter = modparam(0, "1: keepalives only to contacts of this server's id.")
    ka_timeout = modparam(0, "Seconds without an answer to keepalives that end a contact; 0: none.")
    ka_loglevel = modparam(255, "Level of a line for each answered keepalive; 255: none.")
    ka_logmsg = modparam(" to-uri: [$tu] remote-addr: [$sas]", "Text at the end of that line.")
    server_id_filter = modparam(0, "Non-zero: only rows of this server's id.")

    db_mode = modparam(
        0, "0 memory, 1 and rows at once, 2 and rows at sweeps, 3 rows alone, 4 rows only read."
    )
    db_url = modparam("mysql://kamailio:kamailiorw@localhost/kamailio", "The database.")
    db_load = modparam(1, "0: a start does not read the database.")
    db_insert_update = modparam(0, "1: an insert of what is there updates it.")
    db_update_as_insert = modparam(0, "1: updates are inserts.")
    db_check_update = modparam(0, "1: an update that changes nothing is an insert.")
    db_timer_clean = modparam(0, "1: sweeps remove expired rows.")
    db_ops_ruid = modparam(1, "What a row is found by: 1 ruid, 0 address, 2 both.")
    db_raw_fetch_type = modparam(0, "Without effect, as in Kamailio 5.6.")
    db_insert_null = modparam(0, "1: what is not set is written as NULL.")
    db_clean_tcp = modparam(0, "1: a start removes rows of connections.")
    expires_type = modparam(0, "Expiry in the database: 0 datetime, 1 bigint.")
    rm_expired_delay = modparam(0, "Seconds that expired rows stay, in db_mode 3.")
    version_table = modparam(1, "0: the tables' version is not checked.")
    fetch_rows = modparam(2000, "Rows read at a time.")
    load_rank = modparam(1, "Rank of the process that loads; accepted.")

    ruid_column = modparam("ruid", "Column of the ruid.")
    user_column = modparam("username", "Column of the user.")
    domain_column = modparam("domain", "Column of the domain.")
    contact_column = modparam("contact", "Column of the contact's URI.")
    expires_column = modparam("expires", "Column of the expiry.")
    q_column = modparam("q", "Column of q.")
    callid_column = modparam("callid", "Column of the Call-ID.")
    cseq_column = modparam("cseq", "Column of the CSeq number.")
    flags_column = modparam("flags", "Column of internal flags.")
    cflags_column = modparam("cflags", "Column of branch flags.")
    user_agent_column = modparam("user_agent", "Column of the user agent.")
    received_column = modparam("received", "Column of the source address.")
    path_column = modparam("path", "Column of the path.")
    socket_column = modparam("socket", "Column of our socket.")
    methods_column = modparam("methods", "Column of the methods.")
    instance_column = modparam("instance", "Column of the instance.")
    reg_id_column = modparam("reg_id", "Column of reg-id.")
    server_id_column = modparam("server_id", "Column of the server's id.")
    connection_id_column = modparam("connection_id", "Column of the connection's number.")
    keepalive_column = modparam("keepalive", "Column of the keepalive flag.")
    partition_column = modparam("partition", "Column of the partition.")

    def complaints(self) -> Iterator[str]:
        """Why Kamailio, or this server as yet, does not start with these parameters."""
        if self.rm_expired_delay and self.db_mode != DB_ONLY:
            yield "rm expired delay feature is available for db only mode"
        if self.db_mode not in (NO_DB, WRITE_THROUGH, WRITE_BACK, DB_ONLY, READ_ONLY):
            yield f"db_mode {self.db_mode} is none of 0 to 4"
        elif self.db_mode != NO_DB and self.fetch_rows <= 0:
            yield f"invalid fetch_rows number '{self.fetch_rows}'"
        if self.hash_size > _MOST_BITS:
            yield f"hash_size {self.hash_size} is too big: at most {_MOST_BITS}"
        if not -1 <= self.nat_bflag < 32:
            yield f"bflag index ({self.nat_bflag}) too big!"
