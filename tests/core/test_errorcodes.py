"""What error codes mean to a client."""

import pytest

from sipproxy.core.errorcodes import status_of


@pytest.mark.parametrize(
    ("error", "status"), [(-478, 478), (-477, 477), (-12, 500), (-487, 487), (0, 500), (-9, 400)]
)
def test_known_ones(error: int, status: int) -> None:
    found, text = status_of(error)
    assert found == status
    assert text


def test_any_other_is_a_server_error() -> None:
    assert status_of(-12345) == (500, "I'm terribly sorry, server error occurred")
