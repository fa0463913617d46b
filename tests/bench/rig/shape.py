"""The zone that is measured: one generator, the same zone for the same numbers.

Two in three labels are delegations with two name servers, some with glue, some with DS; the others
are hosts with addresses, some with mail and text. About 33 octets a record on the wire when it is
compressed, as in the zone of a registry or a large hosting company.
"""

import random

WORDS = ("alpha", "shop", "blue", "cafe", "dental", "east", "forest", "green", "hotel", "immo", "jazz",
         "kiosk")
# Found again in the octets of a transfer, and nowhere else in the zone.
SERIAL = 0x5A9E0001
CHANGING = "203.0.113.77"
TIMERS = (86400, 43200, 2592000, 300)


def write_zone(path, name, records, version=0):
    """Writes `records` records, not counting the SOA, of zone `name`.

    Versions differ in one label of a hundred, spread over the zone."""
    draw = random.Random(1).random
    with open(path, "w") as file:
        file.write("$ORIGIN %s\n$TTL 3600\n@ 300 IN SOA ns1 hostmaster %d %d %d %d %d\n" % (
            name, SERIAL, *TIMERS))
        lines = ["@ 300 NS ns1", "@ 300 NS ns2", "ns1 A 192.0.2.1", "ns2 A 192.0.2.2",
                 "changing A " + CHANGING]
        left = records
        number = 0
        while left > 0:
            for line in lines[:left]:
                file.write(line + "\n")
            left -= len(lines[:left])
            label = "%s%s%d" % (WORDS[int(draw() * 12)], WORDS[int(draw() * 12)], number)
            host = int(draw() * 250) + 1
            if number % 100 == 50:
                host = (host + version) % 250 + 1
            lines = _delegation(label, host, draw) if number % 3 else _host(label, host, number, draw)
            number += 1


def _delegation(label, host, draw):
    provider = int(draw() * 2000) + host
    if draw() < 0.3:
        lines = ["%s NS ns1.%s" % (label, label), "%s NS ns2.%s" % (label, label),
                 "ns1.%s A 198.51.100.%d" % (label, host), "ns2.%s A 198.18.0.%d" % (label, host)]
    else:
        lines = ["%s NS ns%d.provider%d.example." % (label, n, provider) for n in (1, 2)]
    if draw() < 0.2:
        lines.append("%s DS %d 13 2 %064x" % (label, host * 250, int(draw() * 2**52) * 2**200 + host))
    return lines


def _host(label, host, number, draw):
    lines = ["%s A 198.18.%d.%d" % (label, number % 200, host)]
    if draw() < 0.5:
        lines.append("%s AAAA 2001:db8::%x:%x" % (label, number & 0xffff, host))
    if draw() < 0.5:
        lines.append("www.%s CNAME %s" % (label, label))
    if draw() < 0.3:
        lines += ["%s MX 10 mail.provider%d.example." % (label, int(draw() * 2000)),
                  '%s TXT "v=spf1 include:provider%d.example -all"' % (label, host)]
    return lines
