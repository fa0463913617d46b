"""Knot DNS 3.2: owner's primary, plain secondary and signer."""

import re

from .server import Server, require


class Knot(Server):
    kind = "knot"

    def configure(self):
        remotes, acls, zones = {}, {}, []

        def remote(server, key):
            name = "%s-%s" % (server.name, key.bare if key else "plain")
            remotes[name] = "  - id: %s\n    address: %s@%d\n%s" % (
                name, server.address, server.port, "    key: %s\n" % key.name if key else "")
            return name

        def acl(server, key, action):
            name = "%s-%s-%s" % (server.name, key.bare if key else "plain", action)
            acls[name] = "  - id: %s\n    address: %s\n    action: %s\n%s" % (
                name, server.address, action, "    key: %s\n" % key.name if key else "")
            return name

        for role in self.roles.values():
            lines = ["  - domain: %s" % role.name, "    file: %szone" % role.name]
            allowed = [acl(server, key, "transfer") for server, key in role.to]
            notified = [remote(server, key) for server, key in role.to]
            if role.kind == "primary":
                self.write_zone(role.zone)
                lines += ["    zonefile-load: difference", "    zonefile-sync: -1",
                          "    journal-content: changes"]
                if role.sign:  # the signed zone's serial must be able to run ahead of the file's
                    lines[-3:] = ["    zonefile-load: difference-no-serial",
                                  "    zonefile-sync: -1", "    journal-content: all"]
            else:
                acls["anyone"] = "  - id: anyone\n    address: 127.0.0.1\n    action: transfer\n"
                allowed += [acl(*role.of, "notify"), "anyone"]
                lines += ["    master: %s" % remote(*role.of), "    zonefile-load: none",
                          "    zonefile-sync: -1", "    journal-content: all",
                          "    refresh-min-interval: 2", "    retry-min-interval: 1",
                          "    retry-max-interval: 2"]
            if role.kind == "signer" or role.sign:
                lines += ["    dnssec-signing: on", "    dnssec-policy: ms"]
            if allowed:
                lines.append("    acl: [%s]" % ", ".join(allowed))
            if notified:
                lines.append("    notify: [%s]" % ", ".join(notified))
            zones.append("\n".join(lines) + "\n")
        text = """server:
  rundir: "{directory}"
  listen: {address}@{port}
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
log:
  - target: stderr
    any: info
database:
  storage: "{directory}/db"
  journal-db-max-size: 64M
  kasp-db-max-size: 64M
  timer-db-max-size: 16M
template:
  - id: default
    storage: "{directory}"
policy:
  - id: ms
    algorithm: ecdsap256sha256
    dnskey-management: incremental
    delete-delay: 1h
    cds-cdnskey-publish: none
    dnskey-ttl: 300
    zone-max-ttl: 300
    propagation-delay: 1
    rrsig-lifetime: 14d
    rrsig-refresh: 7d
""".format(address=self.address, port=self.port, directory=self.directory)
        if self.keys():
            text += "key:\n" + "".join(key.knot() for key in self.keys())
        if remotes:
            text += "remote:\n" + "".join(remotes.values())
        if acls:
            text += "acl:\n" + "".join(acls.values())
        text += "zone:\n" + "".join(zones)
        (self.directory / "db").mkdir(exist_ok=True)
        self.write("knot.conf", text)

    def command(self):
        return [require("knotd"), "-c", str(self.directory / "knot.conf")]

    def load(self, zone):
        self.roles[zone.name].zone = zone
        self.write_zone(zone)
        self.control("zone-reload", zone.name)
        self.wait_serial(zone.name, zone.serial)

    def control(self, *words):
        return self.tool(require("knotc"), "-s", self.directory / "knot.sock", "-b", *words)

    def sent_ixfr(self, zone):
        return len(re.findall(r"\[%s\] IXFR, outgoing, .* finished" % re.escape(zone), self.log()))

    def received_ixfr(self, zone):
        started = re.findall(r"\[%s\] IXFR, incoming, .* started" % re.escape(zone), self.log())
        return len(started)
