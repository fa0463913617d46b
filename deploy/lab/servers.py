"""The four programs of the demo, each with the configuration that it needs for its part.

    Nsd       the owner's primary: unsigned zone, AXFR, IXFR, NOTIFY
    Combiner  between owner and signer
    Knot      a signer: takes the combined zone by transfer and signs it
    Bind      another one
"""

import base64
import json
import os
import random
import shutil
import signal
import socket
import subprocess

import dns.exception
import dns.message
import dns.query
import dns.rdatatype

from wait import Wrong, until
from zone import NAME

ADDRESS = "127.0.0.1"
# Debian keeps daemons where the PATH of a user does not look.
os.environ["PATH"] += ":/usr/sbin:/sbin"


class Key:
    """A TSIG key (RFC 8945) with a fresh secret, and as the file that nsupdate and dig -k read."""

    def __init__(self, directory, name):
        self.name = name
        self.secret = base64.b64encode(os.urandom(32)).decode()
        self.bind = 'key "%s" { algorithm hmac-sha256; secret "%s"; };\n' % (name, self.secret)
        self.file = write(directory / (name + ".key"), self.bind, 0o600)


class Server:
    """A program that runs in the lab: its folder, its port, its log, its end."""

    def __init__(self, lab, name):
        self.name = name
        self.directory = lab / name
        self.directory.mkdir()
        self.port = free_port()
        self.log = self.directory / "log"
        self.process = None

    def start(self):
        self.configure()
        with open(self.log, "ab") as log:
            # A session of its own: Ctrl-C is the demo's, which ends its servers in order.
            self.process = subprocess.Popen(self.command(), cwd=self.directory, stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, start_new_session=True)
        until("%s answers" % self.name, self.checked(self.is_ready))

    def stop(self):
        """SIGTERM; what does not end in time is killed."""
        if self.running:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self):
        """kill -9, children included: nothing can be written any more."""
        if self.running:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    def checked(self, condition):
        """`condition`, but Wrong as soon as the program has ended."""
        def look():
            if not self.running:
                raise Wrong("%s has ended by itself with %s" % (self.name, self.process.returncode))
            return condition()
        return look

    def ask(self, name, kind):
        """The answer section's RRset as texts; none if there is no answer."""
        query = dns.message.make_query(name, kind, want_dnssec=False)
        try:
            answer, _ = dns.query.udp_with_fallback(query, ADDRESS, timeout=2, port=self.port)
        except (dns.exception.DNSException, OSError):
            return set()
        wanted = dns.rdatatype.from_text(kind)
        return {rdata.to_text() for rrset in answer.answer if rrset.rdtype == wanted for rdata in rrset}

    def serial(self):
        """Of the zone as this server answers it; None where it does not."""
        soa = self.ask(NAME, "SOA")
        return int(soa.pop().split()[2]) if soa else None

    def is_ready(self):
        return self.serial() is not None


class Nsd(Server):
    def __init__(self, lab, zone, key):
        super().__init__(lab, "owner")
        self.zone, self.key = zone, key
        self.version = output("nsd", "-v").split("\n")[0].replace(" version", "")

    def configure(self):
        self.write_zone()
        write(self.directory / "nsd.conf", f"""server:
  ip-address: {ADDRESS}@{self.port}
  username: ""
  chroot: ""
  zonesdir: "{self.directory}"
  database: ""
  pidfile: "{self.directory}/nsd.pid"
  xfrdfile: "{self.directory}/xfrd.state"
  xfrdir: "{self.directory}"
  server-count: 1
  xfrd-reload-timeout: 0
  rrl-ratelimit: 0
remote-control:
  control-enable: yes
  control-interface: "{self.directory}/control"
key:
  name: "{self.key.name}"
  algorithm: hmac-sha256
  secret: "{self.key.secret}"
zone:
  name: "{NAME}"
  zonefile: "{self.directory}/zone"
  store-ixfr: yes
  create-ixfr: yes
  provide-xfr: {ADDRESS} {self.key.name}
  notify: {ADDRESS}@{self.combiner.port} {self.key.name}
""", 0o600)

    def command(self):
        return ["nsd", "-d", "-c", "nsd.conf"]

    def write_zone(self):
        write(self.directory / "zone", self.zone.text())

    def reload(self):
        """The owner has edited the zone."""
        self.write_zone()
        output("nsd-control", "-c", self.directory / "nsd.conf", "reload", NAME)


class Combiner(Server):
    """It is asked with its own client verbs."""

    def __init__(self, lab, program, keys):
        super().__init__(lab, "combiner")
        self.program = program
        self.keys = keys
        self.admin_port = free_port()
        self.file = self.directory / "combiner.toml"
        self.version = output(program, "--version").strip()

    def configure(self):
        write(self.directory / "token", os.urandom(16).hex() + "\n", 0o600)
        keys = "".join(f"""
[[key]]
name = "{key.name}"
algorithm = "hmac-sha256"
secret = "{key.secret}"
""" for key in self.keys.values())
        write(self.file, f"""[dns]
listen = ["{ADDRESS}:{self.port}"]

[state]
directory = "{self.directory}/state"

[admin]
listen = "{ADDRESS}:{self.admin_port}"
token_file = "{self.directory}/token"
{keys}
[[primary]]
name = "owner"
addresses = ["{ADDRESS}:{self.owner.port}"]
key = "{self.keys['owner-xfr'].name}"

[[secondary]]
name = "signer"
addresses = ["{ADDRESS}:{self.signer.port}"]
key = "{self.keys['signer-xfr'].name}"

# Who wants to see the combined zone itself: may transfer it, and is not notified.
[[secondary]]
name = "reader"
addresses = ["{ADDRESS}"]
key = "{self.keys['reader'].name}"
notify = false

[[updater]]
name = "msa"
key = "{self.keys['msa-update'].name}"

[[zone]]
name = "{NAME}"
primaries = ["owner"]
secondaries = ["signer", "reader"]
updaters = ["msa"]
""", 0o600)

    def command(self):
        return [self.program, "run", "--config", self.file]

    def is_ready(self):
        zone = self.zone()
        return zone is not None and zone["state"] == "serving"

    def zone(self):
        """What `combiner zone` tells with --json; None while the daemon does not answer."""
        done = subprocess.run([self.program, "zone", NAME, "--json", "--config", self.file],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=60)
        return json.loads(done.stdout) if done.returncode == 0 else None

    def serial(self):
        zone = self.zone()
        return zone and zone["combined_serial"]

    def overlay(self):
        """All records that updates have put over the owner's zone: {type: [text]}."""
        return {entry["type"]: entry["records"] for entry in self.zone()["overlay"]}


class Knot(Server):
    def __init__(self, lab, combiner, key):
        super().__init__(lab, "signer")
        self.combiner, self.key = combiner, key
        self.version = output("knotd", "-V").strip().replace("knotd (Knot DNS), version", "Knot DNS")

    def configure(self):
        write(self.directory / "knot.conf", f"""server:
  rundir: "{self.directory}"
  listen: {ADDRESS}@{self.port}
log:
  - target: stderr
    any: info
database:
  storage: "{self.directory}"
  journal-db-max-size: 1G
  kasp-db-max-size: 64M
  timer-db-max-size: 16M
key:
  - id: {self.key.name}
    algorithm: hmac-sha256
    secret: {self.key.secret}
remote:
  - id: combiner
    address: {ADDRESS}@{self.combiner.port}
    key: {self.key.name}
acl:
  - id: combiner-notifies
    address: {ADDRESS}
    key: {self.key.name}
    action: notify
  - id: anyone-here
    address: {ADDRESS}
    action: transfer
policy:
  - id: multi-signer
    algorithm: ecdsap256sha256
    dnskey-management: incremental  # keep the DNSKEYs that come with the zone
    delete-delay: 1h
    cds-cdnskey-publish: none       # they come with the zone
    dnskey-ttl: 3600
zone:
  - domain: {NAME}
    storage: "{self.directory}"
    master: combiner
    acl: [combiner-notifies, anyone-here]
    zonefile-load: none
    zonefile-sync: -1
    journal-content: all
    dnssec-signing: on
    dnssec-policy: multi-signer
""", 0o600)

    def command(self):
        return ["knotd", "-c", "knot.conf"]

    def is_signed(self):
        """Knot serves a zone when all of it is signed."""
        return bool(self.ask(NAME, "DNSKEY"))

    def is_ready(self):
        return (self.directory / "knot.sock").exists()


class Bind(Server):
    def __init__(self, lab, combiner, key):
        super().__init__(lab, "signer")
        self.combiner, self.key = combiner, key
        self.control = Key(self.directory, "rndc")
        self.control_port = free_port()
        self.version = output("named", "-v").split("-")[0]

    def configure(self):
        # AppArmor lets /usr/sbin/named write in a few folders only; a copy may work in this one.
        shutil.copy(shutil.which("named"), self.directory / "named")
        write(self.directory / "named.conf", self.key.bind + self.control.bind + f"""options {{
  directory "{self.directory}";
  pid-file none;
  session-keyfile "{self.directory}/session.key";
  listen-on port {self.port} {{ {ADDRESS}; }};
  listen-on-v6 {{ none; }};
  recursion no;
  allow-transfer {{ {ADDRESS}; }};
  dnssec-validation no;
  notify no;
  sig-signing-nodes 1000;       # a zone of this size is signed in large steps
  sig-signing-signatures 1000;
}};
controls {{ inet {ADDRESS} port {self.control_port} allow {{ {ADDRESS}; }} keys {{ "rndc"; }}; }};
dnssec-policy "multi-signer" {{
  keys {{
    ksk lifetime unlimited algorithm ecdsap256sha256;
    zsk lifetime unlimited algorithm ecdsap256sha256;
  }};
  dnskey-ttl 3600;
  cdnskey no;                   # CDS and CDNSKEY come with the zone
  cds-digest-types {{ }};
}};
zone "{NAME}" {{
  type secondary;
  primaries {{ {ADDRESS} port {self.combiner.port} key "{self.key.name}"; }};
  file "{self.directory}/zone";
  inline-signing yes;
  dnssec-policy "multi-signer";
  checkds no;
}};
""", 0o600)

    def command(self):
        return [self.directory / "named", "-g", "-c", "named.conf"]

    def is_signed(self):
        """BIND serves the zone while it still signs it: it must say that it is done, with both keys.

        Changes that came in meanwhile could leave it unsigned."""
        said = self.rndc("signing", "-list", NAME)
        return said.count("Done signing with key") >= 2 and "Signing with key" not in said

    def is_ready(self):
        return bool(self.rndc("status"))

    def rndc(self, *words):
        done = subprocess.run(["rndc", "-s", ADDRESS, "-p", str(self.control_port), "-k", self.control.file,
                               *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        return done.stdout


def write(path, text, mode=0o644):
    """Whole or not at all: whoever reads `path` sees the old or the new file."""
    part = path.with_name(path.name + ".part")
    part.touch(mode)
    part.write_text(text)
    part.replace(path)
    return path


def output(*command, **more):
    """What a tool prints on stdout and stderr; Wrong if it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    if done.returncode != 0:
        raise Wrong("%s failed:\n%s" % (" ".join(map(str, command)), done.stdout[-2000:]))
    return done.stdout


_given = set()


def free_port():
    """Free for UDP and TCP, and below the range that the kernel gives to clients."""
    for _ in range(1000):
        port = random.randint(10000, 31999)
        if port in _given:
            continue
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp, \
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            try:
                tcp.bind((ADDRESS, port))
                udp.bind((ADDRESS, port))
            except OSError:
                continue
        _given.add(port)
        return port
    raise Wrong("no free port on " + ADDRESS)
