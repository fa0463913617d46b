"""Is a signed zone right? Asked of programs that did not sign it."""

import subprocess

from . import wait, wire
from .zone import compare

_DEADLINE = 60


def _run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=_DEADLINE)
    assert done.returncode == 0, "%s says:\n%s" % (" ".join(command), done.stdout)
    return done.stdout


def write(records, path):
    with open(path, "w") as file:
        for r in records:
            file.write("%s %d IN %s %s\n" % (r.name, r.ttl, r.type, r.text))
    return str(path)


def signed_zone(records, zone, path, tools=("ldns-verify-zone", "kzonecheck", "dnssec-verify")):
    """The zone validates with its own keys, by every tool named."""
    file = write(records, path)
    if "ldns-verify-zone" in tools:
        _run("ldns-verify-zone", file)
    if "kzonecheck" in tools:
        _run("kzonecheck", "-o", zone, "-d", "on", file)
    if "dnssec-verify" in tools:
        _run("dnssec-verify", "-q", "-o", zone, file)


def await_signed(server, zone, path, condition, deadline=30.0):
    """The first transfer of the signed zone that fits `condition` and validates.

    Signers may sign in several steps after they have published the change, so it is what a reader
    of the zone sees in the end that counts."""
    last = ["nothing transferred"]

    def look():
        try:
            seen = server.transfer(zone)
            if seen.rcode != "NOERROR" or not condition(seen):
                last[0] = "%s, which does not fit yet" % seen.rcode
                return None
            signed_zone(seen.contents, zone, path)
            return seen
        except (AssertionError, wire.NoAnswer) as error:
            last[0] = str(error)
            return None
    return wait.until(look, lambda: "%s serves %s signed: %s" % (server.name, zone, last[0]),
                      deadline)


def passed_through(signed, combined, zone):
    """Everything but what a signer makes is as it was sent to the signer."""
    own = wire.SIGNER_TYPES
    compare([r for r in signed if r.type not in own],
            [r for r in combined if r.type not in own], fold=True)


def dnskeys(records):
    return {r.text for r in records if r.type == "DNSKEY"}


def assert_union(signed, foreign):
    """The DNSKEY RRset is the foreign keys and at least a key of the signer's own."""
    seen = dnskeys(signed)
    assert set(foreign) <= seen, "foreign keys that the signer lost: %s" % (set(foreign) - seen)
    assert seen - set(foreign), "no key of the signer's own"
