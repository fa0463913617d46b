"""Three programs that send RFC 2136 UPDATEs, behind one vocabulary.

    change = Change().add(name, "DNSKEY", rdata).delete(name, "CDS")
    assert updater.send(change) == "NOERROR"
"""

import re
import subprocess

import dns.message
import dns.name
import dns.rcode
import dns.update

from . import wire
from .server import require


class Change:
    """One UPDATE message: prerequisites and operations, in order."""

    def __init__(self, ttl=300):
        self.ttl = ttl
        self.prerequisites = []
        self.operations = []

    # RFC 2136 2.5.
    def add(self, name, rdtype, *rdatas, ttl=None):
        for rdata in rdatas:
            self.operations.append(("add", name, self.ttl if ttl is None else ttl, rdtype, rdata))
        return self

    def delete(self, name, rdtype, *rdatas):
        """Without RDATA the whole RRset (2.5.2), else those RRs (2.5.4)."""
        for rdata in rdatas or (None,):
            self.operations.append(("delete", name, rdtype, rdata))
        return self

    def delete_name(self, name):
        """All RRsets of a name (2.5.3)."""
        self.operations.append(("delete", name, None, None))
        return self

    # RFC 2136 2.4.
    def require_rrset(self, name, rdtype, *rdatas):
        for rdata in rdatas or (None,):
            self.prerequisites.append(("yxrrset", name, rdtype, rdata))
        return self

    def require_no_rrset(self, name, rdtype):
        self.prerequisites.append(("nxrrset", name, rdtype, None))
        return self

    def require_name(self, name):
        self.prerequisites.append(("yxdomain", name, None, None))
        return self

    def require_no_name(self, name):
        self.prerequisites.append(("nxdomain", name, None, None))
        return self

    def message(self, zone):
        message = dns.update.UpdateMessage(zone)
        for kind, name, rdtype, rdata in self.prerequisites:
            name = dns.name.from_text(name)
            if kind == "yxrrset":
                message.present(name, rdtype, *([rdata] if rdata else []))
            elif kind == "yxdomain":
                message.present(name)
            elif kind == "nxrrset":
                message.absent(name, rdtype)
            else:
                message.absent(name)
        for operation in self.operations:
            name = dns.name.from_text(operation[1])
            if operation[0] == "add":
                message.add(name, *operation[2:])
            elif operation[2] is None:
                message.delete(name)
            elif operation[3] is None:
                message.delete(name, operation[2])
            else:
                message.delete(name, operation[2], operation[3])
        return message

    def script(self, address, port, zone):
        """In the language that nsupdate and knsupdate share."""
        lines = ["server %s %d" % (address, port), "zone %s" % zone]
        for kind, name, rdtype, rdata in self.prerequisites:
            lines.append(" ".join(["prereq", kind, name] + [w for w in (rdtype, rdata) if w]))
        for operation in self.operations:
            if operation[0] == "add":
                lines.append("update add %s %d %s %s" % operation[1:])
            else:
                lines.append(" ".join(["update delete", operation[1]] +
                                      [w for w in operation[2:] if w]))
        return "\n".join(lines + ["send", "answer", ""])


class Updater:
    name = "updater"

    def __init__(self, server, zone, key, tcp=False):
        self.server, self.zone, self.key, self.tcp = server, zone, key, tcp

    def send(self, change):
        """The RCODE of the answer as text, with the TSIG error where one was given."""
        raise NotImplementedError


class _Program(Updater):
    program = None
    complaint = None

    def send(self, change):
        command = [require(self.program)]
        if self.key:
            command += ["-y", self.key.option]
        if self.tcp:
            command.append("-v")
        done = subprocess.run(command + self.options, text=True, timeout=30,
                              input=change.script(*self.server.endpoint, self.zone),
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        found = re.search(self.complaint, done.stdout)
        if found:
            return found.group(1)
        # knsupdate shows the TSIG error in the place of the RCODE.
        status = re.search(r"status: (\w+)", done.stdout)
        assert status, "no answer shown by %s:\n%s" % (self.program, done.stdout)
        assert done.returncode == 0 or status.group(1) != "NOERROR", done.stdout
        return status.group(1)


class Nsupdate(_Program):
    name = program = "nsupdate"
    options = ["-t", "10"]
    complaint = r"update failed: ([A-Z]+(?:\([A-Z]+\))?)"


class Knsupdate(_Program):
    name = program = "knsupdate"
    options = ["-t", "10"]
    complaint = r"update failed with error '([A-Z]+)'"


class Dnspython(Updater):
    name = "dnspython"

    def send(self, change):
        octets, mac = change.message(self.zone).to_wire(), b""
        if self.key:
            octets, mac = wire.sign(octets, self.key)
        return rcode_of(wire.exchange(self.server.endpoint, octets, self.tcp), self.key, mac)


def rcode_of(answer, key=None, mac=b""):
    """RCODE and TSIG error of an answer's octets; a signature that is there is verified."""
    message, tsig = wire.bare(answer)
    text = dns.rcode.to_text(message.rcode())
    error = tsig.error if tsig else 0
    if error:
        return "%s(%s)" % (text, {16: "BADSIG", 17: "BADKEY", 18: "BADTIME",
                                  22: "BADTRUNC"}.get(error, error))
    if key and tsig:
        wire.parse(answer, key, mac)
    elif key:
        return text + " unsigned"
    return text


UPDATERS = {u.name: u for u in (Nsupdate, Knsupdate, Dnspython)}
