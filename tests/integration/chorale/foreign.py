"""What another provider's MSA would send: its DNSKEYs and the CDS, CDNSKEY, CSYNC and NS to go
with them. The keys are fresh ECDSA P-256 ones, the algorithm of all signers in these tests, since a
DNSKEY RRset with an algorithm that signs nothing is bogus (RFC 4035 2.2)."""

import dns.dnssec
import dns.name
from cryptography.hazmat.primitives.asymmetric import ec

ALGORITHM = 13
TTL = 300


def dnskey(ksk):
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    return dns.dnssec.make_dnskey(public, ALGORITHM, 257 if ksk else 256)


class ForeignProvider:
    def __init__(self, zone):
        self.zone = zone
        self.ksk, self.zsk = dnskey(True), dnskey(False)
        self.cdnskey = self.ksk.to_text()
        self.cds = dns.dnssec.make_ds(dns.name.from_text(zone), self.ksk, "SHA256").to_text()
        self.csync = "0 1 A NS AAAA"
        self.ns = ["ns1.provider-b.example.", "NS2.Provider-C.example."]

    @property
    def dnskeys(self):
        return [self.ksk.to_text(), self.zsk.to_text()]
