"""Catalog zones (RFC 9432): the owner's list drives the combiner's."""

import pytest

from chorale import wait, wire, zone as zones
from chorale.combiner import READER_ADDRESS
from chorale.key import Key
from chorale.updater import Change, Dnspython

CATALOG = "catalog.example."
MEMBERS = ["one.member.example.", "two.member.example.", "three.member.example."]


class Catalog(zones.OwnerZone):
    """RFC 9432 4: a zone of PTRs."""

    def __init__(self, name=CATALOG, members=(), version="2"):
        super().__init__(name, hosts=0, plain=True, refresh=1, retry=1)
        self.lines = []
        self.add(name, "NS", "invalid.", ttl=0)
        if version:
            self.add("version." + name, "TXT", '"%s"' % version, ttl=0)
        for number, member in enumerate(members):
            self.put(member, "m%d" % number)

    def node(self, label):
        return "%s.zones.%s" % (label, self.name)

    def put(self, member, label):
        self.add(self.node(label), "PTR", member, ttl=0)

    def drop(self, label):
        suffix = self.node(label)
        self.lines = [line for line in self.lines if not line[0].endswith(suffix)]

    def property(self, label, name, rdtype, rdata):
        self.add("%s.%s" % (name, self.node(label)), rdtype, rdata, ttl=0)


class CatalogBench:
    """An owner with a catalog and all zones that it may ever list, and the combiner."""

    def __init__(self, lab, owner="knot", members=MEMBERS[:1], catalogs=None, groups=None,
                 before_start=None):
        self.combiner = lab.combiner()
        self.key = Key("owner-xfr")
        self.update_key = Key("msa-update")
        self.owner = lab.server(owner, "owner")
        to = [(self.combiner, self.key)]
        self.members = {name: zones.OwnerZone(name, plain=True, hosts=2, serial=100 + number)
                        for number, name in enumerate(MEMBERS)}
        for content in self.members.values():
            self.owner.primary(content, to=to)
        self.catalogs = catalogs or [Catalog(members=members)]
        for catalog in self.catalogs:
            self.owner.primary(catalog, to=to)
        self.catalog = self.catalogs[0]
        self.combiner.add_primary("owner", self.owner, key=self.key)
        self.combiner.add_updater("msa", self.update_key)
        self.combiner.add_template()
        if before_start:
            before_start(self)
        for catalog in self.catalogs:
            self.combiner.add_catalog(catalog.name, primaries=["owner"], groups=groups)
        self.owner.start()
        self.combiner.start()

    def publish(self, catalog=None):
        catalog = catalog or self.catalog
        catalog.bump()
        self.owner.load(catalog)

    def await_members(self, *names, deadline=20.0):
        wait.until(lambda: self.served() == set(names),
                   lambda: "members %s, they are %s" % (sorted(names), sorted(self.served())),
                   deadline)
        for name in names:
            self.combiner.wait_serial(name, lambda seen: seen >= self.members[name].serial)

    def served(self):
        return self.combiner.zone_names() & set(MEMBERS)

    def await_complaint(self, catalog=None):
        """The catalog is seen to be broken, in its document or in the log of events."""
        catalog = catalog or self.catalog

        def complained():
            status, document = self.combiner.rest("GET", "/admin/v1/zones/" + catalog.name)
            if status == 200 and (document["last_errors"] or document["observations"]):
                return True
            return any("catalog" in line and ("refused" in line or "broken" in line
                                              or "level=warning" in line or "level=error" in line)
                       for line in self.combiner.log().splitlines())
        wait.until(complained, "the combiner says that the catalog is broken")


@pytest.mark.parametrize("owner", ["nsd", "knot", "bind"])
def test_members_come_and_go(lab, owner):
    bench = CatalogBench(lab, owner)
    bench.await_members(MEMBERS[0])
    document = bench.combiner.zone(MEMBERS[0])
    assert document["source"] == "catalog" and document["state"] == "serving"
    zones.compare(bench.combiner.combined(MEMBERS[0]).without("SOA"),
                  bench.owner.transfer(MEMBERS[0], bench.key).without("SOA"))
    bench.catalog.put(MEMBERS[1], "m1")
    bench.catalog.put(MEMBERS[2], "m2")
    bench.publish()
    bench.await_members(*MEMBERS)
    updater = Dnspython(bench.combiner, MEMBERS[1], bench.update_key)
    assert updater.send(Change().add(MEMBERS[1], "NS", "ns.other.example.")) == "NOERROR"
    bench.catalog.drop("m0")
    bench.publish()
    bench.await_members(*MEMBERS[1:])
    assert bench.combiner.combined(MEMBERS[0]).rcode == "NOTAUTH"
    assert "ns.other.example." in bench.combiner.rdata(MEMBERS[1], "NS"), "who stays is unhurt"
    # The list is there at once after a start without the owner.
    bench.owner.stop()
    bench.combiner.restart(hard=True)
    assert bench.served() == set(MEMBERS[1:])
    for name in MEMBERS[1:]:
        assert bench.combiner.rcode(name) == "NOERROR"
    assert "ns.other.example." in bench.combiner.rdata(MEMBERS[1], "NS")


def test_member_by_ixfr_of_the_catalog(lab):
    """BIND sends the difference only; the list is still right."""
    bench = CatalogBench(lab, "bind", members=MEMBERS[:2])
    bench.await_members(*MEMBERS[:2])
    bench.catalog.drop("m1")
    bench.catalog.put(MEMBERS[2], "m7")
    bench.publish()
    bench.await_members(MEMBERS[0], MEMBERS[2])
    assert bench.owner.sent_ixfr(CATALOG) >= 1


def test_catalog_itself_is_no_member_to_serve(lab):
    """Neither listed as a zone of the owner's, nor given to signers."""
    bench = CatalogBench(lab)
    bench.await_members(MEMBERS[0])
    assert bench.combiner.combined(CATALOG).rcode != "NOERROR"


BREAKAGES = {
    # RFC 9432 4.2.1: the version RR is required, exactly one, and "2".
    "no-version": lambda c: c.remove("version." + CATALOG, "TXT"),
    "two-versions": lambda c: c.add("version." + CATALOG, "TXT", '"1"', ttl=0),
    "version-unknown": lambda c: (c.remove("version." + CATALOG, "TXT"),
                                  c.add("version." + CATALOG, "TXT", '"3"', ttl=0)),
    "version-of-two-strings": lambda c: (c.remove("version." + CATALOG, "TXT"),
                                         c.add("version." + CATALOG, "TXT", '"2" "2"', ttl=0)),
    # 4.1: one PTR at a member node; a member only once.
    "duplicate-member": lambda c: c.put(MEMBERS[0], "again"),
    "duplicate-member-other-case": lambda c: c.put(MEMBERS[0].upper(), "again"),
    "two-ptr-at-a-node": lambda c: c.put(MEMBERS[2], "m0"),
}


@pytest.mark.parametrize("breakage", sorted(BREAKAGES))
def test_broken_catalog_keeps_the_old_list(lab, breakage):
    """RFC 9432 5.1: a broken catalog is not processed; members stay as they were."""
    bench = CatalogBench(lab, "nsd", members=MEMBERS[:2])
    bench.await_members(*MEMBERS[:2])
    lines = list(bench.catalog.lines)
    bench.catalog.drop("m1")           # would remove a member, were the catalog sound
    BREAKAGES[breakage](bench.catalog)
    bench.publish()
    bench.await_complaint()
    assert bench.served() == set(MEMBERS[:2])
    for name in MEMBERS[:2]:
        assert bench.combiner.rcode(name) == "NOERROR"
    bench.combiner.restart()
    assert bench.served() == set(MEMBERS[:2])
    bench.catalog.lines = lines
    bench.catalog.put(MEMBERS[2], "m2")
    bench.publish()
    bench.await_members(*MEMBERS)


def test_unknown_properties_are_ignored(lab):
    """4.4: custom and unknown properties, and RRs that mean nothing here."""
    bench = CatalogBench(lab)
    bench.await_members(MEMBERS[0])
    bench.catalog.property("m0", "unheard-of", "TXT", '"x"')
    bench.catalog.property("m0", "thing.ext", "A", "192.0.2.1")
    bench.catalog.add("stray." + CATALOG, "TXT", '"x"', ttl=0)
    bench.catalog.put(MEMBERS[1], "m1")
    bench.publish()
    bench.await_members(*MEMBERS[:2])


def test_zone_that_is_also_configured_by_hand_stays(lab):
    def by_hand(bench):
        bench.combiner.add_zone(MEMBERS[0])
    bench = CatalogBench(lab, members=MEMBERS[:2], before_start=by_hand)
    bench.await_members(*MEMBERS[:2])
    assert bench.combiner.zone(MEMBERS[0])["source"] == "configuration"
    bench.catalog.drop("m0")
    bench.catalog.drop("m1")
    bench.publish()
    bench.await_members(MEMBERS[0])
    assert bench.combiner.rcode(MEMBERS[0]) == "NOERROR"


def test_member_is_not_removed_by_the_api(lab):
    """Its catalog would bring it back."""
    bench = CatalogBench(lab)
    bench.await_members(MEMBERS[0])
    assert bench.combiner.rest("DELETE", "/admin/v1/zones/" + MEMBERS[0])[0] in (403, 409)
    assert bench.served() == {MEMBERS[0]}


def test_group_chooses_the_template(lab):
    """4.3.2; a change of the group changes the template of the running zone."""
    special = Key("special")

    def templates(bench):
        bench.combiner.add_secondary_raw("special", addresses=[READER_ADDRESS + ":10"], key=special,
                                         notify=False)
        bench.combiner.add_template("other", secondaries=["reader", "special"])
    catalog = Catalog(members=MEMBERS[:2])
    catalog.property("m1", "group", "TXT", '"fast"')
    bench = CatalogBench(lab, catalogs=[catalog], groups={"fast": "other"}, before_start=templates)
    bench.await_members(*MEMBERS[:2])

    def special_may(name):
        return wire.transfer(bench.combiner.endpoint, name, special,
                             source=READER_ADDRESS).rcode == "NOERROR"
    assert special_may(MEMBERS[1]) and not special_may(MEMBERS[0])
    catalog.property("m0", "group", "TXT", '"fast"')
    catalog.lines = [l for l in catalog.lines if l[0] != "group." + catalog.node("m1")]
    bench.publish()
    wait.until(lambda: special_may(MEMBERS[0]) and not special_may(MEMBERS[1]), "groups exchanged")
    # A group that nobody has configured is the catalog's template (4.3.2: a hint, no command).
    catalog.property("m1", "group", "TXT", '"unheard-of"')
    catalog.put(MEMBERS[2], "m2")
    bench.publish()
    bench.await_members(*MEMBERS)
    assert bench.combiner.rcode(MEMBERS[1]) == "NOERROR" and not special_may(MEMBERS[1])


def test_change_of_ownership(lab):
    """4.3.1 (coo): the old catalog names the new one, then the new one lists the zone; its state
    goes along. Without coo the new catalog's claim is ignored."""
    first, second = Catalog("a.catalog.example.", MEMBERS[:2]), Catalog("b.catalog.example.")
    bench = CatalogBench(lab, catalogs=[first, second])
    bench.await_members(*MEMBERS[:2])
    updater = Dnspython(bench.combiner, MEMBERS[0], bench.update_key)
    assert updater.send(Change().add(MEMBERS[0], "NS", "ns.other.example.")) == "NOERROR"
    serial = bench.combiner.serial(MEMBERS[0])

    # Claimed without permission: still the first's, as its removal there shows.
    second.put(MEMBERS[1], "x1")
    second.put(MEMBERS[2], "x2")
    bench.publish(second)
    bench.await_members(*MEMBERS)
    second.drop("x1")
    bench.publish(second)
    second.drop("x2")
    bench.publish(second)
    bench.await_members(*MEMBERS[:2])

    # With permission: moves, and outlives the first's entry.
    first.property("m0", "coo", "PTR", second.name)
    first.drop("m1")
    bench.publish(first)
    bench.await_members(MEMBERS[0])
    second.put(MEMBERS[0], "x0")
    second.put(MEMBERS[2], "x3")
    bench.publish(second)
    bench.await_members(MEMBERS[0], MEMBERS[2])
    first.drop("m0")
    first.put(MEMBERS[1], "m9")
    bench.publish(first)
    bench.await_members(*MEMBERS)  # the first has been taken over, and did not take its zone away
    assert "ns.other.example." in bench.combiner.rdata(MEMBERS[0], "NS"), "the overlay went along"
    assert bench.combiner.serial(MEMBERS[0]) == serial
    second.drop("x0")
    bench.publish(second)
    bench.await_members(*MEMBERS[1:])


def test_many_members(lab):
    """Two hundred at once: all loaded, and all gone again."""
    combiner = lab.combiner()
    owner = lab.server("knot", "owner")
    names = ["z%d.many.example." % number for number in range(200)]
    catalog = Catalog(members=names)
    for name in names:
        owner.primary(zones.OwnerZone(name, plain=True, hosts=1), to=[(combiner, None)])
    owner.primary(catalog, to=[(combiner, None)])
    combiner.add_primary("owner", owner)
    combiner.add_template()
    combiner.add_catalog(CATALOG, primaries=["owner"])
    owner.start()
    combiner.start()
    wait.until(lambda: set(names) <= combiner.zone_names(), "all members", 30)
    for name in names:
        combiner.wait_serial(name, 1000, deadline=30)
    catalog.lines = [l for l in catalog.lines if l[2] != "PTR"]
    catalog.bump()
    owner.load(catalog)
    wait.until(lambda: not set(names) & combiner.zone_names(), "no members", 30)
