"""Database URLs as Kamailio reads them; each line was tried on Kamailio's parser or its source."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.db.url import DatabaseUrl
from sipproxy.errors import DatabaseError


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("sqlite:////var/k.db", ("sqlite", "", "", "", 0, "/var/k.db")),
        ("sqlite:///k.db", ("sqlite", "", "", "", 0, "k.db")),
        ("sqlite://here/k.db", ("sqlite", "", "", "here", 0, "k.db")),
        ("mysql://kamailio:rw@localhost/kamailio", ("mysql", "kamailio", "rw", "localhost", 0)),
        ("mysql://u@h:3307/db", ("mysql", "u", "", "h", 3307, "db")),
        ("mysql://h:3307/db", ("mysql", "", "", "h", 3307, "db")),
        ("mysql://u:p@ss:w/rd@h/db", ("mysql", "u", "p@ss:w/rd", "h", 0, "db")),
        ("mysql://u@dom:p@h/db", ("mysql", "u@dom", "p", "h", 0, "db")),
        ("postgres://u:p@[::1]:5433/db", ("postgres", "u", "p", "::1", 5433, "db")),
        ("postgres://u:p@h/db?x=1", ("postgres", "u", "p", "h", 0, "db")),
        ("text:///etc/kamailio/dbtext", ("text", "", "", "", 0, "/etc/kamailio/dbtext")),
        ("text://dbtext", ("text", "", "", "", 0, "dbtext")),
    ],
)
def test_parts(text: str, parts: tuple[object, ...]) -> None:
    url = DatabaseUrl.parse(text)
    found = (url.scheme, url.user, url.password, url.host, url.port, url.database)
    assert found[: len(parts)] == parts


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("sqlite://k.db", "it is written sqlite:////absolute/path.db or sqlite:///relative.db"),
        ("mysql://u:secret@h", "it is written mysql://user:password@host/database"),
        ("nothing", "bad database URL of scheme 'nothing'"),
        ("", "bad database URL of scheme ''"),
        ("mysql://h/", "bad database URL"),
        ("mysql:/h/db", "bad database URL"),
        ("mysql://h/" + "d" * 1100, "bad database URL"),
    ],
)
def test_refused(text: str, sentence: str) -> None:
    with pytest.raises(DatabaseError) as error:
        DatabaseUrl.parse(text)
    assert sentence in str(error.value)
    assert "secret" not in str(error.value)


def test_shown_without_the_password() -> None:
    assert str(DatabaseUrl.parse("mysql://u:p@h:33/db")) == "mysql://u@h:33/db"
    assert str(DatabaseUrl.parse("postgres://[::1]/db")) == "postgres://[::1]/db"
    assert str(DatabaseUrl.parse("sqlite:////a/b.db")) == "sqlite:////a/b.db"


def test_a_relative_file_counts_from_the_working_directory() -> None:
    assert DatabaseUrl.parse("sqlite:///k.db").path == os.path.abspath("k.db")
    assert DatabaseUrl.parse("sqlite:////k.db").path == "/k.db"


@given(st.text(max_size=60))
def test_whatever_is_given_is_read_or_refused(rest: str) -> None:
    try:
        url = DatabaseUrl.parse(f"mysql://{rest}")
    except DatabaseError:
        return
    assert url.database and "?" not in url.database


def test_folders_of_text_files() -> None:
    assert DatabaseUrl.parse("text:///var/db").path == "/var/db"
    assert DatabaseUrl.parse("text://db").path == "/etc/kamailio/db"
    assert str(DatabaseUrl.parse("text://db")) == "text://db"
    with pytest.raises(DatabaseError, match="it is written text:///absolute/folder"):
        DatabaseUrl.parse("text:/var/db")
