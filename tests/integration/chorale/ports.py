"""Loopback ports that are free for UDP and TCP and stay ours while the test process lives.

Several test files may run side by side. A probe by bind() alone would race with them between the
probe and the server's own bind, so each port is also claimed by an abstract UNIX socket, which the
kernel gives back when this process ends.
"""

import random
import socket

ADDRESS = "127.0.0.1"
_FIRST, _LAST = 10000, 31999  # below the kernel's ephemeral range, which clients draw from
_claims = []


def _free(port):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                if kind == socket.SOCK_STREAM:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((ADDRESS, port))
            except OSError:
                return False
    return True


def claim():
    """A port on 127.0.0.1 that no other test process will be given."""
    for _ in range(1000):
        port = random.randint(_FIRST, _LAST)
        claim_socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            claim_socket.bind("\0chorale-test-port-%d" % port)
        except OSError:
            claim_socket.close()
            continue
        if _free(port):
            _claims.append(claim_socket)
            return port
        claim_socket.close()
    raise RuntimeError("no free port on %s" % ADDRESS)
