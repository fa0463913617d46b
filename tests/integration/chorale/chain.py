"""Owner -> combiner -> signer or plain secondary, wired with a key for each hop."""

from . import zone as zones
from .key import Key
from .updater import UPDATERS

ZONE = "zone.example."
_FRESH = object()


class Chain:
    """The usual set-up. Nothing runs before start()."""

    def __init__(self, lab, owner="nsd", signer="knot", secondary=None, content=None, combiner=None,
                 owner_key=_FRESH, signer_key=_FRESH, **template):
        self.lab = lab
        self.content = content or zones.OwnerZone(ZONE)
        self.zone = self.content.name
        self.owner_key = Key("owner-xfr") if owner_key is _FRESH else owner_key
        self.signer_key = Key("signer-xfr") if signer_key is _FRESH else signer_key
        self.update_key = Key("msa-update")
        self.combiner = combiner or lab.combiner()
        self.owner = lab.server(owner, "owner")
        self.owner.primary(self.content, to=[(self.combiner, self.owner_key)])
        self.combiner.add_primary("owner", self.owner, key=self.owner_key)
        self.signer = None
        if signer or secondary:
            self.signer = lab.server(signer or secondary, "signer" if signer else "secondary")
            of = (self.combiner, self.signer_key)
            self.signer.signer(self.zone, of=of) if signer else self.signer.secondary(
                self.zone, of=of)
            self.combiner.add_secondary("signer", self.signer, key=self.signer_key)
        self.combiner.add_updater("msa", self.update_key, allow=["127.0.0.0/8"])
        self.combiner.add_template(**template)
        self.combiner.add_zone(self.zone)

    def start(self):
        self.owner.start()
        self.combiner.start()
        self.combiner.wait_serial(self.zone, lambda seen: True)
        if self.signer:
            self.signer.start()
        return self

    def updater(self, name="dnspython", key=None, tcp=False):
        return UPDATERS[name](self.combiner, self.zone, key or self.update_key, tcp)

    def update(self, change, name="dnspython"):
        """An UPDATE that must be taken."""
        seen = self.updater(name).send(change)
        assert seen == "NOERROR", "UPDATE answered %s" % seen

    def change_owner(self, deadline=20.0):
        """Bumps the owner's zone, loads it, and waits until the combiner has taken it over."""
        self.content.bump()
        self.owner.load(self.content)
        self.await_owner(deadline)

    def await_owner(self, deadline=20.0):
        self.combiner.wait_zone(
            self.zone, lambda z: z["owner_serial"] == self.content.serial,
            "has the owner's serial %d" % self.content.serial, deadline)

    def owner_records(self):
        """What the owner really serves, in its own spelling."""
        return self.owner.transfer(self.zone, self.owner_key).contents

    def check_combined(self, overlay=()):
        """The combined zone is the owner's with the overlay in place. Returns the transfer."""
        seen = self.combiner.combined(self.zone)
        assert seen.rcode == "NOERROR", seen.rcode
        zones.compare(seen.without("SOA"), zones.combined(self.owner_records(), self.zone, overlay))
        return seen
