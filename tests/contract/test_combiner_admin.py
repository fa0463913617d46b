"""The combiner's admin interface and its OpenAPI document say the same, both ways, and what the
daemon really answers is what the schemas say."""

import http.client
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import jsonschema
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

from admin_routes import Description  # noqa: E402
from chorale import wait, wire, zone as zones  # noqa: E402
from chorale.combiner import READER_ADDRESS, program  # noqa: E402
from chorale.fake import FakePrimary, FakeSecondary  # noqa: E402
from chorale.foreign import ForeignProvider  # noqa: E402
from chorale.key import Key  # noqa: E402
from chorale.lab import Lab  # noqa: E402
from chorale.updater import Change, Dnspython  # noqa: E402

ZONE = "zone.example."
SILENT = "silent.example."  # its primary is not there
ZONE_PATH = "/admin/v1/zones/" + ZONE


@pytest.fixture(scope="module")
def description():
    return Description()


# The document by itself.

def test_every_reference_and_schema_is_good(description):
    seen = set()

    def walk(thing):
        if isinstance(thing, dict):
            if "$ref" in thing:
                seen.add(thing["$ref"])
                description.resolve(thing)
            for value in thing.values():
                walk(value)
        elif isinstance(thing, list):
            for value in thing:
                walk(value)
    walk(description.document)
    for kind, things in description.document["components"].items():
        for name, thing in things.items():
            if kind != "securitySchemes":
                assert "#/components/%s/%s" % (kind, name) in seen, name + " is used by nobody"
            if kind == "schemas":
                jsonschema.Draft202012Validator.check_schema(thing)


def test_operations_have_ids_of_their_own_and_name_their_parameters(description):
    ids = [operation["operationId"] for _, _, operation in description.operations()]
    assert len(ids) == len(set(ids))
    for method, path, _ in description.operations():
        assert description.parameters(method, path, "path") == set(re.findall(r"{(\w+)}", path))


# The document and the table of routes.

def test_routes_are_those_of_the_document(description):
    printed = subprocess.run([program(), "routes"], stdout=subprocess.PIPE, text=True, check=True)
    routes = {}
    for line in printed.stdout.splitlines():
        method, path, access, *query = line.split(" ")
        assert (method, path) not in routes
        routes[method, path] = (access, set(query))
    described = {}
    for method, path, operation in description.operations():
        access = "open" if operation["security"] == [] else "token"
        described[method, path] = (access, description.parameters(method, path, "query"))
        assert access == "open" or operation["security"] == [{"token": []}]
    assert routes == described


# The daemon's answers.

class Asker:
    """Asks the combiner, and holds every answer against the document."""

    def __init__(self, combiner, description):
        self.combiner, self.description = combiner, description
        self.seen = set()

    def ask(self, method, target, body=None, token=None):
        connection = http.client.HTTPConnection(self.combiner.address, self.combiner.admin_port,
                                                timeout=10)
        headers = {}
        if token != "":
            headers["Authorization"] = "Bearer " + (token or self.combiner.token)
        if body is not None:
            headers["Content-Type"] = "application/json"
            body = body if isinstance(body, str) else json.dumps(body)
        try:
            connection.request(method, target, body, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
            kind = answer.getheader("Content-Type") or ""
            document = json.loads(text) if "json" in kind else text
            self.seen.add(self.description.check_answer(method, target, answer.status, kind,
                                                        document))
            return answer.status, document
        finally:
            connection.close()

    def good(self, method, target, body=None):
        status, document = self.ask(method, target, body)
        assert 200 <= status < 300, (method, target, status, document)
        return document

    def refused(self, status, method, target, body=None, token=None):
        seen, document = self.ask(method, target, body, token)
        assert seen == status, (method, target, seen, document)
        assert document["status"] == status and document["detail"]


class World:
    """One combiner with a zone that has everything a document can show: an overlay, dropped
    records, transfers both ways, a secondary that acknowledges nothing, an error."""

    def __init__(self, lab):
        content = zones.OwnerZone(ZONE, plain=True, hosts=3)
        content.add(ZONE, "CDS", ForeignProvider(ZONE).cds)  # the owner's own: it is dropped
        self.primary, self.silent = FakePrimary(content), FakeSecondary()
        self.content, self.key = content, Key("msa-update")
        self.foreign = ForeignProvider(ZONE)
        combiner = self.combiner = lab.combiner()
        combiner.add_primary("fake", self.primary)
        combiner.primaries["nobody"] = dict(addresses=["127.0.0.1:1"], key=None)
        combiner.add_secondary("silent", self.silent)
        combiner.add_updater("msa", self.key)
        combiner.add_template(primaries=["fake"])
        combiner.add_template("absent", primaries=["nobody"])
        combiner.add_zone(ZONE)
        combiner.add_zone(SILENT, "absent")
        combiner.start()
        combiner.wait_serial(ZONE, content.serial)
        change = (Change().add(ZONE, "DNSKEY", *self.foreign.dnskeys)
                  .add(ZONE, "NS", "ns.other.example."))
        assert Dnspython(combiner, ZONE, self.key).send(change) == "NOERROR"
        self.silent.wait_received(1)
        seen = combiner.combined(ZONE)
        assert combiner.combined(ZONE, have=seen.serial - 1).rcode == "NOERROR"
        combiner.wait_zone(SILENT, lambda z: z["last_errors"], "shows the failure")

    def close(self):
        self.primary.close()
        self.silent.close()


@pytest.fixture(scope="module")
def world():
    directory = pathlib.Path(tempfile.mkdtemp(prefix="chorale-"))
    lab = Lab(directory)
    made = World(lab)
    yield made
    complaints = lab.close()
    made.close()
    shutil.rmtree(directory, ignore_errors=True)
    assert not complaints, complaints


def test_answers_are_as_described(world, description):
    asker = Asker(world.combiner, description)
    good, refused = asker.good, asker.refused

    assert good("GET", "/healthz") == "ok\n"
    assert asker.ask("GET", "/readyz", token="")[0] == 503  # SILENT is not loaded
    assert "chorale_combiner_zones{" in good("GET", "/metrics")

    status = good("GET", "/admin/v1/status")
    assert status["zones"]["total"] == 2 and status["zones"]["loading"] == 1
    listed = good("GET", "/admin/v1/zones")
    assert [z["name"] for z in listed["zones"]] == [SILENT, ZONE] and listed["next"] is None
    first = good("GET", "/admin/v1/zones?limit=1")
    assert first["next"] == SILENT and first["total"] == 2
    rest = good("GET", "/admin/v1/zones?limit=1&after=" + first["next"])
    assert [z["name"] for z in rest["zones"]] == [ZONE] and rest["next"] is None

    zone = good("GET", ZONE_PATH)
    assert {e["type"] for e in zone["overlay"]} == {"NS", "DNSKEY"}
    assert zone["dropped"] == {"CDS": 1} and zone["observations"]
    assert zone["last_transfer_in"]["kind"] == "axfr"
    shown = {s["name"]: s for s in zone["secondaries"]}
    assert shown["reader"]["last_transfer"]["from"].startswith(READER_ADDRESS)
    assert shown["silent"]["notify_acknowledged_serial"] is None
    failing = good("GET", "/admin/v1/zones/" + SILENT)
    assert failing["owner_serial"] is None and failing["timers"]["failures"] > 0
    assert good("GET", ZONE_PATH + "/overlay")["overlay"] == zone["overlay"]

    timers = good("GET", "/admin/v1/timers")["timers"]
    assert timers == sorted(timers, key=lambda t: t["at"]) and len(timers) >= 2
    assert len(good("GET", "/admin/v1/timers?limit=1")["timers"]) == 1
    events = good("GET", "/admin/v1/events?limit=1000")["events"]
    assert "combiner.ready" in {e["event"] for e in events}
    assert [e["id"] for e in events] == sorted(e["id"] for e in events)
    later = good("GET", "/admin/v1/events?after=%d" % events[1]["id"])["events"]
    assert later[0]["id"] == events[2]["id"]
    own = good("GET", "/admin/v1/events?zone=" + SILENT.upper())["events"]
    assert own and all(e["fields"]["zone"] == SILENT for e in own)
    transfers = good("GET", "/admin/v1/transfers")["transfers"]
    assert {t["direction"] for t in transfers} == {"in", "out"}

    good("POST", ZONE_PATH + "/refresh")
    good("POST", ZONE_PATH + "/refresh?force=true")
    assert good("POST", ZONE_PATH + "/freeze")["state"] == "frozen"
    refused(409, "POST", ZONE_PATH + "/refresh")
    refused(409, "DELETE", ZONE_PATH + "/overlay/NS")
    assert good("POST", ZONE_PATH + "/thaw")["state"] == "serving"
    good("DELETE", ZONE_PATH + "/overlay/NS")
    refused(404, "DELETE", ZONE_PATH + "/overlay/NS")
    refused(404, "DELETE", ZONE_PATH + "/overlay/TYPE65281")
    refused(400, "DELETE", ZONE_PATH + "/overlay/NONSENSE")

    new = {"name": "New.Example", "template": "default"}
    assert good("POST", "/admin/v1/zones", new)["name"] == "new.example."
    refused(409, "POST", "/admin/v1/zones", new)
    refused(422, "POST", "/admin/v1/zones", dict(new, template="nothing"))
    for wrong in ("", "[]", "{}", dict(new, more=1), dict(new, name="a..b"), dict(new, name=5)):
        refused(400, "POST", "/admin/v1/zones", wrong)
    good("DELETE", "/admin/v1/zones/NEW.example")
    refused(404, "DELETE", "/admin/v1/zones/new.example.")
    refused(409, "DELETE", ZONE_PATH)

    audit = good("GET", "/admin/v1/audit?limit=10000")["audit"]
    said = [entry["what"] for entry in audit]
    assert "add new.example. template default" in said and "remove new.example." in said
    assert "freeze zone.example." in said and "clear NS of zone.example." in said
    assert any(what.startswith("add new.example. template default: not done: ") for what in said)
    assert all(re.fullmatch(r"admin 127\.0\.0\.1:\d+", entry["who"]) for entry in audit)
    assert len(good("GET", "/admin/v1/audit?limit=1")["audit"]) == 1

    # Every operation was asked for with success, and refuses as described.
    for method, path, operation in description.operations():
        done = {s for m, p, s in asker.seen if (m, p) == (method, path)}
        target = path.replace("{zone}", "absent.example.").replace("{type}", "NS")
        if path != "/readyz":
            assert any(200 <= status < 300 for status in done), (method, path, done)
        if operation["security"]:
            body = new if method == "POST" and path.endswith("/zones") else None
            refused(401, method, target, body, token="wrong")
        if "{zone}" in path:
            refused(404, method, target)
            refused(400, method, target.replace("absent.", "a..b."))
        if description.parameters(method, path, "query") and method == "GET":
            refused(400, method, target + "?nonsense=1")
            refused(400, method, target + "?limit=0")
            refused(400, method, target + "?limit=100000000000000000000")
    world.combiner.restart()
    kept = good("GET", "/admin/v1/audit?limit=10000")["audit"]
    assert kept[:len(audit)] == audit, "the audit survives a restart"


def test_ready_when_every_zone_is_there(world, description):
    """Last: it takes the zone away that cannot be loaded."""
    del world.combiner.zones[SILENT]
    world.combiner.configure()
    world.combiner.restart()
    world.combiner.wait_serial(ZONE, lambda seen: True)
    asker = Asker(world.combiner, description)
    assert asker.good("GET", "/readyz") == {"ready": True}


def test_frozen_stops_a_transfer_that_is_under_way(world, description):
    """"No transfer comes in" holds for the one that has begun before the freeze, too."""
    asker, primary = Asker(world.combiner, description), world.primary
    before = world.combiner.combined(ZONE)
    begun = primary.transfers_begun
    primary.gate.clear()
    world.content.add("late." + ZONE, "A", "192.0.2.77")
    world.content.bump()
    primary.serve(world.content)
    asker.good("POST", ZONE_PATH + "/refresh")
    wait.until(lambda: primary.transfers_begun > begun, "a transfer in progress")
    asker.good("POST", ZONE_PATH + "/freeze")
    primary.gate.set()
    frozen = world.combiner.wait_zone(
        ZONE, lambda z: any("frozen" in e["text"] for e in z["last_errors"]), "says why")
    assert frozen["state"] == "frozen" and frozen["combined_serial"] == before.serial
    assert frozen["owner_serial"] == world.content.serial - 1
    asker.good("POST", ZONE_PATH + "/thaw")
    world.combiner.wait_zone(ZONE, lambda z: z["owner_serial"] == world.content.serial,
                             "it catches up")


def test_names_in_paths(world, description):
    """Presentation form, percent-encoded, any case, with or without final dot."""
    asker = Asker(world.combiner, description)
    for written in ("zone.example", "ZONE.EXAMPLE.", "zone%2Eexample", "%7Aone.example.",
                    "%5C122one.example."):
        assert asker.good("GET", "/admin/v1/zones/" + written)["name"] == ZONE
    # A slash is data of its segment (RFC 2317); "@" is the root, since "." is no segment.
    for name, segment in (("0/25.2.0.192.in-addr.arpa.", "0%2F25.2.0.192.in-addr.arpa"),
                          (".", "@")):
        added = asker.good("POST", "/admin/v1/zones", {"name": name, "template": "default"})
        assert added["name"] == name
        assert asker.good("GET", "/admin/v1/zones/" + segment)["name"] == name
        listed = asker.good("GET", "/admin/v1/zones")["zones"]
        assert name in [z["name"] for z in listed]
        asker.good("DELETE", "/admin/v1/zones/" + segment)


def test_get_changes_nothing(world, description):
    """Every GET, twice: audit and events are as before."""
    asker = Asker(world.combiner, description)
    before = asker.good("GET", "/admin/v1/audit")
    last = asker.good("GET", "/admin/v1/events?limit=1")["events"][-1]["id"]
    for method, path, _ in description.operations():
        if method == "GET":
            target = path.replace("{zone}", ZONE)
            assert asker.ask("GET", target)[0] == asker.ask("GET", target)[0] == 200
    assert asker.good("GET", "/admin/v1/audit") == before
    since = asker.good("GET", "/admin/v1/events?after=%d" % last)["events"]
    assert not [e for e in since if e["event"].startswith("admin.")], since
    assert wire.rcode(world.combiner.endpoint, ZONE, "SOA", key=world.combiner.reader,
                      source=READER_ADDRESS) == "NOERROR"
