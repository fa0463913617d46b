"""TSIG keys (RFC 8945) in the words of each program."""

import base64
import os

import dns.name
import dns.tsig

ALGORITHMS = ("hmac-sha256", "hmac-sha384", "hmac-sha512")
_OCTETS = {"hmac-sha256": 32, "hmac-sha384": 48, "hmac-sha512": 64}


class Key:
    def __init__(self, name, algorithm="hmac-sha256", secret=None):
        self.name = name if name.endswith(".") else name + "."
        self.algorithm = algorithm
        self.secret = secret or base64.b64encode(os.urandom(_OCTETS[algorithm])).decode()

    @property
    def bare(self):
        """The name without the last dot, as NSD and PowerDNS like it."""
        return self.name[:-1]

    @property
    def dns(self):
        return dns.tsig.Key(dns.name.from_text(self.name), base64.b64decode(self.secret),
                            dns.name.from_text(self.algorithm))

    @property
    def option(self):
        """For nsupdate -y, knsupdate -y and kdig -y."""
        return "%s:%s:%s" % (self.algorithm, self.name, self.secret)

    def bind(self):
        return 'key "%s" { algorithm %s; secret "%s"; };\n' % (
            self.name, self.algorithm, self.secret)

    def knot(self):
        return "  - id: %s\n    algorithm: %s\n    secret: %s\n" % (
            self.name, self.algorithm, self.secret)

    def nsd(self):
        return 'key:\n  name: "%s"\n  algorithm: %s\n  secret: "%s"\n' % (
            self.bare, self.algorithm, self.secret)


def spread(index, name):
    """No key, sha256, sha384, sha512 in turn: one of the four ways for a number."""
    choice = index % 4
    return None if choice == 0 else Key(name, ALGORITHMS[choice - 1])
