"""Kamailio's own tables, as the scripts of 5.6 create them, and the table of their versions.

Types, defaults, indexes and versions are those of Kamailio's scripts for each kind of database
(utils/kamctl/*/*-create.sql).
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    REAL,
    Column,
    Constraint,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeEngine, UserDefinedType


def text_column(name: str, length: int, default: str | None = "") -> Column[Any]:
    """VARCHAR(length) NOT NULL with a default; None for no default."""
    given = None if default is None else text(f"'{default}'")
    return Column(name, String(length), server_default=given, nullable=False)


def number_column(
    name: str, default: int | None = 0, *, small: bool = False, unsigned: int = 0
) -> Column[Any]:
    """INTEGER or SMALLINT NOT NULL with a default; None for no default.

    `unsigned` it is in MySQL alone, shown with so many digits.
    """
    given = None if default is None else text(str(default))
    kind: TypeEngine[Any] = SmallInteger() if small else Integer()
    if unsigned:
        number = mysql.SMALLINT if small else mysql.INTEGER
        kind = kind.with_variant(number(unsigned, unsigned=True), "mysql", "mariadb")
    return Column(name, kind, server_default=given, nullable=False)


class _Time(UserDefinedType[Any]):
    """A point in time in local time, as the scripts write it for all but MySQL."""

    cache_ok = True

    def get_col_spec(self, **more: Any) -> str:
        """The type's name in SQL."""
        return "TIMESTAMP WITHOUT TIME ZONE"


def time_column(name: str, default: str | None = None) -> Column[Any]:
    """A point in time, NOT NULL, with a default; None for no default."""
    given = None if default is None else text(f"'{default}'")
    kind: TypeEngine[Any] = _Time().with_variant(mysql.DATETIME(), "mysql", "mariadb")
    return Column(name, kind, server_default=given, nullable=False)


def real_column(name: str, default: str, digits: tuple[int, int]) -> Column[Any]:
    """REAL NOT NULL with a default; MySQL keeps so many digits, so many of them a fraction."""
    kind: TypeEngine[Any] = REAL().with_variant(mysql.FLOAT(*digits), "mysql", "mariadb")
    return Column(name, kind, server_default=text(default), nullable=False)


def kamailio_table(metadata: MetaData, name: str, version: int, *parts: Any) -> Table:
    """A table of Kamailio's: its `id`, what else it has, and its row in `version`."""
    number = Integer().with_variant(mysql.INTEGER(unsigned=True), "mysql", "mariadb")
    key = Column("id", number, primary_key=True, nullable=False)
    return Table(name, metadata, key, *parts, info={"version": version})


def kamailio_tables() -> MetaData:
    """The tables that `sipproxy db` knows, each with its version in `info`."""
    known = MetaData()
    kamailio_table(
        known,
        "version",
        1,
        text_column("table_name", 32, None),
        number_column("table_version", unsigned=10),
        UniqueConstraint("table_name", name="version_table_name_idx"),
    )
    kamailio_table(
        known,
        "subscriber",
        7,
        text_column("username", 64),
        text_column("domain", 64),
        text_column("password", 64),
        text_column("ha1", 128),
        text_column("ha1b", 128),
        UniqueConstraint("username", "domain", name="subscriber_account_idx"),
        Index("subscriber_username_idx", "username"),
    )
    _permissions(known)
    _locations(known)
    _accounts(known)
    _users(known)
    kamailio_table(
        known,
        "secfilter",
        1,
        number_column("action", small=True),
        number_column("type", small=True),
        text_column("data", 64),
        Index("secfilter_secfilter_idx", "action", "type", "data"),
    )
    kamailio_table(
        known,
        "pl_pipes",
        1,
        text_column("pipeid", 64),
        text_column("algorithm", 32),
        number_column("plimit"),
    )
    kamailio_table(
        known,
        "htable",
        2,
        text_column("key_name", 64),
        number_column("key_type"),
        number_column("value_type"),
        text_column("key_value", 128),
        number_column("expires"),
    )
    return known


_LONG_AGO = "2000-01-01 00:00:01"


def _contacts(
    known: MetaData, name: str, version: int, *more: Index, contact: int, received: int
) -> None:
    kamailio_table(
        known,
        name,
        version,
        text_column("ruid", 64),
        text_column("username", 64),
        Column("domain", String(64), server_default=text("NULL")),
        text_column("contact", contact),
        Column("received", String(received), server_default=text("NULL")),
        Column("path", String(512), server_default=text("NULL")),
        time_column("expires", "2030-05-28 21:32:15"),
        real_column("q", "1.0", (10, 2)),
        text_column("callid", 255, "Default-Call-ID"),
        number_column("cseq", 1),
        time_column("last_modified", _LONG_AGO),
        number_column("flags"),
        number_column("cflags"),
        text_column("user_agent", 255),
        Column("socket", String(64), server_default=text("NULL")),
        Column("methods", Integer, server_default=text("NULL")),
        Column("instance", String(255), server_default=text("NULL")),
        *map(number_column, ("reg_id", "server_id", "connection_id", "keepalive", "partition")),
        UniqueConstraint("ruid", name=f"{name}_ruid_idx"),
        Index(f"{name}_account_contact_idx", "username", "domain", "contact"),
        Index(f"{name}_expires_idx", "expires"),
        *more,
    )


def _locations(known: MetaData) -> None:
    connections = (
        Index("location_tcpcon_idx", "connection_id"),
        Index("location_connection_idx", "server_id", "connection_id"),
    )
    _contacts(known, "location", 9, *connections, contact=512, received=128)
    _contacts(known, "aliases", 8, contact=255, received=255)
    kamailio_table(
        known,
        "location_attrs",
        1,
        text_column("ruid", 64),
        text_column("username", 64),
        Column("domain", String(64), server_default=text("NULL")),
        text_column("aname", 64),
        number_column("atype"),
        text_column("avalue", 512),
        time_column("last_modified", _LONG_AGO),
        Index("location_attrs_account_record_idx", "username", "domain", "ruid"),
        Index("location_attrs_last_modified_idx", "last_modified"),
    )


def _users(known: MetaData) -> None:
    kamailio_table(
        known,
        "usr_preferences",
        2,
        text_column("uuid", 64),
        Column("username", String(255), server_default=text("0"), nullable=False),
        text_column("domain", 64),
        text_column("attribute", 32),
        number_column("type"),
        text_column("value", 128),
        time_column("last_modified", _LONG_AGO),
        Index("usr_preferences_ua_idx", "uuid", "attribute"),
        Index("usr_preferences_uda_idx", "username", "domain", "attribute"),
    )
    kamailio_table(
        known,
        "dbaliases",
        1,
        text_column("alias_username", 64),
        text_column("alias_domain", 64),
        text_column("username", 64),
        text_column("domain", 64),
        Index("dbaliases_alias_user_idx", "alias_username"),
        Index("dbaliases_alias_idx", "alias_username", "alias_domain"),
        Index("dbaliases_target_idx", "username", "domain"),
    )


def _accounts(known: MetaData) -> None:
    for name, version in (("acc", 5), ("missed_calls", 4)):
        kamailio_table(
            known,
            name,
            version,
            text_column("method", 16),
            text_column("from_tag", 128),
            text_column("to_tag", 128),
            text_column("callid", 255),
            text_column("sip_code", 3),
            text_column("sip_reason", 128),
            time_column("time"),
            Index(f"{name}_callid_idx", "callid"),
        )
    kamailio_table(
        known,
        "acc_cdrs",
        2,
        time_column("start_time", "2000-01-01 00:00:00"),
        time_column("end_time", "2000-01-01 00:00:00"),
        real_column("duration", "0", (10, 3)),
        Index("acc_cdrs_start_time_idx", "start_time"),
    )


def _permissions(known: MetaData) -> None:
    kamailio_table(
        known,
        "trusted",
        6,
        text_column("src_ip", 50, None),
        text_column("proto", 4, None),
        Column("from_pattern", String(64), server_default=text("NULL")),
        Column("ruri_pattern", String(64), server_default=text("NULL")),
        Column("tag", String(64)),
        number_column("priority"),
        Index("trusted_peer_idx", "src_ip"),
    )
    kamailio_table(
        known,
        "address",
        6,
        number_column("grp", 1, unsigned=11),
        text_column("ip_addr", 50, None),
        number_column("mask", 32),
        number_column("port", small=True, unsigned=5),
        Column("tag", String(64)),
    )


def versions(tables: Iterable[Table]) -> dict[str, int]:
    """The version of each table, as Kamailio's modules ask for it."""
    return {table.name: table.info["version"] for table in tables}


def name_as_in_mysql(table: Table) -> None:
    """Kamailio's scripts for MySQL name indexes without the table's name."""
    named: list[Index | Constraint] = [*table.indexes, *table.constraints]
    for one in named:
        if one.name is not None:
            one.name = str(one.name).removeprefix(f"{table.name}_")
