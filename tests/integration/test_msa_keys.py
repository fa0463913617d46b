"""The agent's keys and records, as other programs see them: BIND, Knot, NSD, nsupdate, openssl.

The small disk is a tmpfs in a private mount namespace, as in test_storage.py.
"""

import base64
import concurrent.futures
import hashlib
import os
import re
import resource
import signal
import subprocess

import dns.dnssec
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import pytest
from cryptography.hazmat.primitives import serialization

from chorale import msa, wait, wire
from chorale.bind import Bind
from chorale.server import require
from test_storage import namespace

IDENTITY = "msa.example."
ALGORITHMS = {"ed25519": 15, "ecdsap256sha256": 13}
ZONE_HEAD = """$ORIGIN example.
$TTL 300
@ SOA ns.example. hostmaster.example. 1 3600 600 86400 300
@ NS ns.example.
ns A 127.0.0.1
"""
_DEADLINE = 60.0


class Keys:
    def __init__(self, directory, algorithm="ed25519"):
        self.directory = directory
        self.algorithm = ALGORITHMS[algorithm]
        self.said = msa.printed("keygen", "--directory", directory, "--identity", IDENTITY,
                                "--algorithm", algorithm)

    @property
    def sig0(self):
        return self.directory / "sig0.pem"

    @property
    def tls(self):
        return self.directory / "tls.pem"

    def records(self, *more):
        return msa.printed("records", "--directory", self.directory, "--identity", IDENTITY,
                           "--address", "192.0.2.1", "--address", "2001:db8::1", *more)

    def record(self, kind):
        """The line of the one record of this type."""
        lines = [line for line in self.records().splitlines() if " IN %s " % kind in line]
        assert len(lines) == 1, lines
        return lines[0]


@pytest.fixture(params=sorted(ALGORITHMS))
def keys(request, tmp_path):
    return Keys(tmp_path / "keys", request.param)


def _tool(*words, **more):
    done = subprocess.run([require(words[0]), *map(str, words[1:])], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=_DEADLINE, **more)
    assert done.returncode == 0, (words, done)
    return done.stdout


def _contents(directory):
    return {path.name: path.read_bytes() for path in directory.iterdir()}


# What other programs make of it.

def test_name_servers_take_the_records(keys, tmp_path):
    file = tmp_path / "zone"
    for more in [(), ("--dns-port", "5399", "--api-port", "8443", "--ttl", "60")]:
        file.write_text(ZONE_HEAD + keys.records(*more))
        _tool("named-checkzone", "-k", "fail", "-n", "fail", "-r", "fail", "example.", file)
        _tool("kzonecheck", "-o", "example.", file)
        _tool("nsd-checkzone", "example.", file)


class Updatable(Bind):
    """Serves example., and lets it be changed by who signs as dns.msa.example."""

    def __init__(self, directory, name):
        super().__init__(directory, name)
        self.zone_text = ""

    def configure(self):
        self.write("zone", self.zone_text)
        self.write("named.conf", """options {{
  directory "{directory}"; pid-file none; session-keyfile "{directory}/session.key";
  managed-keys-directory "{directory}"; listen-on port {port} {{ {address}; }};
  listen-on-v6 {{ none; }}; recursion no; dnssec-validation no; notify no;
}};
controls {{ }};
zone "example." {{
  type primary; file "zone"; allow-transfer {{ any; }};
  update-policy {{ grant dns.msa.example. name signed.example. TXT; }};
}};
""".format(directory=self.directory, port=self.port, address=self.address))

    def probe(self):
        return "example."


@pytest.fixture
def served(lab):
    """A running BIND with these lines in its zone."""
    def start(text):
        server = lab._keep(Updatable(lab.directory, "bind"))
        server.zone_text = ZONE_HEAD + text
        return server.start()
    return start


def _rdatas(server, name, kind):
    answer = wire.ask(server.endpoint, name, kind)
    return sorted(rdata.to_digestable() for rrset in answer.answer for rdata in rrset
                  if rrset.name == dns.name.from_text(name))


def test_the_key_record_is_of_the_private_key(keys, served):
    """As BIND reads its text, cryptography the key, and dnspython computes RDATA and tag."""
    private = serialization.load_pem_private_key(keys.sig0.read_bytes(), None)
    expected = dns.dnssec.make_dnskey(private.public_key(), keys.algorithm, flags=512)
    server = served(keys.records())
    assert _rdatas(server, "dns.msa.example.", "KEY") == [expected.to_digestable()]
    assert re.search(r"sig0\.pem: \w+, key tag %d\n" % dns.dnssec.key_id(expected), keys.said)


def _bind_key_files(keys, directory):
    """The private key as nsupdate wants it."""
    private = serialization.load_pem_private_key(keys.sig0.read_bytes(), None)
    if keys.algorithm == 15:
        octets = private.private_bytes(serialization.Encoding.Raw, serialization.PrivateFormat.Raw,
                                       serialization.NoEncryption())
    else:
        octets = private.private_numbers().private_value.to_bytes(32, "big")
    tag = int(re.search(r"key tag (\d+)", keys.said).group(1))
    stem = directory / ("Kdns.msa.example.+%03d+%05d" % (keys.algorithm, tag))
    stem.with_name(stem.name + ".key").write_text(keys.record("KEY") + "\n")
    file = stem.with_name(stem.name + ".private")
    file.write_text("Private-key-format: v1.3\nAlgorithm: %d\nPrivateKey: %s\n" % (
        keys.algorithm, base64.b64encode(octets).decode()))
    file.chmod(0o600)
    return file


def _nsupdate(server, key, text):
    script = "server %s %d\nzone example.\nupdate add signed.example. 300 TXT %s\nsend\n" % (
        *server.endpoint, text)
    return subprocess.run([require("nsupdate"), "-v", "-k", str(key)], input=script, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=_DEADLINE)


def test_bind_verifies_a_signature_by_the_published_key(keys, served, tmp_path):
    """nsupdate signs (SIG(0), RFC 2931) and named looks for the KEY in its zone."""
    server = served(keys.records())
    done = _nsupdate(server, _bind_key_files(keys, tmp_path), "one")
    assert done.returncode == 0, (done, server.log()[-3000:])
    assert _rdatas(server, "signed.example.", "TXT") == [b"\x03one"]

    other = Keys(tmp_path / "other", "ed25519")
    stranger = tmp_path / "stranger"
    stranger.mkdir()
    done = _nsupdate(server, _bind_key_files(other, stranger), "two")
    assert done.returncode != 0, done
    assert _rdatas(server, "signed.example.", "TXT") == [b"\x03one"]


def test_the_owners_record_is_served_as_it_should_be(served):
    text = msa.printed("record", "--zone", "example.", "--state", "on", "--identity", "msa.a.test",
                       "--identity", "msa.b.test.")
    text += msa.printed("record", "--zone", "example", "--state", "OFF", "--identity", "C.test.")
    server = served(text)
    assert _rdatas(server, "example.", "TYPE65281") == sorted(
        state + dns.name.from_text(name).to_wire()
        for state, name in [(b"\1", "msa.a.test."), (b"\1", "msa.b.test."), (b"\2", "C.test.")])
    readable = re.findall(r"(?m)^; (.*)$", text)
    assert readable == ["example. 3600 IN MSIGNER ON msa.a.test.",
                        "example. 3600 IN MSIGNER ON msa.b.test.",
                        "example. 3600 IN MSIGNER OFF C.test."]


def test_the_tlsa_record_is_the_digest_of_the_certificates_key(keys):
    pem = _tool("openssl", "x509", "-in", keys.tls, "-noout", "-pubkey")
    der = _tool("openssl", "pkey", "-pubin", "-outform", "DER", input=pem)
    owner, rdata = keys.record("TLSA").split(" 3600 IN TLSA ")
    assert owner == "_443._tcp.api.msa.example."
    assert rdata == "3 1 1 " + hashlib.sha256(der).hexdigest().upper()
    assert keys.said.endswith("TLSA %s\n" % rdata)
    text = _tool("openssl", "x509", "-in", keys.tls, "-noout", "-text").decode()
    assert "DNS:api.msa.example\n" in text and "Dec 31 23:59:59 9999 GMT" in text
    assert _tool("openssl", "verify", "-CAfile", keys.tls, keys.tls)


@pytest.fixture
def tls_server(tmp_path):
    """openssl s_server with a key file; both ends must show a certificate."""
    started = []

    def start(file):
        log = open(tmp_path / "s_server.log", "w+")
        process = subprocess.Popen(
            [require("openssl"), "s_server", "-accept", "127.0.0.1:0", "-cert", file, "-key", file,
             "-tls1_3", "-Verify", "1", "-naccept", "4", "-rev"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        started.append((process, log))
        found = wait.until(lambda: re.search(r"ACCEPT 127\.0\.0\.1:(\d+)",
                                             (tmp_path / "s_server.log").read_text()),
                           "s_server listens")
        return int(found.group(1))
    yield start
    for process, log in started:
        process.kill()
        process.wait(10)
        log.close()


def _dane_client(port, rdata, file):
    done = subprocess.run(
        [require("openssl"), "s_client", "-connect", "127.0.0.1:%d" % port, "-tls1_3", "-cert",
         file, "-key", file, "-dane_tlsa_domain", "api.msa.example", "-dane_tlsa_rrdata", rdata,
         "-verify_return_error", "-brief"],
        input="Q\n", text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        timeout=_DEADLINE)
    return done.returncode, done.stdout


def test_openssl_takes_the_certificate_by_its_tlsa_record(tmp_path, tls_server):
    one, other = Keys(tmp_path / "one"), Keys(tmp_path / "other")
    port = tls_server(one.tls)
    rdata = {keys: keys.record("TLSA").split(" IN TLSA ")[1] for keys in (one, other)}
    code, text = _dane_client(port, rdata[one], other.tls)
    assert code == 0 and "Verification: OK" in text and "DANE TLSA 3 1 1" in text, text
    code, text = _dane_client(port, rdata[other], other.tls)
    assert code != 0 and "Verification: OK" not in text, text


# What must not happen to keys.

def test_keys_are_never_replaced(keys):
    before = _contents(keys.directory)
    assert set(before) == {"sig0.pem", "tls.pem"}
    for more in [(), ("--only", "sig0"), ("--only", "tls")]:
        done = msa.run("keygen", "--directory", keys.directory, *more)
        assert done.returncode == 1 and done.stdout == "", done
        assert "exists already; keys are never replaced" in done.stderr
        assert _contents(keys.directory) == before
    for path in keys.directory.iterdir():
        assert path.stat().st_mode & 0o7777 == 0o600
    assert keys.directory.stat().st_mode & 0o7777 == 0o700


def test_of_several_that_make_keys_at_a_time_one_does(tmp_path):
    directory = tmp_path / "keys"
    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        runs = list(threads.map(lambda _: msa.run("keygen", "--directory", directory), range(16)))
    assert sorted(done.returncode for done in runs) == [0] + [1] * 15
    assert set(_contents(directory)) == {"sig0.pem", "tls.pem"}
    said = next(done.stdout for done in runs if done.returncode == 0)
    pin = re.search(r"TLSA 3 1 1 \w+", said).group()
    text = msa.printed("records", "--directory", directory, "--identity", IDENTITY, "--address",
                       "192.0.2.1")
    assert pin.replace("TLSA ", "IN TLSA ") in text


def _limit_files(octets):
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (octets, octets))
    return limit


def test_what_cannot_be_written_whole_is_not_there(tmp_path):
    """A file limit with SIGXFSZ ignored is an error of write(), as a full disk is."""
    for room in (0, 50, 400):
        done = msa.run("keygen", "--directory", tmp_path / "keys", preexec_fn=_limit_files(room),
                       restore_signals=False)
        assert done.returncode == 1 and "File too large" in done.stderr, done
        assert _contents(tmp_path / "keys") == {}
    Keys(tmp_path / "keys")


def test_a_kill_in_the_middle_of_writing_leaves_no_half_key(tmp_path):
    """SIGXFSZ kills: in the first file, or in the second one."""
    for room, left in ((50, set()), (400, {"sig0.pem"})):
        directory = tmp_path / str(room)
        done = msa.run("keygen", "--directory", directory, preexec_fn=_limit_files(room))
        assert done.returncode == -signal.SIGXFSZ, done
        names = {name for name in _contents(directory) if name.endswith(".pem")}
        assert names == left
        more = ("--only", "tls") if left else ()
        msa.printed("keygen", "--directory", directory, *more)
        assert "TLSA" in msa.printed("records", "--directory", directory, "--identity", IDENTITY,
                                     "--address", "192.0.2.1")


def _on_disk(disk, options, script):
    """What a shell says to whom $1 is a tmpfs and $2 the program."""
    disk.mkdir()
    script = 'mount -t tmpfs -o mode=0700,%s tmpfs "$1" && { %s; }' % (options, script)
    return subprocess.run(namespace() + ["sh", "-c", script, "sh", disk, msa.program()], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=_DEADLINE)


def test_a_full_disk_leaves_no_key(tmp_path):
    """One page of tmpfs takes the first key and not the second."""
    done = _on_disk(tmp_path / "disk", "size=4k",
                    '"$2" keygen --directory "$1"; echo "code $?"; ls -A "$1"')
    assert done.stdout == "code 1\n", done
    assert re.search(r"tls\.pem: \w+: No space left on device", done.stderr), done


def test_a_directory_that_cannot_be_written_is_named(tmp_path):
    disk = tmp_path / "disk"
    done = _on_disk(disk, "ro", '"$2" keygen --directory "$1"; echo "code $?"; '
                                '"$2" keygen --directory "$1/keys"; echo "code $?"')
    assert done.stdout == "code 1\ncode 1\n", done
    assert re.findall(r"msa: (\S+): .*Read-only file system", done.stderr) == [
        "%s/sig0.pem" % disk, "%s/keys" % disk], done
    if os.geteuid() != 0:
        disk.chmod(0o500)
        done = msa.run("keygen", "--directory", disk)
        assert done.returncode == 1 and "Permission denied" in done.stderr, done


def test_a_directory_that_cannot_be_read_stays_empty(tmp_path):
    """Files can be made in it, but it cannot be synced."""
    directory = tmp_path / "keys"
    directory.mkdir(mode=0o300)
    as_owner = (["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
                if os.geteuid() == 0 else [])
    done = msa.run("keygen", "--directory", directory, before=as_owner)
    directory.chmod(0o700)
    assert done.returncode == 1 and "Permission denied" in done.stderr, done
    assert _contents(directory) == {}


def test_a_half_written_key_is_no_key(keys):
    for path in (keys.sig0, keys.tls):
        whole = path.read_bytes()
        for size in (0, 40, len(whole) // 2, len(whole) - 8):
            path.write_bytes(whole[:size])
            done = msa.run("records", "--directory", keys.directory, "--identity", IDENTITY,
                           "--address", "192.0.2.1")
            assert done.returncode == 1 and done.stdout == "", done
            assert done.stderr.startswith("msa: %s: " % path), done
        path.write_bytes(whole)
    keys.sig0.chmod(0o640)
    done = msa.run("records", "--directory", keys.directory, "--identity", IDENTITY, "--address",
                   "192.0.2.1")
    assert done.returncode == 1 and "set its mode to 0600" in done.stderr, done


def test_output_that_cannot_be_written_is_an_error(keys):
    for words in (("records", "--directory", keys.directory, "--address", "192.0.2.1"),
                  ("record", "--zone", "zone.example.", "--state", "on")):
        with open("/dev/full", "w") as full:
            done = msa.run(*words, "--identity", IDENTITY, stdout=full)
        assert done.returncode == 1 and "could not be written" in done.stderr, done


def test_keys_that_cannot_be_told_of_are_there(tmp_path):
    with open("/dev/full", "w") as full:
        done = msa.run("keygen", "--directory", tmp_path / "keys", stdout=full)
    assert done.returncode == 1 and "could not be written" in done.stderr, done
    assert set(_contents(tmp_path / "keys")) == {"sig0.pem", "tls.pem"}
    msa.printed("records", "--directory", tmp_path / "keys", *_RECORDS[1:])


# What is not understood.

_RECORD = ("record", "--zone", "zone.example.", "--state", "on", "--identity", IDENTITY)
_RECORDS = ("records", "--identity", IDENTITY, "--address", "192.0.2.1")


@pytest.mark.parametrize("words, said", [
    ((), "subcommand is required"),
    (("keygen", "--algorithm", "rsasha256"), "ed25519"),
    (("keygen", "--only", "both"), "sig0"),
    (("keygen", "--identity", "."), "got the root"),
    (("keygen", "--identity", ""), "--identity: expected something"),
    (("records", "--directory", "") + _RECORDS[1:], "--directory: expected something"),
    (("keygen", "--identity", "a/b.example."), "expected labels of letters"),
    (("keygen", "--identity", "a.example.,DNS:*"), "expected labels of letters"),
    (("keygen", "--identity", "a" * 64 + ".example."), "--identity: "),
    (("keygen", "--identity", ".".join(["a" * 59] * 4)), "at most 239 octets"),
    (("records", "--address", "192.0.2.1"), "--identity is required"),
    (("records", "--identity", IDENTITY), "--address is required"),
    (_RECORDS + ("--address", "192.0.2.1:53"), "expected an IPv4 or IPv6 address"),
    (_RECORDS + ("--address", "host.example"), "expected an IPv4 or IPv6 address"),
    (_RECORDS + ("--address", "0.0.0.0"), "no address of a host"),
    (_RECORDS + ("--address", "ff02::1"), "multicast"),
    (_RECORDS + ("--address", "::ffff:192.0.2.1"), "give the IPv4 address"),
    (_RECORDS + ("--dns-port", "0"), "1 to 65535"),
    (_RECORDS + ("--api-port", "65536"), "--api-port"),
    (_RECORDS + ("--ttl", "2147483648"), "2147483647"),
    (_RECORDS + ("--ttl", "010"), 'expected a decimal number, got "010"'),
    (_RECORDS + ("--ttl", "0x10"), "expected a decimal number"),
    (_RECORDS + ("--dns-port", "053"), "expected a decimal number"),
    (_RECORDS + ("--api-port", "+443"), "expected a decimal number"),
    (_RECORDS + ("--state", "on"), "--state"),
    (("record", "--zone", "zone.example.", "--state", "on"), "--identity is required"),
    (("record", "--identity", IDENTITY, "--state", "on"), "--zone is required"),
    (("record", "--identity", IDENTITY, "--zone", "a..b", "--state", "on"), "--zone: "),
    (("record", "--identity", IDENTITY, "--zone", "@", "--state", "on"), "there is no origin"),
    (_RECORD[:3] + ("--state", "maybe") + _RECORD[5:], 'expected ON or OFF, got "maybe"'),
    (_RECORD[:3] + ("--state", "3") + _RECORD[5:], 'expected ON or OFF, got "3"'),
    (_RECORD + ("--identity", "b c.example."), "--identity: "),
], ids=str)
def test_wrong_usage_is_said_and_does_nothing(words, said, tmp_path):
    directory = ("--directory", tmp_path / "keys") if words[:1] == ("keygen",) else ()
    done = msa.run(*words, *directory)
    assert done.returncode == 2 and done.stdout == "", done
    assert said in done.stderr, done
    assert _contents(tmp_path) == {}


def test_what_is_odd_is_said_and_done(tmp_path):
    keys = Keys(tmp_path / "keys")
    done = msa.run("records", "--directory", keys.directory, "--identity", IDENTITY, "--address",
                   "127.0.0.1", "--address", "::1", "--address", "127.0.0.1")
    assert done.returncode == 0 and done.stdout.count(" A 127.0.0.1\n") == 2, done
    assert re.findall(r"(?m)^msa: (\S+) is local: ", done.stderr)[:2] == ["127.0.0.1", "::1"]
    long = ".".join(["a" * 60] * 3)
    done = msa.run("record", "--zone", long + ".example.", "--state", "on", "--identity",
                   ".".join(["b" * 60] * 2) + ".example.")
    assert done.returncode == 0 and "MSIGNER ON" in done.stdout, done
    assert "too long together for the DNS transport" in done.stderr
