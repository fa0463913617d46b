"""Restarts, silence and decay: whatever a party does, the combined zone never goes back."""

import threading
import time

import pytest

from chorale import verify, wait, wire, zone as zones
from chorale.chain import Chain, ZONE
from chorale.fake import FakePrimary, FakeSecondary
from chorale.foreign import ForeignProvider, dnskey
from chorale.key import Key
from chorale.updater import Change


def advanced(new, old):
    """RFC 1982 3.2."""
    return new != old and (new - old) % 2**32 < 2**31


class SerialWatch:
    """Looks at the combined serial all the time, from the side: it must never go back, and one
    serial must never stand for two contents."""

    def __init__(self, combiner, zone):
        self.combiner, self.zone = combiner, zone
        self.seen, self.contents, self.faults = [], {}, []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(30)
        assert not self.faults, self.faults

    def _run(self):
        while not self._stop.wait(0.02):
            try:
                transfer = self.combiner.combined(self.zone, deadline=5)
            except (wire.NoAnswer, OSError):
                continue  # it is being restarted
            except Exception as error:
                self.faults.append(repr(error))
                return
            if transfer.rcode != "NOERROR":
                continue
            serial, content = transfer.serial, frozenset(transfer.contents)
            if self.seen and serial != self.seen[-1] and not advanced(serial, self.seen[-1]):
                self.faults.append("serial went from %d to %d" % (self.seen[-1], serial))
            if self.contents.setdefault(serial, content) != content:
                self.faults.append("serial %d stands for two contents" % serial)
            self.seen.append(serial)


def _insist(updater, change, deadline=30):
    """An MSA repeats its UPDATE until it is answered NOERROR: RFC 2136 makes that harmless."""
    def accepted():
        try:
            return updater.send(change) == "NOERROR"
        except wire.NoAnswer:
            return False
    wait.until(accepted, "an UPDATE that is taken", deadline)


@pytest.mark.parametrize("hard", [False, True], ids=["sigterm", "kill-9"])
@pytest.mark.parametrize("party", ["owner", "combiner", "signer"])
def test_restart_in_the_middle_of_changes(lab, tmp_path, party, hard):
    owner, signer = {"owner": ("knot", "knot"), "combiner": ("nsd", "bind"),
                     "signer": ("bind", "powerdns" if hard else "knot")}[party]
    content = zones.OwnerZone(refresh=1, retry=1)
    chain = Chain(lab, owner, signer, content=content).start()
    zone, updater = chain.zone, chain.updater()
    # BIND 9.20 that gets changes while it signs a zone for the first time may leave it unsigned for
    # good (seen twice in three runs under load); what is tested here begins after that.
    verify.await_signed(chain.signer, zone, tmp_path / "first", lambda t: True, 60)
    server = getattr(chain, party)
    keys = [dnskey(number % 2).to_text() for number in range(6)]
    with SerialWatch(chain.combiner, zone) as watch:
        for number, text in enumerate(keys):
            _insist(updater, Change().add(zone, "DNSKEY", text))
            if party == "owner" and number in (2, 4):
                # What the owner edits while it is down is there when it comes back.
                server.kill9() if hard else server.stop()
                content.add("step%d.%s" % (number, zone), "A", "192.0.2.%d" % (100 + number))
                content.bump()
                server.roles[zone].zone = content
                server.write_zone(content)
                _insist(updater, Change().add(zone, "NS", "ns%d.other.example." % number))
                server.launch()
                server.wait_ready()
                continue
            content.add("step%d.%s" % (number, zone), "A", "192.0.2.%d" % (100 + number))
            content.bump()
            chain.owner.load(content)
            if number in (2, 4):
                server.restart(hard=hard)
        chain.await_owner(60)
    assert len(set(watch.seen)) > 2
    assert set(keys) == chain.combiner.rdata(zone, "DNSKEY"), "an acknowledged UPDATE is gone"
    combined = chain.combiner.combined(zone)
    addresses = {r.text for r in combined.contents if r.type == "A"}
    assert {"192.0.2.%d" % (100 + n) for n in range(len(keys))} <= addresses
    signed = verify.await_signed(
        chain.signer, zone, tmp_path / "signed",
        lambda t: set(keys) <= verify.dnskeys(t.contents) and "192.0.2.105" in {
            r.text for r in t.contents if r.type == "A"}, 90)
    verify.passed_through(signed.contents, chain.combiner.combined(zone).contents, zone)


@pytest.mark.parametrize("hard", [False, True], ids=["sigterm", "kill-9"])
def test_combiner_starts_while_the_owner_is_down(lab, hard):
    chain = Chain(lab, "knot", None).start()
    foreign = ForeignProvider(chain.zone)
    chain.update(Change().add(chain.zone, "DNSKEY", *foreign.dnskeys))
    before = chain.combiner.combined(chain.zone)
    chain.owner.stop()
    chain.combiner.restart(hard=hard)
    after = chain.combiner.combined(chain.zone)
    assert after.rcode == "NOERROR" and after.serial == before.serial
    zones.compare(after.contents, before.contents)
    # And it takes UPDATEs on the copy that it has.
    chain.update(Change().add(chain.zone, "CDS", foreign.cds))
    assert advanced(chain.combiner.serial(chain.zone), before.serial)
    assert chain.combiner.rest("GET", "/readyz", token="")[0] == 200


def test_journal_survives_a_restart(lab):
    """A secondary that was up to date before the restart gets increments after it."""
    chain = Chain(lab, "knot", None).start()
    have = chain.combiner.serial(chain.zone)
    chain.update(Change().add(chain.zone, "NS", "ns.other.example."))
    chain.combiner.restart(hard=True)
    answer = chain.combiner.combined(chain.zone, have=have)
    assert answer.incremental
    assert [r.text for r in answer.records if r.type == "NS"] == ["ns.other.example."]


# Serials.

def test_owner_serial_that_goes_back_is_kept_out(lab):
    """Kept out, with an alarm; an advance ends it."""
    content = zones.OwnerZone(refresh=1, retry=1, serial=5000)
    chain = Chain(lab, "nsd", None, content=content).start()
    before = chain.combiner.combined(chain.zone)
    content.add("lower." + chain.zone, "A", "192.0.2.1")
    content.bump(4000)
    chain.owner.load(content)
    document = chain.combiner.wait_zone(
        chain.zone, lambda z: any("serial" in str(e).lower() for e in
                                  z["last_errors"] + z["observations"]),
        "says that the owner's serial went back")
    assert document["owner_serial"] == 5000
    after = chain.combiner.combined(chain.zone)
    assert after.serial == before.serial
    zones.compare(after.contents, before.contents)
    chain.combiner.restart()
    assert chain.combiner.combined(chain.zone).serial == before.serial
    content.bump(5001)
    chain.owner.load(content)
    chain.await_owner()
    assert "lower." + chain.zone in {r.name for r in chain.combiner.combined(chain.zone).contents}


def test_serial_follow(lab):
    """The owner's serial when that is an advance, else last + 1."""
    chain = Chain(lab, "knot", None, serial="follow").start()
    serial = lambda: chain.combiner.serial(chain.zone)
    assert serial() == 1000
    chain.update(Change().add(chain.zone, "NS", "a.other.example."))
    assert serial() == 1001
    chain.update(Change().add(chain.zone, "NS", "b.other.example."))
    assert serial() == 1002
    chain.content.bump(1001)
    chain.owner.load(chain.content)
    chain.await_owner()
    assert serial() == 1003, "the owner's 1001 is no advance on 1002"
    chain.content.bump(2026010100)
    chain.owner.load(chain.content)
    chain.await_owner()
    assert serial() == 2026010100


def test_serial_increment(lab):
    chain = Chain(lab, "knot", None, serial="increment").start()
    first = chain.combiner.serial(chain.zone)
    chain.content.bump(9000)
    chain.owner.load(chain.content)
    chain.await_owner()
    assert chain.combiner.serial(chain.zone) == first + 1
    chain.update(Change().add(chain.zone, "NS", "a.other.example."))
    assert chain.combiner.serial(chain.zone) == first + 2


def test_serial_unixtime(lab):
    chain = Chain(lab, "knot", None, serial="unixtime").start()
    first = chain.combiner.serial(chain.zone)
    assert abs(first - time.time()) < 60
    for number in range(3):  # in one second: still an advance each
        chain.update(Change().add(chain.zone, "NS", "n%d.other.example." % number))
    last = chain.combiner.serial(chain.zone)
    assert last >= first + 3 and abs(last - time.time()) < 60


def test_serial_wraps(lab):
    """RFC 1982: after 0xffffffff comes 0 (or 1), and that is an advance."""
    content = zones.OwnerZone(serial=0xffffffff)
    chain = Chain(lab, "nsd", None, content=content).start()
    assert chain.combiner.serial(chain.zone) == 0xffffffff
    chain.update(Change().add(chain.zone, "NS", "a.other.example."))
    assert chain.combiner.serial(chain.zone) in (0, 1)
    chain.combiner.restart(hard=True)
    assert chain.combiner.serial(chain.zone) in (0, 1)
    content.bump(10)
    chain.owner.load(content)
    chain.await_owner()
    assert chain.combiner.serial(chain.zone) == 10


# The signer's side.

def test_signer_that_was_down_gets_the_latest(lab, tmp_path):
    chain = Chain(lab, "knot", "knot").start()
    chain.signer.wait_serial(chain.zone, lambda seen: True)
    chain.signer.stop()
    keys = [dnskey(number % 2).to_text() for number in range(3)]
    for text in keys:
        chain.update(Change().add(chain.zone, "DNSKEY", text))
    chain.content.add("meanwhile." + chain.zone, "A", "192.0.2.3")
    chain.change_owner()
    chain.signer.launch()
    chain.signer.wait_ready()
    signed = verify.await_signed(chain.signer, chain.zone, tmp_path / "signed",
                                 lambda t: set(keys) <= verify.dnskeys(t.contents), 60)
    verify.passed_through(signed.contents, chain.combiner.combined(chain.zone).contents, chain.zone)


@pytest.fixture
def silent():
    secondary = FakeSecondary()
    yield secondary
    secondary.close()


def _chain_with(lab, silent, key=None):
    combiner = lab.combiner()
    combiner.add_secondary("silent", silent, key=key)
    return Chain(lab, "nsd", None, combiner=combiner)


def _acknowledged(chain):
    for entry in chain.combiner.zone(chain.zone)["secondaries"]:
        if entry["name"] == "silent":
            return entry.get("notify_acknowledged_serial")
    raise AssertionError("no such secondary in the document")


def test_notify_is_repeated_until_acknowledged(lab, silent):
    """RFC 1996 3.6; with the key of the secondary, hint and all."""
    key = Key("silent")
    chain = _chain_with(lab, silent, key).start()
    serial = chain.combiner.serial(chain.zone)
    silent.wait_received(2, deadline=90)
    assert _acknowledged(chain) is None
    # An unsigned answer to a signed NOTIFY counts for nothing (RFC 8945 5.3): it comes again.
    silent.answering.set()
    silent.wait_received(len(silent.received) + 2, deadline=120)
    assert _acknowledged(chain) is None
    silent.key = key
    wait.until(lambda: _acknowledged(chain) == serial, "NOTIFY acknowledged", 120)
    for octets in list(silent.received):
        message, tsig = wire.bare(octets)
        assert message.opcode() == 4 and tsig is not None
        wire.parse(octets, key)  # verifies
        assert message.question[0].name.to_text() == chain.zone
        assert not message.answer or message.answer[0][0].serial == serial


def test_notify_ends_with_the_acknowledgement(lab, silent):
    chain = _chain_with(lab, silent)
    silent.answering.set()
    chain.start()
    serial = chain.combiner.serial(chain.zone)
    wait.until(lambda: _acknowledged(chain) == serial, "NOTIFY acknowledged")
    count = len(silent.received)
    chain.update(Change().add(chain.zone, "NS", "a.other.example."))
    wait.until(lambda: _acknowledged(chain) == chain.combiner.serial(chain.zone), "acknowledged")
    # The second serial's NOTIFY came, and none of the first after it was acknowledged.
    assert len(silent.received) == count + 1
    if silent.serials():
        assert silent.serials()[-1] == chain.combiner.serial(chain.zone)


def test_notify_is_sent_again_after_a_restart(lab, silent):
    chain = _chain_with(lab, silent)
    silent.answering.set()
    chain.start()
    silent.wait_received(1)
    wait.until(lambda: _acknowledged(chain) is not None, "acknowledged")
    count = len(silent.received)
    chain.combiner.restart(hard=True)
    silent.wait_received(count + 1)


# Expiry.

@pytest.mark.parametrize("restart", [False, True], ids=["running", "restarted"])
def test_expired_zone_is_servfail_and_recovers(lab, restart):
    """RFC 1035 4.3.5: without the owner for SOA EXPIRE there is no zone; the overlay stays."""
    content = zones.OwnerZone(refresh=1, retry=1, expire=3)
    chain = Chain(lab, "nsd", None, content=content).start()
    foreign = ForeignProvider(chain.zone)
    chain.update(Change().add(chain.zone, "DNSKEY", *foreign.dnskeys))
    before = chain.combiner.serial(chain.zone)
    chain.owner.stop()
    if restart:
        chain.combiner.restart()  # the timer runs on through it
    wait.until(lambda: chain.combiner.rcode(chain.zone) == "SERVFAIL", "SERVFAIL for SOA", 20)
    assert chain.combiner.combined(chain.zone).rcode == "SERVFAIL"
    assert chain.combiner.zone(chain.zone)["state"] == "expired"
    assert chain.combiner.rest("GET", "/healthz", token="")[0] == 200
    if restart:
        chain.combiner.restart(hard=True)
        assert chain.combiner.rcode(chain.zone) == "SERVFAIL", "a restart makes nothing fresh"
    chain.owner.launch()
    chain.owner.wait_ready()
    serial = chain.combiner.wait_serial(chain.zone, lambda seen: True)
    assert serial == before or advanced(serial, before)
    assert chain.combiner.rdata(chain.zone, "DNSKEY") == set(foreign.dnskeys)
    assert chain.combiner.zone(chain.zone)["state"] == "serving"


def test_zone_that_was_never_loaded(lab):
    """SERVFAIL, not ready, and an UPDATE has no zone to go to."""
    chain = Chain(lab, "nsd", None)
    chain.combiner.start()  # without the owner
    assert chain.combiner.rcode(chain.zone) == "SERVFAIL"
    assert chain.combiner.combined(chain.zone).rcode == "SERVFAIL"
    assert chain.combiner.zone(chain.zone)["state"] == "loading"
    assert chain.combiner.rest("GET", "/readyz", token="")[0] == 503
    chain.owner.start()
    chain.combiner.wait_serial(chain.zone, lambda seen: True)
    wait.until(lambda: chain.combiner.rest("GET", "/readyz", token="")[0] == 200, "/readyz is 200")


# A slow or broken owner.

@pytest.fixture
def fake(lab):
    content = zones.OwnerZone(ZONE, refresh=1, retry=1, plain=True, hosts=40)
    primary = FakePrimary(content)
    primary.content = content
    combiner = lab.combiner()
    combiner.add_primary("fake", primary)
    key = Key("msa-update")
    combiner.add_updater("msa", key)
    combiner.add_template(secondaries=["reader"])
    combiner.add_zone(ZONE)
    combiner.start()
    combiner.wait_serial(ZONE, content.serial)
    primary.combiner, primary.key = combiner, key
    yield primary
    primary.close()


def _next(fake):
    fake.content.add("next." + ZONE, "A", "192.0.2.200")
    fake.content.bump()
    fake.serve(fake.content)


def test_slow_transfer_holds_nothing_up(fake):
    """Half a new zone is on its way: the old one is served, UPDATEs are taken, then it arrives."""
    from chorale.updater import Dnspython
    combiner, begun = fake.combiner, fake.transfers_begun
    fake.gate.clear()
    _next(fake)
    wait.until(lambda: fake.transfers_begun > begun, "a transfer in progress")
    old = combiner.combined(ZONE)
    assert "next." + ZONE not in {r.name for r in old.contents}
    start = time.monotonic()
    updater = Dnspython(combiner, ZONE, fake.key)
    assert updater.send(Change().add(ZONE, "NS", "ns.other.example.")) == "NOERROR"
    assert time.monotonic() - start < 2
    assert combiner.zone(ZONE)["owner_serial"] == fake.content.serial - 1
    fake.gate.set()
    combiner.wait_zone(ZONE, lambda z: z["owner_serial"] == fake.content.serial, "new zone")
    new = combiner.combined(ZONE)
    assert "next." + ZONE in {r.name for r in new.contents}
    assert "ns.other.example." in {r.text for r in new.of("NS")}, "the UPDATE survived"
    assert advanced(new.serial, old.serial)


def test_cut_transfer_changes_nothing(fake):
    """RFC 5936 2.2: without the closing SOA it is none; the reason is shown."""
    combiner = fake.combiner
    before = combiner.combined(ZONE)
    fake.cut = True
    begun = fake.transfers_begun
    _next(fake)
    combiner.wait_zone(ZONE, lambda z: z["last_errors"], "shows the failure")
    assert fake.transfers_begun > begun
    after = combiner.combined(ZONE)
    assert after.serial == before.serial
    zones.compare(after.contents, before.contents)
    fake.cut = False
    combiner.wait_zone(ZONE, lambda z: z["owner_serial"] == fake.content.serial, "new zone")


def test_combiner_killed_in_the_middle_of_a_transfer(fake):
    combiner, begun = fake.combiner, fake.transfers_begun
    before = combiner.combined(ZONE)
    fake.gate.clear()
    _next(fake)
    wait.until(lambda: fake.transfers_begun > begun, "a transfer in progress")
    combiner.restart(hard=True)
    after = combiner.combined(ZONE)
    assert after.serial == before.serial
    zones.compare(after.contents, before.contents)
    fake.gate.set()
    combiner.wait_zone(ZONE, lambda z: z["owner_serial"] == fake.content.serial, "new zone")


def test_notify_makes_it_quick(lab):
    """With a refresh of an hour only the NOTIFY can bring the change."""
    content = zones.OwnerZone(ZONE, refresh=3600, plain=True)
    primary = FakePrimary(content)
    combiner = lab.combiner()
    combiner.add_primary("fake", primary)
    combiner.add_template()
    combiner.add_zone(ZONE)
    combiner.start()
    combiner.wait_serial(ZONE, content.serial)
    content.bump()
    primary.serve(content)
    assert primary.notify(combiner) == 0
    combiner.wait_serial(ZONE, content.serial)
    primary.close()


def test_notify_from_strangers_is_refused(lab):
    """RFC 1996 3.10, by address; and for zones that are not ours."""
    import dns.flags
    import dns.message
    from chorale.combiner import STRANGER_ADDRESS
    chain = Chain(lab, "nsd", None).start()
    for zone, source in ((chain.zone, STRANGER_ADDRESS), ("other.example.", None)):
        message = dns.message.make_query(zone, "SOA")
        message.flags = dns.flags.AA
        message.set_opcode(4)
        answer = wire.exchange(chain.combiner.endpoint, message.to_wire(), tcp=False, source=source)
        assert wire.parse(answer).rcode() == 5, zone
