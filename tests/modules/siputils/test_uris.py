"""URIs compared and changed; what Kamailio does is recorded in ../recorded/siputils.json."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.modules.siputils import uris
from sipproxy.sip.uri import Uri

NAMES = st.text("abcdefgh", min_size=1, max_size=3)
URIS = st.builds(
    lambda user, host, port, params: (
        f"sip:{user}@{host}{f':{port}' if port else ''}"
        + "".join(f";{name}={value}" for name, value in params)
    ),
    NAMES,
    NAMES,
    st.one_of(st.none(), st.integers(1, 65535)),
    st.lists(st.tuples(NAMES, NAMES), max_size=3),
)


@given(URIS)
def test_a_uri_equals_itself_unless_a_parameter_has_two_values(text: str) -> None:
    uri = Uri.parse(text)
    params = dict(p.split("=") for p in uri.params.split(";") if p)
    repeats = uri.params.count("=") != len(params)
    assert uris.same_record(uri, uri)
    assert repeats or uris.same(uri, uri)


@given(URIS, URIS)
def test_equality_of_records_is_symmetric(one: str, other: str) -> None:
    a, b = Uri.parse(one), Uri.parse(other)
    assert uris.same_record(a, b) == uris.same_record(b, a)


@given(URIS, NAMES)
def test_an_added_parameter_can_be_removed_again(text: str, name: str) -> None:
    longer = uris.with_param(text, Uri.parse(text), f"{name}=new")
    assert uris.param(Uri.parse(longer), name) == "new"
    assert uris.without_param(longer, Uri.parse(longer), name) == text


@pytest.mark.parametrize("text", ["sip:a@b", "sip:a@b;x=1", "sip:a@b?h=1"])
def test_removing_what_is_not_there(text: str) -> None:
    assert uris.without_param(text, Uri.parse(text), "nope") is None


@pytest.mark.parametrize(
    ("text", "user", "host", "changed_user", "changed_host"),
    [
        ("sip:a@h:5;x", "c", "n", "sip:c@h:5;x", "sip:a@n:5;x"),
        ("sip:h;x", "c", "n", "sip:c@h;x", "sip:n;x"),
        ("sip:a@h?q", "", "n", "sip:h?q", "sip:a@n?q"),
        ("nocolon", "c", "n", None, None),
    ],
)
def test_parts_replaced(
    text: str, user: str, host: str, changed_user: str | None, changed_host: str | None
) -> None:
    assert uris.with_user(text, user) == changed_user
    assert uris.with_host(text, host) == changed_host


def test_no_uri_has_no_parameter() -> None:
    assert uris.param(None, "x") is None
    assert uris.param(Uri.parse("sip:a@b"), "x") is None
