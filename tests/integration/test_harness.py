"""The harness without the combiner: do the stock programs do what the other tests rely on?

When one of these fails, the program installed here differs from what the tests were written for,
and failures of other files say nothing about the combiner.
"""

import pytest

from chorale import verify, zone as zones
from chorale.foreign import ForeignProvider
from chorale.key import ALGORITHMS, Key
from chorale.lab import OWNERS, SECONDARIES, SIGNERS

ZONE = "zone.example."


@pytest.mark.parametrize("index,owner_kind,copy_kind", [
    (i, owner, SECONDARIES[(i + 1) % 4]) for i, owner in enumerate(OWNERS)])
def test_owner_and_plain_secondary(lab, index, owner_kind, copy_kind):
    content = zones.OwnerZone(ZONE)
    key = Key("xfr", ALGORITHMS[index % 3])
    owner, copy = lab.server(owner_kind, "owner"), lab.server(copy_kind, "copy")
    owner.primary(content, to=[(copy, key)])
    copy.secondary(ZONE, of=(owner, key))
    owner.start()
    copy.start()
    copy.wait_serial(ZONE, content.serial)
    content.add("new." + ZONE, "A", "192.0.2.77")
    content.bump()
    owner.load(content)
    copy.wait_serial(ZONE, content.serial)
    zones.compare(copy.transfer(ZONE).without("SOA"),
                  owner.transfer(ZONE, key).without("SOA"), fold=True)
    # The counters of increments count.
    if owner.kind != "powerdns":
        assert owner.sent_ixfr(ZONE) >= 1
        assert copy.received_ixfr(ZONE) is None or copy.received_ixfr(ZONE) >= 1


@pytest.mark.parametrize("kind", SIGNERS)
def test_signer_keeps_foreign_keys(lab, tmp_path, kind):
    content = zones.OwnerZone(ZONE)
    foreign = ForeignProvider(ZONE)
    key = Key("xfr")
    owner, signer = lab.server("nsd", "owner"), lab.server(kind, "signer")
    owner.primary(content, to=[(signer, key)])
    signer.signer(ZONE, of=(owner, key))
    owner.start()
    signer.start()
    signer.wait_serial(ZONE, lambda seen: seen >= content.serial)
    for text in foreign.dnskeys:
        content.add(ZONE, "DNSKEY", text)
    content.add(ZONE, "CDS", foreign.cds)
    content.add(ZONE, "CDNSKEY", foreign.cdnskey)
    content.bump()
    owner.load(content)
    signed = verify.await_signed(signer, ZONE, tmp_path / "signed", lambda t: t.of("CDS"))
    verify.assert_union(signed.contents, foreign.dnskeys)
    verify.passed_through(signed.contents, owner.transfer(ZONE, key).contents, ZONE)
