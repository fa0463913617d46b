#!/usr/bin/env python3
"""Our DNS codec against dnspython's, another implementation of the same RFCs.

Random RDATA of every type that both know: dnspython's text must become the same
octets, our text must mean the same to dnspython. Random messages, compressed by
dnspython, must mean the same after we parsed and wrote them. Argument: the
program dns_codec.
"""
import random
import struct
import subprocess
import sys

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset

ROUNDS = 200  # RDATA of each type
MESSAGES = 500


def octets(least, most):
    return random.randbytes(random.randint(least, most))


def name(upper=True):
    labels = []
    for _ in range(random.randint(0, 4)):
        alphabet = b"ab.\\\"@;$ \x00\xff" + (b"AB" if upper else b"")
        labels.append(bytes(random.choice(alphabet) for _ in range(random.randint(1, 4))))
    return dns.name.Name(labels + [b""]).to_wire()


def string(most=20, highest=255):
    text = bytes(random.randint(0, highest) for _ in range(random.randint(0, most)))
    return bytes([len(text)]) + text


def ascii_string():
    # dnspython 2.3 reads \\200 in the text of these types as two octets of UTF-8.
    return string(highest=127)


def known_type():
    # dnspython has mnemonics that we lack, but above 300 only numbers.
    return random.choice([dns.rdatatype.from_text(random.choice(list(RDATA))),
                          random.randint(300, 1000)])


def bitmap():
    windows = {}
    for code in (known_type() for _ in range(random.randint(1, 8))):
        window = windows.setdefault(code >> 8, bytearray(32))
        window[(code & 255) // 8] |= 0x80 >> (code % 8)
    packed = {number: bytes(window).rstrip(b"\0") for number, window in windows.items()}
    return b"".join(bytes([number, len(bits)]) + bits for number, bits in sorted(packed.items()))


def parameters():
    # Of the values that dnspython prints itself, alpn is plain here: it escapes otherwise.
    known = {1: b"\x02h2\x05h3-29", 3: octets(2, 2), 4: octets(4, 4), 5: octets(3, 9),
             6: octets(16, 16), 667: octets(1, 9)}
    chosen = {key: value for key, value in known.items() if random.random() < 0.5}
    if chosen and random.random() < 0.5:
        chosen = {0: struct.pack("!H", random.choice(list(chosen))), **chosen}
    return b"".join(struct.pack("!HH", key, len(value)) + value
                    for key, value in sorted(chosen.items()))


RDATA = {
    "A": lambda: octets(4, 4),
    "AAAA": lambda: octets(16, 16),
    "NS": name, "CNAME": name, "PTR": name, "DNAME": name,
    "MX": lambda: octets(2, 2) + name(),
    "SOA": lambda: name() + name() + octets(20, 20),
    "TXT": lambda: b"".join(string() for _ in range(random.randint(1, 4))),
    "SPF": lambda: string(),
    "HINFO": lambda: ascii_string() + ascii_string(),
    "RP": lambda: name() + name(),
    "AFSDB": lambda: octets(2, 2) + name(),
    "SRV": lambda: octets(6, 6) + name(),
    "NAPTR": lambda: octets(4, 4) + ascii_string() + ascii_string() + ascii_string() + name(),
    "SSHFP": lambda: b"\1\1" + octets(20, 20),
    "DS": lambda: octets(3, 3) + random.choice([b"\1" + octets(20, 20), b"\2" + octets(32, 32),
                                                b"\4" + octets(48, 48)]),
    "CDS": lambda: octets(2, 2) + b"\x0d\2" + octets(32, 32),
    "DNSKEY": lambda: octets(2, 2) + b"\3" + octets(1, 1) + octets(1, 80),
    "CDNSKEY": lambda: octets(2, 2) + b"\3\x0d" + octets(1, 80),
    "CSYNC": lambda: octets(6, 6) + bitmap(),
    "NSEC": lambda: name() + bitmap(),
    "NSEC3": lambda: b"\1\0\0\1" + string() + b"\x14" + octets(20, 20) + bitmap(),
    "NSEC3PARAM": lambda: b"\1\0\0\1" + string(),
    "RRSIG": lambda: struct.pack("!H", known_type()) + octets(16, 16) + name() + octets(1, 80),
    "TLSA": lambda: octets(3, 3) + octets(1, 64),
    "URI": lambda: octets(4, 4) + b"https://api." + bytes(random.choices(b"az0/.", k=9)),
    "CAA": lambda: octets(1, 1) + b"\5issue" + ascii_string()[1:],
    "ZONEMD": lambda: octets(4, 4) + b"\1\1" + octets(48, 48),
    "SVCB": lambda: struct.pack("!H", random.randint(1, 9)) + name() + parameters(),
    "HTTPS": lambda: struct.pack("!H", 0) + name(),
    "TYPE65280": lambda: octets(0, 40),
}


def as_rdata(rdtype, wire):
    return dns.rdata.from_wire(dns.rdataclass.IN, rdtype, wire, 0, len(wire))


def ask(program, lines):
    run = subprocess.run([program], input="\n".join(lines) + "\n", capture_output=True, text=True,
                         timeout=120, check=True)
    answers = run.stdout.split("\n")[:-1]
    assert len(answers) == len(lines), f"{len(lines)} lines in, {len(answers)} out"
    return answers


def check_rdata(program):
    cases = []
    for mnemonic, make in RDATA.items():
        rdtype = dns.rdatatype.from_text(mnemonic)
        cases += [(mnemonic, rdtype, make()) for _ in range(ROUNDS)]
    texts = [as_rdata(rdtype, wire).to_text() for _, rdtype, wire in cases]
    answers = ask(program, [f"rdata {case[0]} {text}" for case, text in zip(cases, texts)])
    faults = 0
    for (mnemonic, rdtype, wire), text, answer in zip(cases, texts, answers):
        ours, _, our_text = answer.partition(" ")
        same = ours == wire.hex().upper()
        if same:
            back = dns.rdata.from_text(dns.rdataclass.IN, rdtype, our_text, relativize=False)
            same = back.to_wire() == wire
        if not same:
            faults += 1
            print(f"{mnemonic}: {wire.hex()}\n  dnspython: {text}\n  ours:      {answer}")
    return len(cases), faults


def random_message():
    message = dns.message.QueryMessage(id=random.randint(0, 65535))
    message.flags = random.choice([0, dns.flags.QR, dns.flags.QR | dns.flags.AA, dns.flags.RD])
    message.find_rrset(message.question, dns.name.from_wire(name(), 0)[0], dns.rdataclass.IN,
                       dns.rdatatype.SOA, create=True, force_unique=True)
    for section in (message.answer, message.authority, message.additional):
        for _ in range(random.randint(0, 8)):
            mnemonic = random.choice(list(RDATA))
            rdtype = dns.rdatatype.from_text(mnemonic)
            wire = RDATA[mnemonic]()
            if not wire:  # an RR without RDATA is for UPDATE
                continue
            rrset = dns.rrset.RRset(dns.name.from_wire(name(), 0)[0], dns.rdataclass.IN, rdtype)
            rrset.add(as_rdata(rdtype, wire), random.randint(0, 2**31 - 1))
            section.append(rrset)
    if random.random() < 0.5:
        message.use_edns(0, random.choice([0, dns.flags.DO]), random.randint(512, 4096),
                         options=[dns.edns.GenericOption(65010, octets(0, 9))])
    return message


def records(message):
    return [[(rrset.name.labels, rrset.rdtype, rrset.ttl, rdata.to_wire())
             for rrset in section for rdata in rrset]
            for section in (message.answer, message.authority, message.additional)]


def check_messages(program):
    messages = [random_message() for _ in range(MESSAGES)]
    wires = [message.to_wire(max_size=65535) for message in messages]
    answers = ask(program, [f"message {wire.hex()}" for wire in wires])
    faults = 0
    for message, wire, answer in zip(messages, wires, answers):
        before = dns.message.from_wire(wire, one_rr_per_rrset=True)
        if not answer.startswith("error"):
            after = dns.message.from_wire(bytes.fromhex(answer), one_rr_per_rrset=True)
            if (records(before) == records(after) and before.flags == after.flags
                    and before.id == after.id and before.question == after.question
                    and (before.edns, before.payload, before.ednsflags, before.options)
                    == (after.edns, after.payload, after.ednsflags, after.options)):
                continue
        faults += 1
        print(f"message: {wire.hex()}\n  ours: {answer}\n{message}")
    return len(messages), faults


def main():
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1035
    random.seed(seed)
    program = sys.argv[1]
    rdata_cases, rdata_faults = check_rdata(program)
    message_cases, message_faults = check_messages(program)
    print(f"{rdata_cases} RDATA, {rdata_faults} differ; {message_cases} messages, "
          f"{message_faults} differ; seed {seed}")
    return 1 if rdata_faults or message_faults else 0


if __name__ == "__main__":
    sys.exit(main())
