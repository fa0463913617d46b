"""DNS messages by hand: what the benchmarks send is made before the clock runs."""

import select
import socket
import struct
import time

import dns.message
import dns.name
import dns.rrset
import dns.tsig

SOA, AXFR, IXFR = 6, 252, 251


def name_wire(name):
    return dns.name.from_text(name).to_wire()


def query(name, rdtype, identifier=0x4242, key=None, serial=None):
    """A query without EDNS; `serial` for IXFR (RFC 1995 3)."""
    message = dns.message.make_query(name, rdtype)
    message.flags = 0
    message.id = identifier
    if serial is not None:
        message.authority.append(dns.rrset.from_text(
            name, 0, "IN", "SOA", "ns1.%s hostmaster.%s %d 1 1 1 1" % (name, name, serial)))
    return signed(message, key)


def signed(message, key):
    if key:
        message.use_tsig(key.dns)
    return message.to_wire()


def notify(name, serial, identifier):
    """RFC 1996 3.7: with the SOA as a hint, which BIND looks at."""
    wire = name_wire(name)
    header = struct.pack("!HHHHHH", identifier, 0x2400, 1, 1, 0, 0)
    return header + wire + struct.pack("!HH", SOA, 1) + soa_record(serial)


def soa_record(serial, timers=(86400, 43200, 2592000, 300)):
    """SOA at the name in the question."""
    rdata = b"\x03ns1\xc0\x0c\x0ahostmaster\xc0\x0c" + struct.pack("!IIIII", serial, *timers)
    return b"\xc0\x0c" + struct.pack("!HHIH", SOA, 1, 300, len(rdata)) + rdata


def framed(message):
    return struct.pack("!H", len(message)) + message


def skip_name(octets, at):
    while octets[at]:
        if octets[at] >= 0xc0:
            return at + 2
        at += octets[at] + 1
    return at + 1


def first_serial(octets):
    """The serial of the SOA that is the first answer, or None."""
    if len(octets) < 12 or octets[3] & 15 or not struct.unpack_from("!H", octets, 6)[0]:
        return None
    at = skip_name(octets, skip_name(octets, 12) + 4)
    if struct.unpack_from("!H", octets, at)[0] != SOA:
        return None
    at = skip_name(octets, skip_name(octets, at + 10))
    return struct.unpack_from("!I", octets, at)[0]


def read_exactly(connection, size):
    octets = bytearray(size)
    view = memoryview(octets)
    while view:
        count = connection.recv_into(view)
        if not count:
            raise EOFError("the connection was closed")
        view = view[count:]
    return octets


def read_message(connection):
    return read_exactly(connection, struct.unpack("!H", read_exactly(connection, 2))[0])


def soa_serial(endpoint, name, source=None):
    """The serial served, over UDP; None if there is none (yet)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.settimeout(0.5)
        probe.connect(endpoint)
        try:
            probe.send(query(name, "SOA"))
            return first_serial(probe.recv(4096))
        except OSError:
            return None


def await_serial(endpoint, name, serial, deadline=300.0):
    end = time.monotonic() + deadline
    while True:
        seen = soa_serial(endpoint, name)
        if seen == serial:
            return
        if time.monotonic() > end:
            raise TimeoutError("%s serves serial %s of %s, not %s" % (endpoint, seen, name, serial))
        select.select([], [], [], 0.01)  # between two looks
