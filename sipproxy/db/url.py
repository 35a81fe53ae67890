"""Database URLs as Kamailio writes them (lib/srdb1/db_id.c)."""

import os
import re
from dataclasses import dataclass

from sipproxy.errors import DatabaseError

_URL = re.compile(
    r"(?P<scheme>[^:]*)://"
    # A user may hold an @, a password may hold @, : and after its first @ also /.
    r"(?:(?P<user>[^:/\[]*)(?::(?P<password>[^@/]*(?:@.*)?))?@)?"
    r"(?P<host>\[[^\]]*\]|[^:/@\[]*)(?::(?P<port>\d*))?"
    r"/(?P<database>[^?]*)(?:\?.*)?",
    re.DOTALL,
)

_FOLDER = re.compile(r"text://(?P<folder>.+)", re.DOTALL)
_FOLDERS = "/etc/kamailio"
"""Where folders lie that are named without a slash at the front (db_text/dbt_base.c)."""

_LONGEST = 1023


@dataclass(frozen=True, slots=True)
class DatabaseUrl:
    """`scheme://[user[:password]@]host[:port]/database`, read.

    Of `sqlite:///rel.db` and `sqlite:////abs/path.db` the database is `rel.db`, `/abs/path.db`:
    what stands behind the third slash. Of `text:///abs/folder` and `text://folder` it is
    `/abs/folder` and `folder`. Port 0 is the default one. What follows a `?` has no meaning, as in
    Kamailio.
    """

    scheme: str
    user: str
    password: str
    host: str
    port: int
    database: str

    @classmethod
    def parse(cls, text: str) -> "DatabaseUrl":
        """Raises DatabaseError with a sentence; it does not repeat the password."""
        folder = _FOLDER.fullmatch(text)
        if folder is not None:
            return cls("text", "", "", "", 0, folder["folder"])
        found = _URL.fullmatch(text) if len(text) <= _LONGEST else None
        if found is None or not found["scheme"] or not found["database"]:
            scheme = text.partition(":")[0]
            hint = ""
            if scheme == "sqlite":
                hint = ": it is written sqlite:////absolute/path.db or sqlite:///relative.db"
            elif scheme in ("mysql", "postgres"):
                hint = f": it is written {scheme}://user:password@host/database"
            elif scheme == "text":
                hint = ": it is written text:///absolute/folder"
            raise DatabaseError(f"bad database URL of scheme {scheme!r}{hint}")
        return cls(
            found["scheme"],
            found["user"] or "",
            found["password"] or "",
            found["host"].strip("[]"),
            int(found["port"] or 0),
            found["database"],
        )

    @property
    def path(self) -> str:
        """The file or folder; an SQLite file that is relative counts from the working directory."""
        if self.scheme == "text":
            return os.path.join(_FOLDERS, self.database)
        return os.path.abspath(self.database)

    def __str__(self) -> str:
        """For a person: the URL without its password."""
        if self.scheme == "text":
            return f"text://{self.database}"
        user = f"{self.user}@" if self.user else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = f":{self.port}" if self.port else ""
        return f"{self.scheme}://{user}{host}{port}/{self.database}"
