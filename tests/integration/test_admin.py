"""Running it: configuration check, SIGHUP, admin REST and the client verbs."""

import http.client
import json
import re
import subprocess

import pytest

from chorale import ports, wait, wire, zone as zones
from chorale.chain import Chain
from chorale.combiner import STRANGER_ADDRESS, program
from chorale.foreign import ForeignProvider
from chorale.key import Key
from chorale.updater import Change, Dnspython

# `combiner check`: a good file, and one mistake at a time.

GOOD = '''[dns]
listen = ["127.0.0.1:5301", "[::1]:5301"]
[state]
directory = "@/state"
[admin]
listen = "127.0.0.1:8301"
token_file = "@/token"
[log]
level = "info"
format = "logfmt"
[[key]]
name = "owner-xfr."
algorithm = "hmac-sha256"
secret = "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0MTI="
[[key]]
name = "msa-update."
algorithm = "hmac-sha512"
secret_file = "@/secret"
[[primary]]
name = "owner"
addresses = ["127.0.0.1:5300"]
key = "owner-xfr."
[[secondary]]
name = "signer"
addresses = ["127.0.0.1:5302", "192.0.2.1"]
allow = ["127.0.0.0/8", "2001:db8::/32"]
key = "owner-xfr."
notify = true
[[updater]]
name = "msa"
key = "msa-update."
allow = ["127.0.0.0/8", "::1/128"]
[[template]]
name = "default"
primaries = ["owner"]
secondaries = ["signer"]
updaters = ["msa"]
serial = "follow"
refresh_min = 5
refresh_max = 3600
ixfr = true
[[zone]]
name = "zone.example."
template = "default"
[[catalog]]
name = "catalog.example."
primaries = ["owner"]
template = "default"
[catalog.groups]
fast = "default"
'''

# (what is replaced, by what, the key that is named). "#!" marks the line that is to be named;
# without a mark something is missing and any line of the file will do.
MISTAKES = {
    "listen-no-array": ('listen = ["127.0.0.1:5301", "[::1]:5301"]', "listen = 5301 #!", "listen"),
    "listen-empty": ('["127.0.0.1:5301", "[::1]:5301"]', "[] #!", "listen"),
    "listen-host-name": ('"127.0.0.1:5301", "[::1]:5301"]', '"localhost:53"] #!', "listen"),
    "listen-port-range": ('"127.0.0.1:5301", "[::1]:5301"]', '"127.0.0.1:70000"] #!', "listen"),
    "dns-unknown-key": ("[state]\n", "lissten = 1 #!\n[state]\n", "lissten"),
    "unknown-table": ("[log]\n", "[logs] #!\n", "logs"),
    "table-not-array": ("[[updater]]\n", "[updater] #!\n", "updater"),
    "state-directory-type": ('directory = "@/state"', "directory = true #!", "directory"),
    "admin-not-loopback": ('"127.0.0.1:8301"', '"192.0.2.1:8301" #!', "listen"),
    "admin-any": ('"127.0.0.1:8301"', '"0.0.0.0:8301" #!', "listen"),
    "token-file-absent": ('"@/token"', '"@/no-such-file" #!', "token_file"),
    "token-file-readable": ('"@/token"', '"@/readable" #!', "token_file"),
    "log-level": ('level = "info"', 'level = "loud" #!', "level"),
    "log-format": ('format = "logfmt"', 'format = "xml" #!', "format"),
    "limit-range": ("[[primary]]\n",
                    "[limits]\ntransfer_max_records_per_rrset = 0 #!\n[[primary]]\n",
                    "transfer_max_records_per_rrset"),
    "limit-unknown": ("[[primary]]\n", "[limits]\nno_such_limit = 1 #!\n[[primary]]\n",
                      "no_such_limit"),
    "key-algorithm": ('"hmac-sha256"', '"hmac-md5" #!', "algorithm"),
    "key-secret-base64": ('secret = "c2', 'secret = "***" #!c2', "secret"),
    "key-secret-missing": ('secret_file = "@/secret"\n', "", "secret"),
    "key-secret-file-readable": ('"@/secret"', '"@/readable" #!', "secret_file"),
    "key-secret-file-absent": ('"@/secret"', '"@/absent" #!', "secret_file"),
    "key-name": ('name = "owner-xfr."\nalg', 'name = "%s." #!\nalg' % ("x" * 64), "name"),
    "key-twice": ('name = "msa-update."\nalg', 'name = "owner-xfr." #!\nalg', "name"),
    "primary-addresses-empty": ('["127.0.0.1:5300"]', "[] #!", "addresses"),
    "primary-address": ('["127.0.0.1:5300"]', '["127.0.0.256:53"] #!', "addresses"),
    "primary-key-unknown": ('5300"]\nkey = "owner-xfr."', '5300"]\nkey = "nobody." #!', "key"),
    "primary-name-missing": ('name = "owner"\n', "", "name"),
    "primary-twice": ("[[secondary]]\n",
                      '[[primary]]\nname = "owner" #!\naddresses = ["127.0.0.1"]\n[[secondary]]\n',
                      "name"),
    "secondary-allow": ('"127.0.0.0/8", "2001:db8::/32"]', '"127.0.0.0/33"] #!', "allow"),
    "secondary-notify": ("notify = true", 'notify = "yes" #!', "notify"),
    "secondary-key-unknown": ('key = "owner-xfr."\nnotify', 'key = "nobody." #!\nnotify', "key"),
    "updater-key-missing": ('name = "msa"\nkey = "msa-update."\n', 'name = "msa"\n', "key"),
    "updater-key-unknown": ('name = "msa"\nkey = "msa-update."', 'name = "msa"\nkey = "x." #!',
                            "key"),
    "updater-allow": ('"::1/128"]', '"::1/129"] #!', "allow"),
    "template-primary-unknown": ('primaries = ["owner"]\nsec', 'primaries = ["ownr"] #!\nsec',
                                 "primaries"),
    "template-secondary-unknown": ('secondaries = ["signer"]', 'secondaries = ["sgnr"] #!',
                                   "secondaries"),
    "template-updater-unknown": ('updaters = ["msa"]', 'updaters = ["nobody"] #!', "updaters"),
    "template-serial": ('"follow"', '"sometimes" #!', "serial"),
    "template-refresh-negative": ("refresh_min = 5", "refresh_min = -5 #!", "refresh_min"),
    "template-refresh-type": ("refresh_min = 5", 'refresh_min = "5" #!', "refresh_min"),
    "template-ixfr": ("ixfr = true", "ixfr = 1 #!", "ixfr"),
    "template-unknown-key": ("ixfr = true", "axfr = true #!", "axfr"),
    "zone-name": ('"zone.example."', '"zone..example." #!', "name"),
    "zone-name-long": ('"zone.example."', '"%s" #!' % ("abcdefg." * 32), "name"),
    "zone-template-unknown": ('template = "default"\n[[cat', 'template = "dflt" #!\n[[cat',
                              "template"),
    "zone-twice": ("[[catalog]]\n",
                   '[[zone]]\nname = "ZONE.example" #!\ntemplate = "default"\n[[catalog]]\n',
                   "name"),
    "zone-serial": ('template = "default"\n[[cat', 'template = "default"\nserial = "x" #!\n[[cat',
                    "serial"),
    "catalog-primary-unknown": ('primaries = ["owner"]\ntem', 'primaries = ["ownr"] #!\ntem',
                                "primaries"),
    "catalog-template-unknown": ('template = "default"\n[cat', 'template = "dflt" #!\n[cat',
                                 "template"),
    "catalog-group-unknown": ('fast = "default"', 'fast = "slow" #!', "fast"),
    "syntax-string": ('level = "info"', 'level = "info #!', ""),
    "syntax-bracket": ("[state]\n", "[state #!\n", ""),
    "syntax-key-twice": ('level = "info"', 'level = "info"\nlevel = "debug" #!', "level"),
}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "token").write_text("0123456789abcdef0123456789abcdef\n")
    (tmp_path / "secret").write_text("c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0MTI=\n")
    (tmp_path / "readable").write_text("c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0MTI=\n")
    for name, mode in (("token", 0o600), ("secret", 0o600), ("readable", 0o644)):
        (tmp_path / name).chmod(mode)
    return tmp_path


def _combiner(*words, timeout=20):
    return subprocess.run([program(), *map(str, words)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=timeout)


def _file(folder, text):
    path = folder / "combiner.toml"
    path.write_text(text.replace("@", str(folder)))
    path.chmod(0o600)
    return path


def test_check_takes_a_good_file(folder):
    done = _combiner("check", "--config", _file(folder, GOOD))
    assert done.returncode == 0, done.stderr
    assert not (folder / "state").exists(), "a check leaves nothing behind"


@pytest.mark.parametrize("mistake", sorted(MISTAKES))
def test_check_names_file_line_and_key(folder, mistake):
    old, new, key = MISTAKES[mistake]
    assert GOOD.count(old) >= 1, "the table does not fit the good file"
    text = GOOD.replace(old, new, 1)
    line = next((n for n, l in enumerate(text.splitlines(), 1) if "#!" in l), None)
    path = _file(folder, text)
    done = _combiner("check", "--config", path)
    assert done.returncode == 2, (done.returncode, done.stdout, done.stderr)
    # One mistake may have consequences; what is meant must be among the lines, in this form.
    said = [re.match(r"(.+?):(\d+): (.*)", text) for text in done.stderr.splitlines()]
    assert said and all(said), done.stderr
    assert {s.group(1) for s in said} == {str(path)}, done.stderr
    meant = [s for s in said if key in s.group(3) and line in (None, int(s.group(2)))]
    assert meant, "line %s, key %s expected: %s" % (line, key, done.stderr)
    assert len(meant[0].group(3)) > len(key) + 8, "what was expected: " + done.stderr
    assert "c2VjcmV0" not in done.stderr, "a secret is in the message"


def test_run_refuses_what_check_refuses(folder):
    path = _file(folder, GOOD.replace('"follow"', '"sometimes"'))
    checked, run = _combiner("check", "--config", path), _combiner("run", "--config", path)
    assert run.returncode == 2
    assert checked.stderr.splitlines()[0] in run.stderr


def test_file_that_is_not_there(folder):
    done = _combiner("check", "--config", folder / "absent.toml")
    assert done.returncode == 2 and "absent.toml" in done.stderr


def test_version():
    done = _combiner("--version")
    assert done.returncode == 0 and re.search(r"\d+\.\d+\.\d+", done.stdout), done.stdout


@pytest.mark.parametrize("words", [[], ["no-such-verb"], ["run"], ["zone"], ["run", "--no-such"],
                                   ["add", "zone.example."]])
def test_wrong_usage(words, folder):
    if words == ["run"]:
        words = ["run", "--config"]
    done = _combiner(*words)
    assert done.returncode == 2, (done.returncode, done.stderr)
    assert done.stderr or done.stdout


# A running one.

class Bench:
    pass


@pytest.fixture(scope="module")
def module_bench():
    import pathlib
    import shutil
    import tempfile
    from chorale.lab import Lab
    directory = pathlib.Path(tempfile.mkdtemp(prefix="chorale-"))
    lab = Lab(directory)
    bench = Bench()
    bench.lab = lab
    bench.chain = Chain(lab, "knot", None)
    bench.other = zones.OwnerZone("other.example.", plain=True)
    bench.chain.owner.primary(bench.other, to=[(bench.chain.combiner, bench.chain.owner_key)])
    bench.chain.start()
    bench.combiner, bench.zone = bench.chain.combiner, bench.chain.zone
    bench.path = "/admin/v1/zones/" + bench.zone
    yield bench
    complaints = lab.close()
    shutil.rmtree(directory, ignore_errors=True)
    assert not complaints, complaints


@pytest.fixture
def bench(module_bench, request):
    request.node.lab = module_bench.lab
    return module_bench


READS = ["status", "zones", "zones/zone.example.", "zones/zone.example./overlay", "timers",
         "events", "transfers"]


@pytest.mark.parametrize("path", READS)
def test_reading(bench, path):
    status, document = bench.combiner.rest("GET", "/admin/v1/" + path)
    assert status == 200 and isinstance(document, (dict, list)), document


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize("token", ["", "wrong", "0" * 32])
def test_reading_needs_the_token(bench, path, token):
    status, document = bench.combiner.rest("GET", "/admin/v1/" + path, token=token)
    assert status == 401, (status, document)
    assert bench.zone not in json.dumps(document)


@pytest.mark.parametrize("method,path,body", [
    ("POST", "zones", {"name": "evil.example.", "template": "default"}),
    ("DELETE", "zones/zone.example.", None), ("POST", "zones/zone.example./freeze", None),
    ("POST", "zones/zone.example./refresh", None),
    ("DELETE", "zones/zone.example./overlay/NS", None),
])
def test_changing_needs_the_token(bench, method, path, body):
    before = bench.combiner.zone_names()
    assert bench.combiner.rest(method, "/admin/v1/" + path, body, token="wrong")[0] == 401
    assert bench.combiner.zone_names() == before
    assert not bench.combiner.zone(bench.zone)["frozen"]


@pytest.mark.parametrize("scheme", ["Basic ", "bearer", "", "Bearer  "])
def test_other_ways_to_say_the_token(bench, scheme):
    """Only `Authorization: Bearer TOKEN` (the scheme in any case, RFC 9110 11.1)."""
    header = {"Authorization": scheme + ("" if scheme == "Bearer  " else bench.combiner.token)}
    assert bench.combiner.rest("GET", "/admin/v1/status", token="", headers=header)[0] == 401


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}])
def test_not_from_a_browser_elsewhere(bench, headers):
    """CSRF and DNS rebinding."""
    status, _ = bench.combiner.rest("GET", "/admin/v1/status", headers=headers)
    assert status in (400, 403, 421), status


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_needs_no_token(bench, path):
    assert bench.combiner.rest("GET", path, token="")[0] == 200


def test_metrics(bench):
    """The text format of Prometheus: each line a comment or NAME{LABELS} VALUE."""
    status, text = bench.combiner.rest("GET", "/metrics", token="")
    assert status == 200
    lines = [l for l in text.splitlines() if l]
    assert any(l.startswith("# TYPE") for l in lines)
    sample = re.compile(r'[a-zA-Z_:][a-zA-Z0-9_:]*(\{[^}]*\})? [-+0-9.eEINFNan]+( \d+)?$')
    for line in lines:
        assert line.startswith("#") or sample.match(line), line
    assert bench.combiner.token not in text


@pytest.mark.parametrize("method,path,body,expected", [
    ("GET", "/admin/v1/zones/absent.example.", None, (404,)),
    ("DELETE", "/admin/v1/zones/absent.example.", None, (404,)),
    ("POST", "/admin/v1/zones/absent.example./refresh", None, (404,)),
    ("GET", "/admin/v1/nothing", None, (404,)),
    ("GET", "/admin/v2/status", None, (404,)),
    ("PUT", "/admin/v1/zones", {}, (405,)),
    ("DELETE", "/admin/v1/status", None, (405,)),
    ("POST", "/admin/v1/zones", "no json", (400,)),
    ("POST", "/admin/v1/zones", "{", (400,)),
    ("POST", "/admin/v1/zones", '{"name":"a.example.","name":"b.example."}', (400,)),
    ("POST", "/admin/v1/zones", {"name": "a..example.", "template": "default"}, (400, 422)),
    ("POST", "/admin/v1/zones", {"name": "a.example.", "template": "absent"}, (400, 404, 409, 422)),
    ("POST", "/admin/v1/zones", {"name": "a.example."}, (400, 422)),
    ("POST", "/admin/v1/zones", {"name": "a.example.", "template": "default", "x": 1}, (400, 422)),
    ("POST", "/admin/v1/zones", {"name": 5, "template": "default"}, (400, 422)),
    ("POST", "/admin/v1/zones", {"name": "zone.example.", "template": "default"}, (409,)),
    ("POST", "/admin/v1/zones", {"name": "ZONE.Example", "template": "default"}, (409,)),
    ("POST", "/admin/v1/zones", "[" * 100 + "]" * 100, (400,)),
    ("POST", "/admin/v1/zones", '{"name":"' + "a" * (1 << 21) + '"}', (400, 413)),
    ("DELETE", "/admin/v1/zones/zone.example./overlay/MX", None, (400, 404, 422)),
    ("GET", "/admin/v1/zones/%00", None, (400, 404)),
    ("GET", "/admin/v1/zones/../../status", None, (400, 404)),
])
def test_requests_that_are_wrong(bench, method, path, body, expected):
    before = bench.combiner.zone_names()
    try:
        status, document = bench.combiner.rest(method, path, body)
    except (BrokenPipeError, ConnectionResetError):
        if not (isinstance(body, str) and len(body) > 1 << 20):
            raise
        status, document = 413, ""  # it may close before a body that is too long has been sent
    assert status in expected, (status, document)
    assert bench.combiner.zone_names() == before
    assert bench.combiner.rest("GET", "/healthz", token="")[0] == 200


def test_zone_document(bench):
    foreign = ForeignProvider(bench.zone)
    bench.chain.update(Change().add(bench.zone, "CDS", foreign.cds, ttl=123))
    seen = bench.combiner.combined(bench.zone)
    document = bench.combiner.zone(bench.zone)
    assert document["name"] == bench.zone
    assert document["source"] == "configuration" and document["state"] == "serving"
    assert document["frozen"] is False
    assert document["owner_serial"] == bench.chain.content.serial
    assert document["combined_serial"] == seen.serial
    assert document["records"] == len(seen.contents)
    assert document["octets"] > 0
    (entry,) = [e for e in document["overlay"] if e["type"] == "CDS"]
    assert entry["ttl"] == 123 and len(entry["records"]) == 1
    assert entry["updated_by"].rstrip(".") in ("msa", "msa-update") and entry["updated_at"]
    (reader,) = [e for e in document["secondaries"] if e["name"] == "reader"]
    assert reader["last_transfer"]["kind"] == "axfr"
    assert reader["last_transfer"]["serial"] == seen.serial
    assert reader["last_transfer"]["from"].startswith("127.0.0.9")
    assert set(document["timers"]) >= {"refresh_at", "retry_at", "expire_at"}
    assert document["last_errors"] == []
    assert bench.combiner.token not in json.dumps(document)


def _names(chain):
    return {r.name for r in chain.combiner.combined(chain.zone).contents}


def test_zones_come_and_go_at_run_time(bench):
    """No restart; what came by the API survives one; what it removes is gone."""
    combiner, name = bench.combiner, bench.other.name
    assert combiner.rcode(name) == "REFUSED", "not ours yet"
    status, document = combiner.rest("POST", "/admin/v1/zones",
                                     {"name": name, "template": "default"})
    assert status in (200, 201), document
    combiner.wait_serial(name, bench.other.serial)
    assert combiner.zone(name)["source"] == "admin"
    updater = Dnspython(combiner, name, bench.chain.update_key)
    assert updater.send(Change().add(name, "NS", "ns.other.example.")) == "NOERROR"
    combiner.restart(hard=True)
    combiner.wait_serial(name, lambda seen: True)
    assert "ns.other.example." in combiner.rdata(name, "NS")
    status, document = combiner.rest("DELETE", "/admin/v1/zones/" + name)
    assert status in (200, 204), document
    assert combiner.rcode(name) == "REFUSED" and combiner.combined(name).rcode == "NOTAUTH"
    combiner.restart()
    assert name not in combiner.zone_names(), "it stays away"
    assert bench.zone in combiner.zone_names()


def test_zone_of_the_configuration_is_not_removed(bench):
    """The file would bring it back; the API says so."""
    status, _ = bench.combiner.rest("DELETE", bench.path)
    assert status in (403, 409), status
    assert bench.combiner.rcode(bench.zone) == "NOERROR"


def test_freeze_and_thaw(bench):
    """Frozen: what is served stands still, whoever changes what; thawed: it catches up."""
    chain, combiner = bench.chain, bench.combiner
    status, document = combiner.rest("POST", bench.path + "/freeze")
    assert status in (200, 204), document
    assert combiner.zone(bench.zone)["frozen"] is True
    before = combiner.combined(bench.zone)
    seen = chain.updater().send(Change().add(bench.zone, "NS", "frozen.other.example."))
    assert seen in ("REFUSED", "SERVFAIL"), seen
    chain.content.add("frozen." + bench.zone, "A", "192.0.2.1")
    chain.content.bump()
    chain.owner.load(chain.content)
    after = combiner.combined(bench.zone)
    assert after.rcode == "NOERROR" and after.serial == before.serial
    combiner.restart()
    assert combiner.zone(bench.zone)["frozen"] is True, "a restart thaws nothing"
    assert combiner.rest("POST", bench.path + "/thaw")[0] in (200, 204)
    assert combiner.zone(bench.zone)["frozen"] is False
    chain.await_owner()
    assert "frozen." + bench.zone in _names(chain)
    chain.update(Change().add(bench.zone, "NS", "frozen.other.example."))
    assert combiner.rest("DELETE", bench.path + "/overlay/NS")[0] in (200, 204)


def test_refresh(bench):
    """The owner does not notify, and SOA refresh is an hour: the operator asks."""
    chain = bench.chain
    chain.owner.stop()
    chain.content.add("asked." + bench.zone, "A", "192.0.2.1")
    chain.content.bump()
    chain.owner.configure()
    text = (chain.owner.directory / "knot.conf").read_text()
    chain.owner.write("knot.conf", re.sub(r"\n    notify: .*", "", text))
    chain.owner.launch()
    chain.owner.wait_ready()
    assert chain.combiner.zone(bench.zone)["owner_serial"] == chain.content.serial - 1
    status, document = chain.combiner.rest("POST", bench.path + "/refresh")
    assert status in (200, 202, 204), document
    chain.await_owner()
    chain.owner.stop()
    chain.owner.configure()
    chain.owner.launch()
    chain.owner.wait_ready()


def test_overlay_is_shown_and_cleared(bench):
    foreign, combiner = ForeignProvider(bench.zone), bench.combiner
    bench.chain.update(Change().add(bench.zone, "DNSKEY", *foreign.dnskeys))
    status, document = combiner.rest("GET", bench.path + "/overlay")
    entries = document if isinstance(document, list) else document["overlay"]
    (entry,) = [e for e in entries if e["type"] == "DNSKEY"]
    assert len(entry["records"]) == 2
    before = combiner.serial(bench.zone)
    assert combiner.rest("DELETE", bench.path + "/overlay/DNSKEY")[0] in (200, 204)
    assert combiner.rdata(bench.zone, "DNSKEY") == set()
    assert combiner.serial(bench.zone) != before
    combiner.restart(hard=True)
    assert combiner.rdata(bench.zone, "DNSKEY") == set(), "cleared is durable"


def test_openapi_and_the_daemon_agree_on_the_reads(bench):
    """Each GET without parameters of the description is served."""
    from chorale.combiner import _ROOT
    description = json.loads((_ROOT / "proto/openapi/combiner-admin.json").read_text())
    assert description["openapi"].startswith("3.1")
    asked = 0
    for path, methods in description["paths"].items():
        if "get" in methods and "{" not in path:
            base = "" if path.startswith(("/healthz", "/readyz", "/metrics", "/admin")) \
                else "/admin/v1"
            assert bench.combiner.rest("GET", base + path)[0] == 200, path
            asked += 1
    assert asked >= 7


# Client verbs.

def test_verbs(bench):
    combiner, name = bench.combiner, bench.other.name
    for words in (["status"], ["zones"], ["zone", bench.zone], ["overlay", bench.zone], ["events"],
                  ["timers"], ["transfers"]):
        plain = combiner.cli(*words)
        assert plain.returncode == 0, (words, plain.stderr)
        assert plain.stdout.strip() and not plain.stdout.lstrip().startswith("{"), plain.stdout
        combiner.verb(*words)
    assert combiner.verb("zone", bench.zone)["name"] == bench.zone
    assert bench.zone in combiner.cli("zones").stdout
    assert combiner.cli("add", name, "--template", "default").returncode == 0
    # A zone that was there before never gets a serial again that it had.
    combiner.wait_serial(name, lambda seen: seen >= bench.other.serial)
    assert combiner.cli("refresh", name).returncode == 0
    assert combiner.cli("freeze", name).returncode == 0
    assert combiner.zone(name)["frozen"] is True
    assert combiner.cli("thaw", name).returncode == 0
    assert combiner.zone(name)["frozen"] is False
    updater = Dnspython(combiner, name, bench.chain.update_key)
    assert updater.send(Change().add(name, "NS", "ns.other.example.")) == "NOERROR"
    assert "ns.other.example." in combiner.cli("overlay", name).stdout
    assert combiner.cli("overlay", name, "--clear", "NS").returncode == 0
    assert "ns.other.example." not in combiner.rdata(name, "NS")
    assert combiner.cli("remove", name).returncode == 0
    assert name not in combiner.zone_names()


def test_verbs_that_the_daemon_refuses(bench):
    for words in (["zone", "absent.example."], ["remove", "absent.example."],
                  ["add", bench.zone, "--template", "default"],
                  ["add", "new.example.", "--template", "absent"]):
        done = bench.combiner.cli(*words)
        assert done.returncode == 1 and done.stderr, (words, done.returncode, done.stderr)


def test_verb_without_a_daemon(folder):
    text = GOOD.replace("127.0.0.1:8301", "127.0.0.1:%d" % ports.claim())
    done = _combiner("status", "--config", _file(folder, text))
    assert done.returncode == 3 and done.stderr, (done.returncode, done.stderr)


def test_verb_with_a_bad_configuration(folder):
    done = _combiner("status", "--config", _file(folder, GOOD.replace("[state]", "[state")))
    assert done.returncode == 2, (done.returncode, done.stderr)


def test_admin_on_a_unix_socket(lab):
    chain = Chain(lab, "nsd", None, combiner=lab.combiner())
    socket_path = chain.combiner.directory / "admin.sock"
    chain.combiner.admin = "unix:%s" % socket_path
    chain.start()
    assert chain.combiner.zone(chain.zone)["state"] == "serving"
    assert chain.combiner.rest("GET", "/admin/v1/status", token="")[0] == 401
    assert chain.combiner.verb("zone", chain.zone)["name"] == chain.zone
    assert socket_path.stat().st_mode & 0o007 == 0, "not for everybody"
    chain.combiner.restart(hard=True)  # the socket of a dead daemon is no hindrance
    assert chain.combiner.zone(chain.zone)["state"] == "serving"


def test_log_in_json(lab):
    combiner = lab.combiner()
    combiner.extra["[log]"] = {"level": "debug", "format": "json"}
    chain = Chain(lab, "nsd", None, combiner=combiner).start()
    chain.update(Change().add(chain.zone, "NS", "a.other.example."))
    lines = [l for l in combiner.log().splitlines() if not l.startswith("----")]
    assert len(lines) > 2
    for line in lines:
        assert isinstance(json.loads(line), dict), line
    secrets = [k.secret for k in combiner.key_list.values()] + [combiner.token]
    assert not any(s in combiner.log() for s in secrets), "a secret is in the log"


# SIGHUP.

@pytest.fixture
def running(lab):
    chain = Chain(lab, "knot", None)
    chain.second = zones.OwnerZone("second.example.", plain=True)
    chain.owner.primary(chain.second, to=[(chain.combiner, chain.owner_key)])
    return chain.start()


def test_hang_up_with_a_good_file(running):
    """Zones, keys, remotes and templates come and go; zones that stay are unhurt."""
    chain, combiner = running, running.combiner
    pid = combiner.process.pid
    chain.update(Change().add(chain.zone, "NS", "a.other.example."))
    new_key = Key("new-update", "hmac-sha384")
    combiner.add_updater("new", new_key)
    combiner.add_template()
    combiner.add_zone(chain.second.name)
    combiner.reload()
    combiner.wait_serial(chain.second.name, chain.second.serial)
    assert combiner.zone(chain.second.name)["source"] == "configuration"
    assert chain.updater(key=new_key).send(
        Change().add(chain.zone, "NS", "b.other.example.")) == "NOERROR"
    # The old key goes, the second zone goes, the rest stays.
    del combiner.updaters["msa"], combiner.key_list[chain.update_key.name]
    del combiner.zones[chain.second.name]
    combiner.add_template()
    combiner.reload()
    wait.until(lambda: chain.second.name not in combiner.zone_names(), "the second zone is gone")
    assert chain.updater().send(
        Change().add(chain.zone, "NS", "c.other.example.")) == "NOTAUTH(BADKEY)"
    assert combiner.rdata(chain.zone, "NS") >= {"a.other.example.", "b.other.example."}
    assert combiner.process.pid == pid and combiner.running


@pytest.mark.parametrize("bad", ["syntax", "value", "reference"])
def test_hang_up_with_a_bad_file(running, bad):
    """The old configuration stays as a whole, the log says file and line."""
    chain, combiner = running, running.combiner
    good = combiner.config_text()
    text = {"syntax": good + "\n[[zone\n", "value": good.replace("[dns]", "[dns]\nbogus = 1"),
            "reference": good + '\n[[zone]]\nname = "second.example."\ntemplate = "absent"\n'}[bad]
    combiner.write("combiner.toml", text, 0o600)
    size = len(combiner.log())
    combiner.hang_up()
    wait.until(lambda: re.search(re.escape(str(combiner.config_path)) + r":\d+",
                                 combiner.log()[size:]), "file:line in the log")
    assert combiner.zone_names() == {chain.zone}
    chain.update(Change().add(chain.zone, "NS", "a.other.example."))
    combiner.reload()
    chain.update(Change().add(chain.zone, "NS", "b.other.example."))


def test_many_hang_ups(running):
    chain, combiner = running, running.combiner
    for number in range(20):
        combiner.hang_up()
    chain.update(Change().add(chain.zone, "NS", "a.other.example."))
    assert combiner.running and combiner.zone_names() == {chain.zone}


# Limits at their edges, and strangers.

def test_records_per_rrset_limit_keeps_the_old_zone(lab):
    """100 RRs per type; one more keeps the old zone and shows why."""
    combiner = lab.combiner()
    content = zones.OwnerZone(refresh=1, retry=1)
    for number in range(100):
        content.add("many." + content.name, "A", "10.0.0.%d" % number)
    chain = Chain(lab, "nsd", None, content=content, combiner=combiner).start()
    before = combiner.combined(chain.zone)
    content.add("many." + content.name, "A", "10.0.0.200")
    content.bump()
    chain.owner.load(content)
    combiner.wait_zone(chain.zone, lambda z: z["last_errors"], "shows the reason")
    after = combiner.combined(chain.zone)
    assert after.serial == before.serial
    content.remove("many." + content.name, "A", "10.0.0.200")
    chain.change_owner()


def test_http_to_nobody_else(bench):
    """The admin port is on its one loopback address only."""
    with pytest.raises(OSError):
        connection = http.client.HTTPConnection(STRANGER_ADDRESS, bench.combiner.admin_port,
                                                timeout=3)
        connection.request("GET", "/healthz")
        connection.getresponse()


def test_strangers_learn_nothing(bench):
    for name, rdtype in ((bench.zone, "SOA"), ("version.bind.", "TXT"), (bench.zone, "AXFR"),
                         ("absent.example.", "SOA")):
        tcp = rdtype == "AXFR"
        assert wire.rcode(bench.combiner.endpoint, name, rdtype, source=STRANGER_ADDRESS,
                          tcp=tcp) in ("REFUSED", "NOTAUTH"), (name, rdtype)
