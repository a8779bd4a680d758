"""Columns of Mateo's list of imports that hold something else than they should."""

import pytest

from tests.unit.mateo.serving import PERMIT, Server, listed


@pytest.mark.parametrize("link", [None, 3, {"href": "/files/1"}, ["/files/1"], False])
def test_a_link_that_is_no_text_is_none(link: object) -> None:
    server = Server(listed({"id": "i1", "failed_url": link, "payload_url": link}))

    result = server.api.result(PERMIT, "i1")

    assert result is not None
    assert (result.failed_url, result.payload_url) == (None, None)


def test_a_reference_id_that_is_shown_as_a_number_is_compared_as_text() -> None:
    result = Server(listed({"id": "i1", "reference_id": 7})).api.result(PERMIT, "i1")

    assert result is not None
    assert result.reference_id == "7"
