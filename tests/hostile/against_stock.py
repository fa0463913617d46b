#!/usr/bin/python3
"""The same table of messages against a stock server, as a check of the table and for comparison.

    against_stock.py named|knotd [part of a case name]

The server holds the zone as a primary and takes UPDATEs by TSIG; where it can, it limits them to
the five controlled RRsets at the apex. Prints every case that the server answers otherwise than
the table says, and the counts. Stock servers answer any query, so the group "question" differs.
"""

import collections
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
os.environ.setdefault("CHORALE_COMBINER", "/bin/false")

import combiner_process as process  # noqa: E402
import kit  # noqa: E402
import primary as owner_side  # noqa: E402
import test_hostile_messages as messages  # noqa: E402
import wire  # noqa: E402
import world as attacked  # noqa: E402


def quoted(owner):
    """Zone text of a name in wire form."""
    out, at = "", 0
    while owner[at]:
        for octet in owner[at + 1:at + 1 + owner[at]]:
            character = chr(octet)
            out += character if character.isalnum() and octet < 128 or character in "-_*" else (
                f"\\{octet:03}")
        out += "."
        at += 1 + owner[at]
    return out or "."


def zone_text(zone):
    lines = []
    for owner, kind, ttl, rdata in [zone.soa(), *zone.versions[zone.current]]:
        lines.append(f"{quoted(owner)} {ttl} IN TYPE{kind} \\# {len(rdata)} {rdata.hex()}")
    return "\n".join(lines) + "\n"


class StockWorld(attacked.World):
    def __init__(self, directory, program):
        self.directory = pathlib.Path(directory)
        self.program = program
        self.zone = owner_side.PrimaryZone(kit.APEX)
        self.zone.publish(attacked.OWNER_SERIAL, owner_side.sample_rows(kit.APEX))
        self.worst = (0.0, "")
        self.port, self.port_claim = process.claim_port()
        (self.directory / "zone").write_text(zone_text(self.zone))
        command = getattr(self, program)()
        self.server = subprocess.Popen(command, stdout=subprocess.DEVNULL,
                                       stderr=open(self.directory / "log", "wb"))
        self.pid = self.server.pid

    @property
    def target(self):
        return "127.0.0.1", self.port

    def __enter__(self):
        process.wait_until(lambda: self.serial() is not None, 15, "stock server has no zone")
        self.fill_overlay()
        return self

    def __exit__(self, *_):
        if self.server.poll() is None:
            self.server.send_signal(signal.SIGTERM)
            try:
                self.server.wait(10)
            except subprocess.TimeoutExpired:
                self.server.kill()

    def check_content(self):
        """Not asked of a stock server: Knot stores names in lower case."""

    def is_unharmed(self):
        return self.server.poll() is None

    def named(self):
        keys = "".join(f'key "{key.name}" {{ algorithm {key.short_algorithm}; '
                       f'secret "{key.base64}"; }};\n' for key in kit.ALL_KEYS)
        grants = "".join(f'grant {key.name} name {kit.APEX} NS DNSKEY CDS CDNSKEY CSYNC;\n'
                         for key in kit.UPDATER_KEYS)
        config = self.directory / "named.conf"
        config.write_text(
            keys + f'options {{ directory "{self.directory}"; pid-file none; recursion no; '
            f"listen-on port {self.port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; "
            "allow-query { 127.0.0.1; !127.0.0.2; " + "".join(
                f'key "{key.name}"; ' for key in kit.UPDATER_KEYS) + "}; "
            f'allow-transfer {{ 127.0.0.1; key "{kit.SIGNER_KEY.name}"; }}; notify no; '
            'session-keyfile none; dnssec-validation no; }; controls { };\n'
            f'zone "{kit.APEX}" {{ type primary; file "zone"; check-names ignore; '
            f"masterfile-format text; check-wildcard no; update-policy {{ {grants} }}; "
            f"allow-query {{ any; }}; }};\n")
        return [shutil.which("named") or "/usr/sbin/named", "-g", "-c", str(config)]

    def knotd(self):
        keys = "".join(f"  - id: {key.name}\n    algorithm: {key.short_algorithm}\n"
                       f"    secret: {key.base64}\n" for key in kit.ALL_KEYS)
        updaters = ", ".join(key.name for key in kit.UPDATER_KEYS)
        (self.directory / "db").mkdir()
        config = self.directory / "knot.conf"
        config.write_text(
            f"server:\n  rundir: {self.directory}\n  listen: 127.0.0.1@{self.port}\n"
            f"database:\n  storage: {self.directory}/db\n"
            f"key:\n{keys}acl:\n  - id: friend\n    address: 127.0.0.1\n    action: transfer\n"
            f"  - id: signer\n    key: {kit.SIGNER_KEY.name}\n    action: transfer\n"
            f"  - id: updater\n    key: [{updaters}]\n    action: update\n"
            f"    update-type: [NS, DNSKEY, CDS, CDNSKEY, CSYNC]\n"
            f"    update-owner: name\n    update-owner-match: equal\n"
            f"    update-owner-name: [\"{kit.APEX}\"]\n"
            f"zone:\n  - domain: {kit.APEX}\n    storage: {self.directory}\n    file: zone\n"
            f"    acl: [updater, signer, friend]\n    semantic-checks: off\n")
        return [shutil.which("knotd") or "/usr/sbin/knotd", "-c", str(config)]


def main():
    program, only = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else ""
    sent, odd = 0, collections.Counter()
    process.TRANSFER_FLAGS = wire.QR  # Knot sends AXFR without AA
    with tempfile.TemporaryDirectory() as directory, StockWorld(directory, program) as world:
        messages.ANSWER_SECONDS = 0.5
        for case in kit.CASES:
            if only not in case.full_name:
                continue
            for transport in (("udp", "tcp") if case.transport == "both" else (case.transport,)):
                sent += 1
                try:
                    messages.attack(world, case, transport)
                except (AssertionError, wire.Malformed, OSError) as fault:
                    odd[case.group] += 1
                    print(f"{case.full_name} [{transport}]: {(str(fault) or repr(fault)).splitlines()[0][:150]}")
                if not world.is_unharmed():
                    print(f"{program} has ended after {case.full_name}")
                    return
        print(f"{program}: {sent} sent, {sum(odd.values())} otherwise than the table: {dict(odd)}; "
              f"worst SOA {world.worst[0] * 1000:.1f} ms after {world.worst[1]}")


if __name__ == "__main__":
    main()
