"""PowerDNS 4.7 with SQLite: owner's primary, plain secondary and (live) signer."""

import re
import sqlite3

from .server import Server, require

_SCHEMA = "/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql"


class PowerDns(Server):
    kind = "powerdns"

    def configure(self):
        notify = {"%s:%d" % server.endpoint for role in self.roles.values()
                  for server, _ in role.to}
        self.write("pdns.conf", """launch=gsqlite3
gsqlite3-database={directory}/pdns.sqlite
gsqlite3-dnssec=yes
gsqlite3-pragma-synchronous=0
local-address={address}
local-port={port}
socket-dir={directory}
primary=yes
secondary=yes
xfr-cycle-interval=1
direct-dnskey=yes
only-notify=
also-notify={notify}
allow-axfr-ips=127.0.0.0/8
cache-ttl=0
query-cache-ttl=0
negquery-cache-ttl=0
dnssec-key-cache-ttl=0
zone-cache-refresh-interval=0
zone-metadata-cache-ttl=0
receiver-threads=1
distributor-threads=1
retrieval-threads=1
loglevel=6
log-timestamp=yes
disable-syslog=yes
query-logging=no
security-poll-suffix=
""".format(directory=self.directory, address=self.address, port=self.port,
           notify=",".join(sorted(notify))))
        database = self.directory / "pdns.sqlite"
        if database.exists():
            return
        with open(_SCHEMA) as schema, sqlite3.connect(database) as db:
            db.executescript("PRAGMA journal_mode=WAL;" + schema.read())
        db.close()
        for key in self.keys():
            self.utility("import-tsig-key", key.bare, key.algorithm, key.secret)
        for role in self.roles.values():
            self._create(role)

    def _create(self, role):
        if role.kind == "primary":
            self.utility("load-zone", role.bare, self.write_zone(role.zone))
            self.utility("set-kind", role.bare, "primary")
            self.utility("set-meta", role.bare, "SOA-EDIT", "")
        else:
            server, key = role.of
            self.utility("create-slave-zone", role.bare, "%s:%d" % server.endpoint)
            self.utility("set-meta", role.bare, "IXFR", "1")
            if key:
                self.utility("set-meta", role.bare, "AXFR-MASTER-TSIG", key.bare)
        keyed = [key.bare for _, key in role.to if key]
        if keyed:
            self.utility("set-meta", role.bare, "TSIG-ALLOW-AXFR", *keyed)
        if role.kind == "signer":
            for kind in ("ksk", "zsk"):
                self.utility("add-zone-key", role.bare, kind, "active", "ecdsa256")
            self.utility("set-meta", role.bare, "SLAVE-RENOTIFY", "1")

    def command(self):
        return [require("pdns_server"), "--config-dir=%s" % self.directory, "--daemon=no",
                "--guardian=no", "--write-pid=no"]

    def load(self, zone):
        self.roles[zone.name].zone = zone
        self.utility("load-zone", zone.name.rstrip("."), self.write_zone(zone))
        self.control("purge", zone.name.rstrip(".") + "$")
        self.wait_serial(zone.name, zone.serial)
        self.control("notify", zone.name.rstrip("."))

    def utility(self, *words):
        return self.tool(require("pdnsutil"), "--config-dir=%s" % self.directory, *words)

    def control(self, *words):
        return self.tool(require("pdns_control"), "--config-dir=%s" % self.directory, *words)

    def sent_ixfr(self, zone):
        return None  # as a primary PowerDNS answers IXFR with the whole zone

    def received_ixfr(self, zone):
        return len(re.findall(r"IXFR-in zone: '%s', .* got \d+ delta" % re.escape(
            zone.rstrip(".")), self.log()))
