"""The four servers as they are measured, each as its maintainers would set it up for speed.

Threads and the like are what they are by default. What is durable when (it matters for the figures):

  combiner  zone, overlay and journal are in SQLite, fsync'ed, before they are seen
  knot      increments and UPDATEs are in the journal (LMDB, fsync'ed, journal-db-mode robust) before they
            are seen; a whole zone from AXFR is written to the zone file an hour later
  bind      increments and UPDATEs are in the journal file (fsync'ed) before they are seen; a whole zone
            is written after it is seen
  nsd       nothing is fsync'ed; zone files are written an hour later (the default)
"""

import os

from chorale.bind import Bind as StockBind
from chorale.combiner import Combiner as StockCombiner
from chorale.knot import Knot as StockKnot
from chorale.nsd import Nsd as StockNsd
from chorale.server import require


class Setting:
    """What all of them are told: one zone or a catalog, where from, where to."""

    def __init__(self, zone, primary, key, notify_port, update_key=None, zone_file=None,
                 catalog=None):
        self.zone, self.primary, self.key = zone, primary, key
        self.notify_port = notify_port        # of 127.0.0.1; NOTIFY goes there
        self.update_key = update_key          # who may send UPDATE
        self.zone_file = zone_file            # a primary's own zone, where the server has no primary
        self.catalog = catalog                # the name of a catalog zone, instead of `zone`

    @property
    def keys(self):
        return [k for k in (self.key, self.update_key) if k]


class Combiner(StockCombiner):
    def set_up(self, setting):
        self.add_primary("owner", setting.primary)
        self.add_secondary_raw("sink", ["127.0.0.1:%d" % setting.notify_port], allow=["127.0.0.0/8"],
                               notify=setting.catalog is None)
        self.add_secondary_raw("signed", ["127.0.0.2:9"], key=setting.key, notify=False)
        if setting.update_key:
            self.add_updater("msa", setting.update_key)
        self.add_template(refresh_min=30, retry_min=1)
        if setting.catalog:
            self.add_catalog(setting.catalog, primaries=["owner"])
        else:
            self.add_zone(setting.zone)
        return self


class Knot(StockKnot):
    def set_up(self, setting):
        self.setting = setting
        return self

    def configure(self):
        s = self.setting
        text = """server:
  rundir: "{directory}"
  listen: {address}@{port}
log:
  - target: stderr
    any: notice
database:
  storage: "{directory}/db"
  journal-db-mode: robust
  journal-db-max-size: 2G
key:
{keys}remote:
  - id: owner
    address: {s.primary.address}@{s.primary.port}
  - id: sink
    address: 127.0.0.1@{s.notify_port}
acl:
  - id: owner
    address: 127.0.0.1
    action: notify
  - id: sink
    address: 127.0.0.1
    action: transfer
  - id: signed
    key: {s.key.name}
    action: transfer
""".format(directory=self.directory, address=self.address, port=self.port, s=s,
           keys="".join(k.knot() for k in s.keys))
        if s.update_key:
            text += "  - id: updater\n    key: %s\n    action: update\n" % s.update_key.name
        lines = ["storage: \"%s\"" % self.directory, "zonefile-sync: 3600", "refresh-min-interval: 2",
                 "retry-min-interval: 1", "retry-max-interval: 2"]
        acl = ["sink", "signed"] + (["updater"] if s.update_key else [])
        if s.primary and not s.zone_file:
            lines.append("master: owner")
            acl.append("owner")
        if s.zone_file:
            lines += ["file: \"%s\"" % s.zone_file, "zonefile-load: whole", "zonefile-sync: -1"]
            lines.remove("zonefile-sync: 3600")
        if not s.catalog:
            lines.append("notify: sink")
        lines.append("acl: [%s]" % ", ".join(acl))
        text += "template:\n  - id: default\n    " + "\n    ".join(lines) + "\n"
        if s.catalog:
            text += ("  - id: member\n    " + "\n    ".join(lines) + "\nzone:\n  - domain: %s\n"
                     "    catalog-role: interpret\n    catalog-template: member\n" % s.catalog)
        else:
            text += "zone:\n  - domain: %s\n" % s.zone
        (self.directory / "db").mkdir(exist_ok=True)
        self.write("knot.conf", text)


class Nsd(StockNsd):
    def set_up(self, setting):
        self.setting = setting
        return self

    def configure(self):
        s = self.setting
        self.write("nsd.conf", """server:
  ip-address: {address}@{port}
  username: ""
  chroot: ""
  zonesdir: "{directory}"
  database: ""
  pidfile: "{directory}/nsd.pid"
  xfrdfile: "{directory}/xfrd.state"
  xfrdir: "{directory}"
  xfrd-reload-timeout: 0
  rrl-ratelimit: 0
remote-control:
  control-enable: yes
  control-interface: "{directory}/control"
{keys}zone:
  name: "{zone}"
  zonefile: "{directory}/zone"
  request-xfr: {s.primary.address}@{s.primary.port} NOKEY
  allow-notify: 127.0.0.1 NOKEY
  min-retry-time: 1
  max-retry-time: 2
  store-ixfr: yes
  notify: 127.0.0.1@{s.notify_port} NOKEY
  provide-xfr: 127.0.0.1 NOKEY
  provide-xfr: 127.0.0.2 {key}
""".format(directory=self.directory, address=self.address, port=self.port, s=s,
           zone=s.zone.rstrip("."), key=s.key.bare, keys="".join(k.nsd() for k in s.keys)))


class Bind(StockBind):
    def set_up(self, setting):
        self.setting = setting
        return self

    def configure(self):
        s = self.setting
        options = """  directory "{directory}";
  pid-file "{directory}/named.pid";
  session-keyfile "{directory}/session.key";
  managed-keys-directory "{directory}";
  listen-on port {port} {{ {address}; }};
  listen-on-v6 {{ none; }};
  recursion no;
  allow-query {{ any; }};
  dnssec-validation no;
  notify-delay 0;
  notify-rate 10000;
  startup-notify-rate 10000;
  serial-query-rate 10000;
  min-refresh-time 2;
  min-retry-time 1;
  max-retry-time 2;
  transfers-in 100;
  transfers-per-ns 100;
  transfers-out 100;
  tcp-clients 1000;
  allow-transfer {{ 127.0.0.1; key "{s.key.name}"; }};
""".format(directory=self.directory, address=self.address, port=self.port, s=s)
        zone = ""
        if s.catalog:
            options += """  notify no;
  catalog-zones {{ zone "{s.catalog}" default-primaries {{ {s.primary.address} port {s.primary.port}; }}
    zone-directory "{directory}" min-update-interval 1; }};
""".format(s=s, directory=self.directory)
            zone = """zone "{s.catalog}" {{ type secondary; file "catalog";
  primaries {{ {s.primary.address} port {s.primary.port}; }}; }};
""".format(s=s)
        elif s.zone_file:
            zone = """zone "{s.zone}" {{ type primary; file "{s.zone_file}"; notify explicit;
  also-notify {{ 127.0.0.1 port {s.notify_port}; }};
  allow-update {{ key "{s.update_key.name}"; }}; }};
""".format(s=s)
        else:
            zone = """zone "{s.zone}" {{ type secondary; file "zone"; notify explicit;
  primaries {{ {s.primary.address} port {s.primary.port}; }};
  also-notify {{ 127.0.0.1 port {s.notify_port}; }}; }};
""".format(s=s)
        control = """controls {{ inet {address} port {port} allow {{ {address}; }} keys {{ "rndc."; }}; }};
""".format(address=self.address, port=self.control_port)
        self.write("named.conf", "options {\n%s};\n%s%s%s" % (
            options, control, "".join(k.bind() for k in s.keys + [self.control_key]), zone))
        self.write("rndc.conf", self.control_key.bind() +
                   'options { default-key "rndc."; default-server %s; default-port %d; };\n' % (
                       self.address, self.control_port), 0o600)

    def command(self):
        return [require("named"), "-g", "-c", str(self.directory / "named.conf")]


SERVERS = {"combiner": Combiner, "nsd": Nsd, "knot": Knot, "bind": Bind}


def processes(server):
    """All processes of a server: the group that its start made."""
    group = server.process.pid
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                if os.getpgid(int(entry)) == group:
                    found.append(int(entry))
            except ProcessLookupError:
                pass
    return found


def resident(server):
    """Resident octets; pages that several of its processes share count once."""
    total = 0
    for process in processes(server):
        try:
            with open("/proc/%d/smaps_rollup" % process) as file:
                total += next(int(line.split()[1]) for line in file if line.startswith("Pss:"))
        except (OSError, StopIteration):
            pass
    return total * 1024


def processor_time(server):
    """Nanoseconds that its threads have run."""
    total = 0
    for process in processes(server):
        try:
            for thread in os.listdir("/proc/%d/task" % process):
                with open("/proc/%d/task/%s/schedstat" % (process, thread)) as file:
                    total += int(file.read().split()[0])
        except OSError:
            pass
    return total
