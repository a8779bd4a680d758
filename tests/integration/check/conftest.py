"""The account that the check asks: the Mateo emulator."""

from tests.integration.mateo_emulator.conftest import emulator, http, server

__all__ = ["emulator", "http", "server"]
