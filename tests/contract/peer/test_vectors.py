"""The second implementation of proto/README.md against proto/vectors."""
import base64
import json
import pathlib

import pytest

import make_vectors
import peer

VECTORS = pathlib.Path(__file__).resolve().parents[3] / "proto/vectors"
ZONE = peer.text_name("zone.example.")


def vectors(file):
    listed = json.loads((VECTORS / file).read_text())
    assert len(listed) > 3
    return pytest.mark.parametrize("vector", listed, ids=[vector["name"] for vector in listed])


def outcome(read, *arguments):
    """What was read, and the RCODE."""
    try:
        return read(*arguments), "NOERROR"
    except peer.Bad as bad:
        return None, bad.verdict


def status_of(rcode):
    return {"NOERROR": 200, "FORMERR": 400}[rcode]


def order_of(notes):
    """Notes come in the order of section 11."""
    order = ["mirrored bits", "missing baseline", "reserved octet", "unknown fact", "unknown value"]
    return sorted(notes, key=order.index)


def read_body(text, operation, purpose):
    return peer.decode_json(peer.load(text), operation, purpose)


@vectors("option.json")
def test_option(vector):
    read, rcode = outcome(peer.decode_option, bytes.fromhex(vector["option"]), vector["purpose"])
    assert rcode == vector["verdict"]
    if read is None:
        return
    message, notes = read
    message["zone"] = ZONE
    assert message["operation"] == vector["operation"] and order_of(notes) == vector["notes"]
    assert peer.encode_option(message).hex() == vector["canonical"]
    assert peer.encode_json(message) == vector["json"]
    again, notes = read_body(json.dumps(vector["json"]), message["operation"], vector["purpose"])
    assert again == message and not notes
    assert peer.encode_option(again).hex() == vector["canonical"]


@vectors("json.json")
def test_json(vector):
    read, rcode = outcome(read_body, vector["text"], vector["operation"], vector["purpose"])
    assert status_of(rcode) == vector["verdict"]
    if read is None:
        return
    message, notes = read
    assert message["zone"] == ZONE and order_of(notes) == vector["notes"]
    assert peer.encode_option(message).hex() == vector["option"]
    assert read_body(json.dumps(peer.encode_json(message)), vector["operation"], vector["purpose"]) == (message, set())
    # DNS to JSON to DNS changes nothing.
    over_dns, _ = peer.decode_option(bytes.fromhex(vector["option"]), vector["purpose"])
    beside = {member: message[member] for member in ("zone", "changed") if member in message}
    assert over_dns | beside == message


@vectors("message.json")
def test_message(vector):
    wire = bytes.fromhex(vector["message"])
    read, rcode = outcome(peer.decode_message, wire)
    assert rcode == vector["verdict"]
    if read is None:
        return
    message, _ = read
    assert message["operation"] == vector["operation"] and peer.encode_json(message) == vector["json"]
    again, _ = peer.decode_message(peer.encode_notify(message))
    assert again == message


@vectors("contribution.json")
def test_contribution(vector):
    if "text" in vector:
        read, rcode = outcome(lambda text: peer.decode_contribution(peer.load(text)), vector["text"])
        assert status_of(rcode) == vector["verdict"]
        assert read is None or (read["zone"] == ZONE and set(read["rrsets"]) == set(peer.CONTRIBUTED))
        return
    zone, identity = peer.text_name(vector["zone"]), peer.text_name(vector["identity"])
    read, rcode = outcome(peer.read_contribution_answer, bytes.fromhex(vector["answer"]), zone, identity, vector["type"])
    assert rcode == vector["verdict"]
    if read is not None:
        assert read == (vector["ttl"], [base64.b64decode(rdata) for rdata in vector["rdata"]])


@vectors("instruction.json")
def test_instruction(vector):
    over_dns = over_rest = None
    if "update" in vector:
        over_dns, rcode = outcome(peer.decode_update, bytes.fromhex(vector["update"]))
        assert rcode == vector["verdict"]
    if "text" in vector:
        over_rest, rcode = outcome(lambda text: peer.decode_instruction(peer.load(text)), vector["text"])
        assert status_of(rcode) == vector["status"]
    for read in filter(None, (over_dns, over_rest)):
        message, _ = read
        assert peer.decode_update(peer.encode_update(message))[0] == message
        assert peer.decode_instruction(json.loads(json.dumps(peer.encode_instruction(message))))[0] == message
    if "update" in vector and "text" in vector:
        assert over_dns == over_rest


@vectors("sig0.json")
def test_sig0(vector):
    wire, request = bytes.fromhex(vector["message"]), bytes.fromhex(vector["request"])
    keys = [base64.b64decode(key) for key in vector["keys"]]
    assert peer.verify(wire, keys, vector["now"], request) == vector["verdict"]
    if "private" in vector:
        signer = peer.Signer(peer.text_name(vector["signer"]), bytes.fromhex(vector["private"]))
        assert signer.key == keys[0]
        unsigned = wire[:11] + bytes([wire[11] - 1]) + wire[12:peer.Message(wire).additional[-1].start]
        assert signer.sign(unsigned, vector["now"], request) == wire


def test_p256_signs_what_it_verifies():
    signer = peer.Signer(peer.text_name("dns.msa.a.example."), bytes(range(1, 33)), 13)
    wire = bytes.fromhex(json.loads((VECTORS / "message.json").read_text())[0]["message"])
    signed = signer.sign(wire, 1800000000)
    assert peer.verify(signed, [signer.key], 1800000000) == "verified"
    assert peer.verify(signed, [signer.key], 1800000000, b"x") == "bad_signature"


@vectors("roster.json")
def test_roster(vector):
    records = [(state, peer.text_name(name)) for state, name in vector["records"]]
    for order in (records, records[::-1]):
        assert peer.roster_digest(order) == vector["digest"]


@vectors("contribution_digest.json")
def test_contribution_digest(vector):
    keys, entry_keys = ([base64.b64decode(rdata) for rdata in vector[member]] for member in ("keys", "entry_keys"))
    name_servers = [peer.text_name(name) for name in vector["name_servers"]]
    assert peer.contribution_digest(keys, entry_keys, name_servers) == vector["digest"]


@vectors("election.json")
def test_election(vector):
    candidates = [peer.text_name(name) for name in vector["candidates"]]
    order = peer.election_order(peer.text_name(vector["zone"]), int(vector["epoch"]), candidates)
    assert order == [peer.text_name(name) for name in vector["order"]]


def test_files_are_what_is_written(monkeypatch):
    monkeypatch.setattr("sys.argv", ["make_vectors.py", "--check"])
    assert make_vectors.main() == 0


def test_every_section_with_a_format_has_vectors():
    rules = {vector["rule"] for file in VECTORS.glob("*.json") for vector in json.loads(file.read_text())}
    for rule in ("1", "2.1", "2.2", "2.3", "2.4", "2.5", "2.6", "2.7", "2.8", "3.1", "3.2", "3.3", "3.4", "3.6", "3.7", "4.1",
                 "4.10", "5.2", "5.3", "6.1", "6.2", "6.3", "7.3", "7.4", "7.5", "7.6", "8.1", "8.2", "8.3"):
        assert rule in rules, rule
