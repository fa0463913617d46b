"""The demo: owner -> combiner -> signer, what passes through, and what a kill -9 takes away (nothing).

Started by deploy/demo; the servers' configurations are in servers.py, the owner's zone in zone.py.
"""

import argparse
import collections
import glob
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time

import dns.dnssec
import dns.rdata

from servers import ADDRESS, Bind, Combiner, Key, Knot, Nsd, output, write
from wait import Wrong, until
from zone import NAME, TTL, OwnerZone

RECORDS = 100_000
# What updates bring here, and what a signer adds (in TYPE65534 BIND keeps notes on its signing).
CONTROLLED = {"NS", "DNSKEY", "CDS", "CDNSKEY"}
SIGNERS_OWN = {"DNSKEY", "RRSIG", "NSEC", "NSEC3", "NSEC3PARAM", "TYPE65534"}


class Story:
    """One run, with one signer: says what it does, with the seconds since it began."""

    def __init__(self):
        self.began = time.monotonic()
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="chorale-demo-"))
        self.servers = []
        self.providers = {}   # DNSKEYs by the name of the provider whose they are
        self.pushed = 0       # records that updates have added

    def set_up(self, program, signer):
        self.keys = {name: Key(self.directory, name)
                     for name in ("owner-xfr", "signer-xfr", "msa-update", "reader")}
        self.zone = OwnerZone(RECORDS)
        self.owner = Nsd(self.directory, self.zone, self.keys["owner-xfr"])
        self.combiner = Combiner(self.directory, program, self.keys)
        self.signer = signer(self.directory, self.combiner, self.keys["signer-xfr"])
        self.owner.combiner = self.combiner
        self.combiner.owner, self.combiner.signer = self.owner, self.signer
        self.servers = [self.owner, self.combiner, self.signer]

    def tell(self):
        print("\n%s -> %s -> %s\n" % (self.owner.version, self.combiner.version, self.signer.version))
        self.zone_goes_through()
        self.foreign_keys_come()
        self.owner_changes_the_zone()
        self.combiner_is_killed()
        self.owner_comes_back()
        self.say("All as it should be.")

    # The five things that are shown.

    def zone_goes_through(self):
        types = self.zone.types
        self.say("The owner's zone %s has %s records: %s." % (
            NAME, format(len(self.zone), ","), ", ".join(
                "%s %s" % (format(n, ","), "MSIGNER (as TYPE65281)" if t == "TYPE65281" else t)
                for t, n in types.most_common())))
        self.owner.start()
        self.say("The owner (NSD) serves it on port %d." % self.owner.port)
        began = time.monotonic()
        self.combiner.start()
        zone = self.combiner.zone()
        self.expect(zone["records"] == len(self.zone), "the combiner has all records, not %d" % zone["records"])
        self.say("The combiner has it by %s %.1f s after its own start: serial %d, %.1f MB in memory, "
                 "port %d." % (zone["last_transfer_in"]["kind"].upper(), time.monotonic() - began,
                               zone["combined_serial"], zone["octets"] / 1e6, self.combiner.port))
        self.signer.start()
        until("%s has signed the zone" % self.signer.version, self.signer.checked(self.signer.is_signed), 300)
        own = self.signer.ask(NAME, "DNSKEY")
        self.expect(own, "the signer publishes keys")
        self.providers["this signer"] = own
        self.trust(own)
        self.say("The signer (%s, unmodified) has transferred and signed it, on port %d." % (
            self.signer.version, self.signer.port))

    def foreign_keys_come(self):
        lines = self.new_provider("provider-b")
        self.say("Provider B signs the same zone with a ZSK and a KSK of its own. Its DNSKEYs, CDS and CDNSKEY "
                 "and its name server come by nsupdate with TSIG:")
        before = self.combiner.serial()
        began = time.monotonic()
        self.update(lines, show=True)
        acknowledged = time.monotonic()
        after = self.combiner.serial()
        self.expect(after > before, "an UPDATE raises the serial of the combined zone")
        self.await_union()
        self.say("Acknowledged, and by that on disk, after %.2f s; combined serial %d -> %d; the signer has "
                 "published it %.1f s later." % (acknowledged - began, before, after,
                                                 time.monotonic() - acknowledged))
        self.say("The signed zone now has the keys of both, signed by the signer:")
        self.show_union()
        for kind in ("CDS", "CDNSKEY", "NS"):
            self.await_rrset(kind)
        self.verify()

    def owner_changes_the_zone(self):
        self.say("The owner edits the zone: one host more, one alias less.")
        began = time.monotonic()
        new, gone = self.edit_owner_zone()
        self.await_owner_change(new, gone)
        took = time.monotonic() - began
        zone = self.combiner.zone()
        came, went = zone["last_transfer_in"], self.signer_status(zone)["last_transfer"]
        self.expect(came["kind"] == "ixfr", "the owner's change comes by IXFR, not by %s" % came["kind"])
        self.expect(went["kind"] == "ixfr", "the change goes to the signer by IXFR, not by %s" % went["kind"])
        self.say("It is signed and served %.1f s after the edit; by IXFR into the combiner (owner's serial %d) "
                 "and out of it (combined serial %d); the foreign keys are still there." % (
                     took, zone["owner_serial"], zone["combined_serial"]))
        self.await_union()
        self.say("combiner zone %s shows where the change is:" % NAME)
        self.show(output(self.combiner.program, "zone", NAME, "--config", self.combiner.file).splitlines()[1:4])

    def combiner_is_killed(self):
        before = self.combiner.serial()
        lines = self.new_provider("provider-c")
        self.update(lines)
        self.combiner.kill()
        self.owner.stop()
        self.say("Provider C's keys come too, and in the moment in which nsupdate has NOERROR the combiner is "
                 "killed with -9. The owner goes down as well. Then the combiner starts again, alone:")
        began = time.monotonic()
        self.combiner.start()
        took = time.monotonic() - began
        after = self.combiner.zone()
        self.expect(not self.owner.running, "the owner is down")
        self.expect(after["combined_serial"] > before,
                    "the serial of the acknowledged change is kept: %d, after %d" % (
                        after["combined_serial"], before))
        self.expect(after["records"] == len(self.zone) + self.pushed,
                    "all records are there, not %d" % after["records"])
        overlay = self.combiner.overlay()
        for record in map(plain, lines):
            self.expect(normal([record.rdata]) <= normal(overlay.get(record.kind, [])),
                        "what was acknowledged is in the overlay: " + " ".join(map(str, record)))
        self.say("It serves all %s records again after %.1f s, from its own disk, with what was acknowledged. "
                 "As seen by IXFR from serial %d, the serial before it:" % (
                     format(after["records"], ","), took, before))
        self.show(self.changes_since(before, expected=lines))
        until("the signer has the combined serial %d" % after["combined_serial"],
              self.signer_is_level)
        self.await_union()
        self.say("The signer was told of it, and publishes the keys of all three:")
        self.show_union()

    def owner_comes_back(self):
        before = self.combiner.serial()
        new, gone = self.edit_owner_zone(load=False)
        self.owner.start()
        self.await_owner_change(new, gone)
        self.await_union()
        after = self.combiner.serial()
        self.expect(after > before, "serials go forward: %d after %d" % (after, before))
        self.say("The owner comes back with a further change: it passes through, under a serial that nothing "
                 "else had (%d -> %d)." % (before, after))
        self.verify()

    # The owner, and the agents of other providers.

    def edit_owner_zone(self, load=True):
        """Returns a name that is new, and one that is gone."""
        new = "new-%d.%s" % (self.zone.serial, NAME)
        self.zone.add(new, "A", "198.18.0.1")
        gone = self.zone.remove("CNAME")[0]
        self.zone.serial += 1
        if load:
            self.owner.reload()
        return new, gone

    def await_owner_change(self, new, gone):
        until("the combiner has the owner's serial %d" % self.zone.serial,
              self.combiner.checked(lambda: (self.combiner.zone() or {}).get("owner_serial") == self.zone.serial))
        until("the signer serves %s and no more %s" % (new, gone), self.signer.checked(
            lambda: self.signer.ask(new, "A") and not self.signer.ask(gone, "CNAME")))
        self.validated(new, "A")

    def new_provider(self, provider):
        """Its DNSKEYs (KSK and ZSK), CDS, CDNSKEY and NS as lines of a zone file, by BIND's tools."""
        folder = self.directory / provider
        folder.mkdir()
        for flags in ([], ["-f", "KSK"]):
            output("dnssec-keygen", "-q", "-K", folder, "-L", str(TTL), "-a", "ECDSAP256SHA256", *flags, NAME)
        lines = ["%s %d IN NS ns1.%s.example." % (NAME, TTL, provider)]
        for file in sorted(glob.glob(str(folder / "K*.key"))):
            key = pathlib.Path(file).read_text().strip().split("\n")[-1]
            lines.append(key)
            if plain(key).rdata.startswith("257 "):
                lines.append(output("dnssec-dsfromkey", "-C", "-2", "-T", str(TTL), file).strip())
                lines.append(key.replace("DNSKEY", "CDNSKEY"))
        self.providers[provider] = {r.rdata for r in map(plain, lines) if r.kind == "DNSKEY"}
        return lines

    def update(self, lines, show=False):
        """Adds RRs in one UPDATE by stock nsupdate; Wrong if it is not acknowledged."""
        script = ["server %s %d" % (ADDRESS, self.combiner.port), "zone " + NAME]
        script += ["update add " + line for line in lines] + ["send"]
        if show:
            self.show(["nsupdate -k msa-update.key"] + script)
        output("nsupdate", "-k", self.keys["msa-update"].file, "-t", "30", input="\n".join(script) + "\n")
        self.pushed += len(lines)

    # What the signer publishes.

    @property
    def union(self):
        return set().union(*self.providers.values())

    def await_union(self):
        """The DNSKEY RRset is the signer's own keys and all foreign ones, and validates."""
        until("the signer publishes the DNSKEYs of %s" % ", ".join(self.providers), self.signer.checked(
            lambda: normal(self.signer.ask(NAME, "DNSKEY")) == normal(self.union)))
        self.validated(NAME, "DNSKEY")

    def await_rrset(self, kind):
        wanted = normal(self.combiner.overlay()[kind])
        until("the signer publishes the combiner's %s RRset" % kind, self.signer.checked(
            lambda: normal(self.signer.ask(NAME, kind)) == wanted))
        self.validated(NAME, kind)

    def signer_is_level(self):
        """It has the combined zone's serial: it was sent, or acknowledged when asked for news."""
        zone = self.combiner.zone()
        signer = self.signer_status(zone)
        sent = (signer["last_transfer"] or {}).get("serial")
        return zone["combined_serial"] in (sent, signer["notify_acknowledged_serial"])

    def signer_status(self, zone=None):
        zone = zone or self.combiner.zone()
        return next(s for s in zone["secondaries"] if s["name"] == "signer")

    def show_union(self):
        rows = []
        for provider, keys in self.providers.items():
            for text in sorted(keys, reverse=True):
                key = dns.rdata.from_text("IN", "DNSKEY", text)
                flags, protocol, algorithm, public = text.split(None, 3)
                text = " ".join((flags, protocol, algorithm, public.replace(" ", "")))
                rows.append("DNSKEY %s %5d of %-12s %s" % (
                    "KSK" if key.flags & 1 else "ZSK", dns.dnssec.key_id(key), provider, text))
        rows.append("NS  %s" % "  ".join(sorted(self.signer.ask(NAME, "NS"))))
        rows += ["CDS " + text for text in sorted(self.signer.ask(NAME, "CDS"))]
        self.show(rows)

    def trust(self, keys):
        """delv believes what these keys sign."""
        anchors = "".join('"%s" static-key %s %s %s "%s"; ' % (NAME, *(key.split()[:3]), "".join(key.split()[3:]))
                          for key in keys if key.startswith("257 "))
        self.anchors = write(self.directory / "anchors", "trust-anchors { %s};\n" % anchors)

    def validated(self, name, kind):
        """delv, a validator that knows no key but the signer's own KSK, accepts the RRset."""
        command = ["delv", "@" + ADDRESS, "-p", str(self.signer.port), "-a", str(self.anchors),
                   "+root=" + NAME, name, kind]
        until("delv validates %s %s" % (name, kind), lambda: "fully validated" in subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout, 30)

    def verify(self):
        """The whole signed zone: it validates, and what the owner wrote is in it, all of it."""
        began = time.monotonic()
        signed = until("the signed zone validates", self.whole_zone_validates, 300)
        took = time.monotonic() - began
        written = self.transfer(self.owner, "AXFR", self.keys["owner-xfr"])
        combined = self.transfer(self.combiner, "AXFR", self.keys["reader"])
        self.expect_equal(combined - written, {r for r in combined if r.name == NAME and r.kind in CONTROLLED},
                          written - combined, "the combined zone is the owner's and the updates")
        self.expect_equal({r for r in signed - combined if r.kind not in SIGNERS_OWN}, set(),
                          combined - signed, "the signed zone is the combined zone and what signers add")
        signatures = sum(r.kind == "RRSIG" for r in signed)
        self.say("ldns-verify-zone and kzonecheck find all %s RRSIG of the signed zone good (%.0f s), and each "
                 "record that the owner wrote is in it." % (format(signatures, ","), took))

    def expect_equal(self, extra, may_be_extra, missing, what):
        """SOA apart: each of the three has a serial of its own."""
        wrong = {r for r in (extra - may_be_extra) | missing if r.kind != "SOA"}
        self.expect(not wrong, "%s, but for %s" % (what, [" ".join(map(str, r)) for r in sorted(wrong)[:5]]))

    def whole_zone_validates(self):
        """Its records; nothing while it does not, since signers may sign in steps."""
        records = self.transfer(self.signer, "AXFR", file="signed")
        log = self.directory / "verify.log"
        with open(log, "w") as out:
            tools = [subprocess.Popen(command, cwd=self.directory, stdout=out, stderr=out) for command in (
                ["ldns-verify-zone", "-V", "1", "signed"], ["kzonecheck", "-o", NAME, "-d", "on", "signed"])]
            good = [tool.wait() == 0 for tool in tools]
        return records if all(good) else None

    # Looking at zones.

    def transfer(self, server, kind, key=None, file=None):
        """The zone as a set of records; also in `file`, as dig prints it."""
        text = self.dig(server, kind, key)
        if file:
            write(self.directory / file, text)
        records = set(map(plain, answer_lines(text)))
        self.expect(len(records) > 1, "%s gives the zone by %s:\n%s" % (server.name, kind, text[-500:]))
        return records

    def changes_since(self, serial, expected):
        """IXFR of the combined zone as + and - lines; what it adds must be `expected`."""
        lines = list(map(plain, answer_lines(self.dig(self.combiner, "IXFR=%d" % serial, self.keys["reader"]))))
        self.expect(len(lines) < 100, "the journal has survived: IXFR, not the whole zone")
        rows, sign, added = [], "+", set()
        for record in lines[1:-1]:  # between the new SOAs, each old SOA begins what goes, each new what comes
            rdata = record.rdata
            if record.kind == "SOA":
                sign = "-" if sign == "+" else "+"
                rdata = "... %s ..." % rdata.split()[2]
            elif sign == "+":
                added.add(record)
            rows.append("%s %s %s" % (sign, record.kind, rdata))
        self.expect(set(map(plain, expected)) <= added, "the change that was acknowledged is in the IXFR")
        return rows

    def dig(self, server, kind, key=None):
        return output("dig", "@" + ADDRESS, "-p", str(server.port), *(["-k", key.file] if key else []),
                      "+noall", "+answer", "+time=60", "+tries=1", NAME, kind)

    # Telling, and the end.

    def say(self, text):
        print(textwrap.fill(text, 100, initial_indent="%6.1f s  " % (time.monotonic() - self.began),
                            subsequent_indent=" " * 10, break_on_hyphens=False), flush=True)

    def show(self, lines):
        for line in lines:
            print("          | " + (line if len(line) <= 88 else line[:85] + "..."), flush=True)

    def expect(self, good, what):
        if not good:
            raise Wrong("it was expected that " + what)

    def show_logs(self):
        """The last lines of each program, for whom it went wrong."""
        files = [self.directory / "verify.log"] + [server.log for server in self.servers]
        for file in files:
            if file.exists():
                lines = file.read_text(errors="replace").splitlines()
                print("\n%s:" % file.relative_to(self.directory))
                print("\n".join("  " + line[:300] for line in lines[-15:]), flush=True)

    def leave_running(self):
        stop = write(self.directory / "stop", "".join(
            # The number may be another process's by then.
            '[ "$(readlink /proc/%d/cwd)" != "%s" ] || kill %d\n' % (
                s.process.pid, s.directory, s.process.pid)
            for s in self.servers if s.running) + "rm -rf '%s'\n" % self.directory)
        print("\nIt keeps running; all files are in %s." % self.directory)
        print("To look at it:")
        for line in ("%s zone %s --config %s" % (self.combiner.program, NAME, self.combiner.file),
                     "%s events --config %s" % (self.combiner.program, self.combiner.file),
                     "dig @%s -p %d %s DNSKEY +dnssec +multiline" % (ADDRESS, self.signer.port, NAME),
                     "dig @%s -p %d -k %s %s AXFR" % (ADDRESS, self.combiner.port, self.keys["reader"].file, NAME),
                     "nsupdate -k %s     # then: server %s %d" % (self.keys["msa-update"].file, ADDRESS,
                                                                 self.combiner.port)):
            print("    " + line)
        print("To stop it:\n    sh %s" % stop, flush=True)

    def clean_up(self):
        for server in reversed(self.servers):
            server.stop()
        shutil.rmtree(self.directory, ignore_errors=True)


Record = collections.namedtuple("Record", "name ttl kind rdata")


def plain(line):
    """A line of a zone file or of dig, in one form: what stands in different ways is written alike."""
    name, ttl, _, kind, rdata = line.split(None, 4)
    if kind in ("DNSKEY", "CDS", "CDNSKEY", "DS", "RRSIG", "TLSA", "TYPE65281"):
        head = {"DNSKEY": 3, "CDNSKEY": 3, "CDS": 3, "DS": 3, "TLSA": 3, "RRSIG": 8, "TYPE65281": 2}[kind]
        words = rdata.split()
        joined = "".join(words[head:])
        rdata = " ".join(words[:head] + [joined if kind in ("DNSKEY", "CDNSKEY", "RRSIG") else joined.upper()])
    return Record(name.lower(), int(ttl), kind, rdata)


def answer_lines(text):
    return [line for line in text.splitlines() if line and not line.startswith(";")]


def normal(rdatas):
    """RDATA texts of one type, without the spaces that some programs put into keys and digests."""
    return {re.sub(r"\s+", "", text).lower() for text in rdatas}


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--combiner", required=True)
    arguments.add_argument("--keep", action="store_true")
    arguments.add_argument("signers", nargs="+", choices=["knot", "bind"])
    options = arguments.parse_args()
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    for name in options.signers:
        story = None
        try:
            story = Story()
            story.set_up(options.combiner, {"knot": Knot, "bind": Bind}[name])
            story.tell()
        except Exception as error:  # whatever it is, the logs tell more
            print("\nWRONG: %s" % (error if isinstance(error, Wrong) else repr(error)), flush=True)
            if story:
                story.show_logs()
            return 1
        finally:
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
                signal.signal(number, signal.SIG_IGN)
            if story:
                story.leave_running() if options.keep and story.servers else story.clean_up()
    return 0


if __name__ == "__main__":
    sys.exit(main())
