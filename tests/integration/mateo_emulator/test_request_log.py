"""The log of requests."""

from __future__ import annotations

from tests.integration.mateo_emulator.emulator import Emulator, contact


def test_the_log_knows_every_request_and_no_admin_call(emulator: Emulator) -> None:
    import_id = emulator.post([contact(1), contact(2)]).json()["id"]
    emulator.get({"authorization": "Bearer wrong"}, select="id")
    first, second = emulator.items("requests")
    assert (first["method"], first["path"], first["query"]) == (
        "POST",
        "/api/v1/import",
        "select=id",
    )
    assert (first["status"], first["rows"], first["import_id"]) == (201, 2, import_id)
    assert (second["status"], second["credentials"]) == (403, "wrong")
    assert emulator.items("requests", after=first["n"]) == [second]


def test_downloads_are_logged_but_not_counted(emulator: Emulator) -> None:
    emulator.change("behaviour", failed_inline_max=0)
    done = emulator.imported([{"external_id": "1", "email": "wrong"}])
    used = emulator.look("state")["usage"]["requests"]
    emulator.http.get(done["failed_url"])
    (logged,) = emulator.items("requests", counted=0)
    assert (logged["status"], logged["credentials"]) == (200, "missing")
    assert emulator.look("state")["usage"]["requests"] == used
