"""The parameters of acc, read and checked (Kamailio modules/acc/acc_mod.c)."""

import re

from sipproxy.core.log import FACILITIES, NOTICE
from sipproxy.core.module import Module, modparam
from sipproxy.errors import ModuleError
from sipproxy.modules.acc.extras import Extra, read_extras, read_legs

_FLAGS = ("failed_transaction_flag", "log_flag", "log_missed_flag", "acc_prepare_flag")
_DB_FLAGS = ("db_flag", "db_missed_flag")
_MOST_FILTERED = 15
_MOST_FLAG = 31


class Base(Module):
    """What is written, and how."""

    early_media = modparam(0, "Provisional replies with a body are written too.")
    failed_transaction_flag = modparam(-1, "Flag of requests whose replies from 300 on count too.")
    failed_filter = modparam("", "Statuses of such that do not count: 401,407.")
    report_ack = modparam(0, "The ACK to a 2xx is written too.")
    report_cancels = modparam(0, "CANCELs count as other requests do.")
    detect_direction = modparam(0, "Change the tags where the callee sent the request.")
    acc_prepare_flag = modparam(-1, "Flag of requests that a later flag may make count.")
    acc_prepare_always = modparam(0, "Any request may be made to count by a later flag.")
    reason_from_hf = modparam(0, "The reason is that of the header Reason, if there is one.")
    multi_leg_info = modparam("", "AVPs with the parts that each leg adds: name=$avp(x);...")
    log_flag = modparam(-1, "Flag of requests that the log tells of.")
    log_missed_flag = modparam(-1, "Flag of INVITEs that the log tells of when they fail.")
    log_level = modparam(NOTICE, "Level of the lines.")
    log_facility = modparam("", "Syslog facility of the lines.")
    log_extra = modparam("", "What a line has more: name=$pv;name2=$pv2.")
    time_mode = modparam(0, "1 microseconds, 2 a fraction, 3 local time, 4 UTC beside timestamp.")
    time_attr = modparam("time_attr", "Name of the time in modes 2 to 4.")
    time_exten = modparam("time_exten", "Name of the microseconds in mode 1.")
    time_format = modparam("%Y-%m-%d %H:%M:%S", "How modes 3 and 4 write the time, for strftime.")
    acc_extra_size = modparam(64, "Most parts that extras may add.")
    acc_extra_nullable = modparam(0, "1: an extra without a value is NULL in the database.")
    clone_msg = modparam(1, "Without effect: a request is never changed by its record.")

    db_url = modparam("", "Database to write to; without it what follows has no effect.")
    db_flag = modparam(-1, "Flag of requests that the database is told of.")
    db_missed_flag = modparam(-1, "Flag of INVITEs that the database is told of when they fail.")
    db_extra = modparam("", "What a row has more: column=$pv;column2=$pv2.")
    db_table_acc = modparam("acc", "Table of requests; may hold pseudo-variables.")
    db_table_missed_calls = modparam("missed_calls", "Table of missed calls; as db_table_acc.")
    db_insert_mode = modparam(0, "Without effect: a row is always added aside, in order.")
    acc_method_column = modparam("method", "Column of the method.")
    acc_from_tag_column = modparam("from_tag", "Column of the From tag.")
    acc_to_tag_column = modparam("to_tag", "Column of the To tag.")
    acc_callid_column = modparam("callid", "Column of the Call-ID.")
    acc_sip_code_column = modparam("sip_code", "Column of the status.")
    acc_sip_reason_column = modparam("sip_reason", "Column of the reason.")
    acc_time_column = modparam("time", "Column of the time.")

    cdr_enable = modparam(0, "Records of whole calls: an error, they need the module dialog.")
    cdr_skip = modparam("", "Counts with cdr_enable.")
    cdr_log_enable = modparam(1, "Counts with cdr_enable.")
    cdr_start_on_confirmed = modparam(0, "Counts with cdr_enable.")
    cdr_facility = modparam("", "Counts with cdr_enable.")
    cdr_extra = modparam("", "Counts with cdr_enable.")
    cdr_extra_nullable = modparam(0, "Counts with cdr_enable.")
    cdr_extra_size = modparam(64, "Counts with cdr_enable.")
    cdr_start_id = modparam("start_time", "Counts with cdr_enable.")
    cdr_end_id = modparam("end_time", "Counts with cdr_enable.")
    cdr_duration_id = modparam("duration", "Counts with cdr_enable.")
    cdr_expired_dlg_enable = modparam(0, "Counts with cdr_enable.")
    cdr_on_failed = modparam(1, "Counts with cdr_enable.")
    cdrs_table = modparam("", "Counts with cdr_enable.")

    def __init__(self, host: object) -> None:
        super().__init__(host)
        self.extras: tuple[Extra, ...] = ()
        self.legs: tuple[Extra, ...] = ()
        self.filtered: frozenset[int] = frozenset()

    def read_parameters(self) -> None:
        """Check the parameters and look up what they name; raises ModuleError."""
        for name in (*_FLAGS, *(_DB_FLAGS if self.db_url else ())):
            if not -1 <= getattr(self, name) <= _MOST_FLAG:
                raise ModuleError(f"{name}: {getattr(self, name)} is no flag")
        if self.log_facility and self.log_facility not in FACILITIES:
            raise ModuleError(f'log_facility: "{self.log_facility}" does not exist')
        if self.cdr_enable:
            raise ModuleError("cdr_enable: records of calls need the module dialog")
        self.filtered = _read_filter(self.failed_filter)
        self.extras = read_extras("log_extra", self.log_extra, self.host, self.acc_extra_size)
        self.legs = read_legs(self.multi_leg_info, self.host)


def _read_filter(text: str) -> frozenset[int]:
    """The statuses of `failed_filter`; raises ModuleError."""
    codes = text.split(",") if text else []
    for code in codes:
        if not re.fullmatch("[3-9][0-9][0-9]", code):
            raise ModuleError(f"failed_filter: {code!r} is no status of a failure")
    if len(codes) > _MOST_FILTERED:
        raise ModuleError(f"failed_filter: more than {_MOST_FILTERED} statuses")
    return frozenset(map(int, codes))
