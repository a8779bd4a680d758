"""Binds the stack's ports on loopback, and says in one line which one is taken."""

from __future__ import annotations

import socket

HOST = "127.0.0.1"


class PortTaken(Exception):
    """A port is in use; the text says which, for what, and what to do."""


def listen_on_loopback(port: int, purpose: str, option: str) -> socket.socket:
    """A listening socket on loopback; port 0 takes any that is free.

    Raises:
        PortTaken: if something else listens there.
    """
    # asyncio switches Nagle's algorithm off only for sockets that name their protocol.
    taken = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((HOST, port))
        taken.listen(256)
    except OSError as error:
        taken.close()
        raise PortTaken(
            f"Port {port} for {purpose} is taken or not allowed ({error.strerror}); "
            f"choose another with {option}."
        ) from error
    return taken


def port_of(listening: socket.socket) -> int:
    """The port of a listening socket."""
    port: int = listening.getsockname()[1]
    return port


def free(port: int, purpose: str, option: str) -> int:
    """A port that a child will bind itself: `port` if it is free, any free one for 0."""
    with listen_on_loopback(port, purpose, option) as probe:
        return port_of(probe)
