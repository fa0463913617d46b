"""NSD 4: owner's primary and plain secondary. It signs nothing."""

from .server import Server, require


class Nsd(Server):
    kind = "nsd"

    def configure(self):
        text = """server:
  ip-address: {address}@{port}
  username: ""
  chroot: ""
  zonesdir: "{directory}"
  database: ""
  pidfile: "{directory}/nsd.pid"
  xfrdfile: "{directory}/xfrd.state"
  xfrdir: "{directory}"
  server-count: 1
  verbosity: 2
  xfrd-reload-timeout: 0
  zonefiles-check: yes
  zonefiles-write: 0
  rrl-ratelimit: 0
  refuse-any: no
remote-control:
  control-enable: yes
  control-interface: "{directory}/control"
""".format(address=self.address, port=self.port, directory=self.directory)
        text += "".join(key.nsd() for key in self.keys())
        for role in self.roles.values():
            text += 'zone:\n  name: "%s"\n  zonefile: "%s/%szone"\n' % (
                role.bare, self.directory, role.name)
            if role.kind == "primary":
                text += "  store-ixfr: yes\n  create-ixfr: yes\n"
                self.write_zone(role.zone)
            elif role.kind == "secondary":
                server, key = role.of
                word = key.bare if key else "NOKEY"
                text += "  request-xfr: %s@%d %s\n" % (server.address, server.port, word)
                text += "  allow-notify: %s %s\n" % (server.address, word)
                text += "  min-retry-time: 1\n  max-retry-time: 2\n  min-refresh-time: 1\n"
            else:
                raise NotImplementedError("NSD does not sign")
            for server, key in role.to:
                word = key.bare if key else "NOKEY"
                text += "  provide-xfr: %s %s\n" % (server.address, word)
                text += "  notify: %s@%d %s\n" % (server.address, server.port, word)
            if role.kind == "secondary":
                text += "  provide-xfr: 127.0.0.1 NOKEY\n"
        self.write("nsd.conf", text)

    def command(self):
        return [require("nsd"), "-d", "-c", str(self.directory / "nsd.conf")]

    def load(self, zone):
        self.roles[zone.name].zone = zone
        self.write_zone(zone)
        self.control("reload", zone.name)
        self.wait_serial(zone.name, zone.serial)

    def control(self, *words):
        return self.tool(require("nsd-control"), "-c", self.directory / "nsd.conf", *words)

    def sent_ixfr(self, zone):
        """How many IXFR questions NSD was asked: it does not tell how it answered."""
        for line in self.control("stats_noreset").splitlines():
            if line.startswith("num.rixfr="):
                return int(line.split("=")[1])
        return 0

    def received_ixfr(self, zone):
        return None  # NSD does not tell the two apart
