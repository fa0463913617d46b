"""BIND 9.20: owner's primary, plain secondary and signer (9.18 drops foreign keys)."""

from . import ports
from .key import Key
from .server import Server, require


class Bind(Server):
    kind = "bind"

    def __init__(self, directory, name):
        super().__init__(directory, name)
        self.control_port = ports.claim()
        self.control_key = Key("rndc")

    def configure(self):
        text = """options {{
  directory "{directory}";
  pid-file "{directory}/named.pid";
  session-keyfile "{directory}/session.key";
  managed-keys-directory "{directory}";
  key-directory "{directory}";
  listen-on port {port} {{ {address}; }};
  listen-on-v6 {{ none; }};
  recursion no;
  allow-query {{ any; }};
  dnssec-validation no;
  notify no;
  notify-delay 0;
  min-refresh-time 1;
  min-retry-time 1;
  max-retry-time 2;
  serial-query-rate 200;
  startup-notify-rate 200;
  transfers-per-ns 50;
  max-ixfr-ratio unlimited;
}};
dnssec-policy "ms" {{
  keys {{
    ksk lifetime unlimited algorithm ecdsap256sha256;
    zsk lifetime unlimited algorithm ecdsap256sha256;
  }};
  dnskey-ttl 300;
  cdnskey no;
  cds-digest-types {{ }};
  publish-safety 1; retire-safety 1; zone-propagation-delay 1;
  parent-ds-ttl 1; parent-propagation-delay 1;
  max-zone-ttl 300;
}};
controls {{ inet {address} port {control} allow {{ {address}; }} keys {{ "rndc."; }}; }};
""".format(directory=self.directory, address=self.address, port=self.port,
           control=self.control_port)
        text += "".join(key.bind() for key in self.keys() + [self.control_key])
        for role in self.roles.values():
            lines = ['file "%szone"' % role.name, "masterfile-format text", "notify explicit"]
            if role.kind == "primary":
                self.write_zone(role.zone)
                lines += ["type primary", "ixfr-from-differences yes"]
            else:
                server, key = role.of
                lines += ["type secondary", "request-ixfr yes",
                          "primaries { %s port %d%s; }" % (
                              server.address, server.port, ' key "%s"' % key.name if key else "")]
            if role.kind == "signer":
                lines += ["inline-signing yes", 'dnssec-policy "ms"']
            if role.to:
                lines.append("also-notify { %s }" % " ".join(
                    "%s port %d%s;" % (server.address, server.port,
                                       ' key "%s"' % key.name if key else "")
                    for server, key in role.to))
            allowed = ['key "%s";' % key.name if key else server.address + ";"
                       for server, key in role.to]
            if role.kind != "primary":
                allowed.append("127.0.0.1;")
            lines.append("allow-transfer { %s }" % (" ".join(allowed) or "none;"))
            text += 'zone "%s" { %s; };\n' % (role.name, "; ".join(lines))
        self.write("named.conf", text)
        self.write("rndc.conf", self.control_key.bind() +
                   'options { default-key "rndc."; default-server %s; default-port %d; };\n' % (
                       self.address, self.control_port), 0o600)

    def command(self):
        return [require("named"), "-g", "-n", "1", "-c", str(self.directory / "named.conf")]

    def load(self, zone):
        self.roles[zone.name].zone = zone
        self.write_zone(zone)
        self.control("reload", zone.name)
        self.wait_serial(zone.name, zone.serial)

    def control(self, *words):
        return self.tool(require("rndc"), "-c", self.directory / "rndc.conf", *words)

    def sent_ixfr(self, zone):
        return self.log().count("transfer of '%s/IN': IXFR ended" % zone.rstrip("."))

    def received_ixfr(self, zone):
        return None  # BIND logs its transfers in without their kind
