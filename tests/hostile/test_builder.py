"""The builder against dnspython: what ought to be well-formed is read there as it was meant."""

import dns.message
import dns.name
import dns.tsig
import pytest

import kit
import wire

KEYRING = {dns.name.from_text(key.name): dns.tsig.Key(key.name, key.secret, key.algorithm)
           for key in kit.ALL_KEYS}
# dnspython says FORMERR to records it knows to be wrong; these rows are built right.
# dnspython has another limit on pointers in a row.
PLAIN = [case for case in kit.CASES if case.expect == frozenset(["NOERROR"]) and case.key is None
         and "pointers in a row" not in case.name]
SIGNED = [case for case in kit.CASES if case.expect == frozenset(["NOERROR"])
          and case.key is not None]


def octets_of(case):
    built = case.build(kit.Context(1000))
    return built if isinstance(built, tuple) else (built, b"")


@pytest.mark.parametrize("case", PLAIN, ids=lambda case: case.full_name)
def test_well_formed_messages_are_read_by_dnspython(case):
    octets, _ = octets_of(case)
    parsed = wire.parse(octets)
    try:
        other = dns.message.from_wire(octets)
    except dns.message.BadEDNS:
        pytest.fail("OPT is wrong")
    assert other.id == parsed.ident
    assert other.opcode() == parsed.opcode


@pytest.mark.parametrize("case", SIGNED, ids=lambda case: case.full_name)
def test_signatures_are_right_for_dnspython(case):
    octets, mac = octets_of(case)
    parsed = wire.parse(octets)
    assert parsed.tsig.mac == mac
    assert wire.verifies(parsed, case.key, b"")
    dns.message.from_wire(octets, keyring=KEYRING)


@pytest.mark.parametrize("algorithm", ["hmac-sha256.", "hmac-sha384.", "hmac-sha512."])
def test_dnspython_signs_what_we_verify(algorithm):
    key = wire.make_key("both.", algorithm)
    query = dns.message.make_query("hostile.example.", "SOA")
    query.use_tsig(dns.tsig.Key(key.name, key.secret, key.algorithm))
    octets = query.to_wire()
    parsed = wire.parse(octets)
    assert wire.verifies(parsed, key, b"")
    assert not wire.verifies(parsed, wire.make_key("other.", algorithm), b"")
    again, mac = wire.sign(wire.without_tsig(parsed, parsed.tsig), key, when=parsed.tsig.when)
    assert again == octets and mac == parsed.tsig.mac


def test_strict_reader_refuses_what_it_must():
    good = wire.message(zone=[wire.question("a.example.", wire.SOA)])
    assert wire.parse(good).questions == [(wire.name("a.example."), wire.SOA, wire.IN)]
    for bad in (good[:11], good[:-1], good + b"\0", good[:12] + b"\xc0\x0c\0\6\0\1",
                good[:12] + b"\x40" + good[13:], kit.chain(3)[:-2]):
        with pytest.raises(wire.Malformed):
            wire.parse(bad)
