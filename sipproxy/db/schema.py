"""Kamailio's own tables, as the scripts of 5.6 create them, and the table of their versions.

Types, defaults, indexes and versions are those of Kamailio's db_sqlite scripts
(utils/kamctl/db_sqlite/*-create.sql).
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    Column,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
    text,
)


def text_column(name: str, length: int, default: str | None = "") -> Column[Any]:
    """VARCHAR(length) NOT NULL with a default; None for no default."""
    given = None if default is None else text(f"'{default}'")
    return Column(name, String(length), server_default=given, nullable=False)


def number_column(name: str, default: int | None = 0, *, small: bool = False) -> Column[Any]:
    """INTEGER or SMALLINT NOT NULL with a default; None for no default."""
    given = None if default is None else text(str(default))
    kind = SmallInteger() if small else Integer()
    return Column(name, kind, server_default=given, nullable=False)


def kamailio_table(metadata: MetaData, name: str, version: int, *parts: Any) -> Table:
    """A table of Kamailio's: its `id`, what else it has, and its row in `version`."""
    key = Column("id", Integer, primary_key=True, nullable=False)
    return Table(name, metadata, key, *parts, info={"version": version})


def kamailio_tables() -> MetaData:
    """The tables that `sipproxy db` knows, each with its version in `info`."""
    known = MetaData()
    kamailio_table(
        known,
        "version",
        1,
        text_column("table_name", 32, None),
        number_column("table_version"),
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
        number_column("grp", 1),
        text_column("ip_addr", 50, None),
        number_column("mask", 32),
        number_column("port", small=True),
        Column("tag", String(64)),
    )


def versions(tables: Iterable[Table]) -> dict[str, int]:
    """The version of each table, as Kamailio's modules ask for it."""
    return {table.name: table.info["version"] for table in tables}
