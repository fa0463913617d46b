"""The main job: owner's primary -> combiner -> signer, with another provider's keys in between."""

import pytest

from chorale import verify, wire, zone as zones
from chorale.chain import Chain
from chorale.foreign import ForeignProvider
from chorale.updater import Change

# Every owner, every signer, and every signer behind one owner.
PAIRS = [("nsd", "knot"), ("nsd", "bind"), ("nsd", "powerdns"),
         ("knot", "bind"), ("bind", "knot"), ("powerdns", "knot"), ("bind", "powerdns")]


def _has(records, *wanted):
    seen = {(r.type, r.text) for r in records}
    return all(w in seen for w in wanted)


def _overlay(transfer, zone):
    """The controlled RRsets of a combined zone, as they were served."""
    return [r for r in transfer.of(*wire.CONTROLLED, name=zone)]


@pytest.mark.parametrize("owner,signer", PAIRS)
def test_foreign_keys_reach_the_signed_zone(lab, tmp_path, owner, signer):
    chain = Chain(lab, owner, signer).start()
    zone, foreign = chain.zone, ForeignProvider(chain.zone)
    file = tmp_path / "signed"

    # Nothing in the overlay: the owner's zone as it is.
    chain.check_combined()
    chain.signer.wait_serial(zone, lambda seen: seen >= chain.combiner.serial(zone), deadline=40)

    # Another provider's contribution comes in one UPDATE. NS: add first, then delete the old one
    # by one, since RFC 2136 3.4.2.3 leaves the apex NS RRset alone as a whole.
    change = Change().add(zone, "DNSKEY", *foreign.dnskeys).add(zone, "CDS", foreign.cds)
    change.add(zone, "CDNSKEY", foreign.cdnskey).add(zone, "CSYNC", foreign.csync)
    change.add(zone, "NS", *foreign.ns)
    before = chain.combiner.serial(zone)
    chain.update(change, "nsupdate")
    combined = chain.combiner.combined(zone)
    assert wire_greater(combined.serial, before), "an UPDATE that changes bumps the serial"
    assert _has(combined.of("DNSKEY"), *(("DNSKEY", k) for k in foreign.dnskeys))
    overlay = _overlay(combined, zone)
    chain.check_combined(overlay)
    # Added to what was served before, which was the owner's.
    owners_ns = {r.text for r in chain.owner_records() if r.type == "NS" and r.name == zone}
    assert {r.text for r in combined.of("NS", name=zone)} == owners_ns | set(foreign.ns)

    signed = verify.await_signed(
        chain.signer, zone, file,
        lambda t: _has(t.contents, ("CDNSKEY", foreign.cdnskey), ("CSYNC", foreign.csync)), 60)
    verify.assert_union(signed.contents, foreign.dnskeys)
    verify.passed_through(signed.contents, combined.contents, zone)
    for record in wire_types(signed.contents, "TYPE65281", "TYPE65280", "TYPE62347"):
        assert record.rdata in {r.rdata for r in chain.owner_records()}, "changed on the way"

    # The owner's own change passes through, and leaves the overlay alone.
    chain.content.add("passes." + zone, "A", "192.0.2.99")
    chain.content.remove("host7." + zone, "A")
    chain.change_owner()
    combined = chain.check_combined(overlay)
    signed = verify.await_signed(
        chain.signer, zone, file, lambda t: _has(t.contents, ("A", "192.0.2.99")), 60)
    verify.assert_union(signed.contents, foreign.dnskeys)
    verify.passed_through(signed.contents, combined.contents, zone)

    # And all of it can be taken back.
    change = Change().delete(zone, "CDS").delete(zone, "CDNSKEY").delete(zone, "CSYNC")
    change.delete(zone, "DNSKEY").delete(zone, "NS", *foreign.ns)
    chain.update(change, "knsupdate")
    combined = chain.combiner.combined(zone)
    assert not combined.of("DNSKEY", "CDS", "CDNSKEY", "CSYNC")
    signed = verify.await_signed(
        chain.signer, zone, file,
        lambda t: not t.of("CDS", "CDNSKEY", "CSYNC")
        and not set(foreign.dnskeys) & verify.dnskeys(t.contents), 60)
    verify.passed_through(signed.contents, combined.contents, zone)


def wire_types(records, *types):
    found = [r for r in records if r.type in types]
    assert {r.type for r in found} == set(types), "some of the types are gone"
    return found


def wire_greater(a, b):
    """RFC 1982 3.2 for 32 bits."""
    return a != b and (a - b) % 2**32 < 2**31


def test_names_keep_their_case(lab):
    """Owner names and names in RDATA are served letter by letter (RFC 5936 3.4)."""
    chain = Chain(lab, "bind", None).start()
    records = chain.combiner.combined(chain.zone).contents
    names = {r.name for r in records}
    assert "WwW.CaSe." + chain.zone in names and "Mail." + chain.zone in names, names
    assert "HoSt1." + chain.zone in {r.text for r in records if r.type == "CNAME"}
    assert "Ns2." + chain.zone in {r.text for r in records if r.type == "NS"}
    change = Change().add(chain.zone, "NS", "NS.MiXeD.Test.")
    chain.update(change)
    served = chain.combiner.combined(chain.zone).of("NS")
    assert "NS.MiXeD.Test." in {r.text for r in served}


@pytest.mark.parametrize("rdata", ["\\# 0", "\\# 1 00", "\\# 4 c00cc00c", "\\# 65 " + "3f" * 65,
                                   "\\# 1000 " + "c0" * 1000],
                         ids=lambda rdata: rdata.split()[1] + "-octets")
def test_unknown_types_are_opaque(lab, rdata):
    """RFC 3597 4: no decompression, no checks, octet by octet the same; also of no octets."""
    content = zones.OwnerZone(plain=True)
    for rdtype in ("TYPE65281", "TYPE65280", "TYPE1000"):
        content.add(content.name, rdtype, rdata)
        content.add("below." + content.name, rdtype, rdata)
    chain = Chain(lab, "knot", None, content=content).start()
    seen = chain.check_combined()
    octets = bytes.fromhex(rdata.split(" ", 2)[2]) if rdata != "\\# 0" else b""
    found = [r for r in seen.contents if r.type in ("TYPE65281", "TYPE65280", "TYPE1000")]
    assert len(found) == 6 and {r.rdata for r in found} == {octets}


def test_owner_records_that_are_dropped(lab):
    """The owner's own DNSSEC records do not reach the signer, and that is shown."""
    content = zones.OwnerZone()
    own = ForeignProvider(content.name)
    content.add(content.name, "DNSKEY", own.dnskeys[0])
    content.add(content.name, "CDS", own.cds)
    content.add(content.name, "CDNSKEY", own.cdnskey)
    content.add(content.name, "CSYNC", own.csync)
    # Not at the apex these are the owner's business: below a cut of a child, for one.
    content.add("child." + content.name, "CDS", own.cds)
    chain = Chain(lab, "knot", None, content=content).start()
    seen = chain.check_combined()
    assert not seen.of("DNSKEY", "CDNSKEY", "CSYNC")
    assert [r.name for r in seen.of("CDS")] == ["child." + content.name]
    document = chain.combiner.zone(content.name)
    for rdtype in ("DNSKEY", "CDS", "CDNSKEY", "CSYNC"):
        assert document["dropped"].get(rdtype) == 1, document["dropped"]
    assert document["observations"], "the drop is observed"


def test_signed_zone_of_the_owner_is_unsigned_again(lab):
    """An owner who signs: RRSIG, NSEC, NSEC3PARAM and keys go, the rest stays."""
    chain = Chain(lab, "knot", None)
    role = chain.owner.roles[chain.zone]
    role.sign = True
    chain.owner.start()
    chain.combiner.start()
    chain.combiner.wait_serial(chain.zone, lambda seen: True)
    seen = chain.check_combined()
    assert not seen.of("RRSIG", "NSEC", "NSEC3", "NSEC3PARAM", "DNSKEY")
    assert {r.type for r in chain.owner_records()} >= {"RRSIG", "NSEC", "DNSKEY"}
    dropped = chain.combiner.zone(chain.zone)["dropped"]
    assert dropped["RRSIG"] > 10 and dropped["NSEC"] > 10, dropped


def test_cds_without_its_key_is_observed(lab):
    """Shown, not judged; BIND would not cold-start such a zone (CDS consistency)."""
    chain = Chain(lab, "nsd", None).start()
    foreign = ForeignProvider(chain.zone)
    chain.update(Change().add(chain.zone, "CDS", foreign.cds))
    with_cds = chain.combiner.zone(chain.zone)["observations"]
    assert any("CDS" in text for text in with_cds), with_cds
    chain.update(Change().add(chain.zone, "DNSKEY", *foreign.dnskeys))
    after = chain.combiner.zone(chain.zone)["observations"]
    assert not any("CDS" in text and "DNSKEY" in text for text in after), after


def test_cold_start_of_bind_with_foreign_keys(lab, tmp_path):
    """A new BIND signer meets a combined zone that has foreign DNSKEY and CDS already."""
    chain = Chain(lab, "nsd", "bind")
    foreign = ForeignProvider(chain.zone)
    chain.owner.start()
    chain.combiner.start()
    chain.combiner.wait_serial(chain.zone, lambda seen: True)
    chain.update(Change().add(chain.zone, "DNSKEY", *foreign.dnskeys)
                 .add(chain.zone, "CDS", foreign.cds).add(chain.zone, "CDNSKEY", foreign.cdnskey))
    chain.signer.start()
    signed = verify.await_signed(chain.signer, chain.zone, tmp_path / "signed",
                                 lambda t: t.of("CDS"), 60)
    verify.assert_union(signed.contents, foreign.dnskeys)
