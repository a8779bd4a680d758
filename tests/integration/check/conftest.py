"""The account that the check asks is the Mateo emulator's."""

from tests.integration.mateo_emulator.conftest import emulator, http, server

__all__ = ["emulator", "http", "server"]
