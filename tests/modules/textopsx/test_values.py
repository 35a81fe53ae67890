"""Values in a header's text, beside the recorded cases."""

from hypothesis import given
from hypothesis import strategies as st

from sipproxy.modules.textopsx.values import parameter, parameter_in_list, params_start, values

texts = st.text('ab,;=<>" \\', max_size=25)


@given(texts)
def test_values_cover_the_text(text: str) -> None:
    at = 0
    for span in values(text):
        assert span.whole_start == at
        assert span.whole_start <= span.start <= span.end <= span.whole_end
        assert text[span.start : span.end] == text[span.start : span.end].strip()
        at = span.whole_end
    assert at == len(text)


def test_commas_in_quotes() -> None:
    text = 'a, "b,\\"c", d;p="x,y"'
    assert [text[v.start : v.end] for v in values(text)] == ["a", '"b,\\"c"', 'd;p="x,y"']


@given(texts)
def test_no_text_goes_round_for_ever(text: str) -> None:
    start = params_start(text, 0, len(text))
    assert start == len(text) or text[start] == ";"
    for found in (parameter(text, "a", start, len(text)), parameter_in_list(text, "a", 0)):
        assert 0 <= found.delete_at <= found.delete_end <= len(text)
        assert not found.there or found.delete_at <= found.update_at <= found.update_end


def test_parameters() -> None:
    text = '"N;" <sip:a;x=1>;p = "1;2" ;q'
    start = params_start(text, 0, len(text))
    found = parameter(text, "P", start, len(text))
    assert text[found.delete_at : found.delete_end] == ';p = "1;2"'
    assert text[found.update_at : found.update_end] == ' = "1;2"'
    assert parameter(text, "q", start, len(text)).there
    assert not parameter(text, "x", start, len(text)).there


def test_parameters_between_commas() -> None:
    text = 'Digest realm="a, b", nonce=n'
    found = parameter_in_list(text, "REALM", 0)
    assert text[found.delete_at : found.delete_end] == 'realm="a, b",'
    assert parameter_in_list(text, "qop", 0).delimiter == ","
    assert parameter_in_list("Digest", "qop", 0).delimiter == " "
    assert parameter_in_list("", "qop", 0).delimiter == ""
