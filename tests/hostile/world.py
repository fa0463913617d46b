"""The combiner that the kit attacks: one loaded zone with an overlay, one that never loads."""

import pathlib

import combiner_process as process
import kit
import primary as owner_side
import wire

OWNER_SERIAL = 2024010101


class World:
    """`pid`, `target`, the zone as served before the first case, and a way to look again."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.primary = owner_side.Primary(kit.PRIMARY)
        self.zone = owner_side.PrimaryZone(kit.APEX)
        self.zone.publish(OWNER_SERIAL, owner_side.sample_rows(kit.APEX))
        self.primary.add(self.zone)
        self.combiner = process.Combiner(directory, self.configuration())
        self.worst = (0.0, "")

    @property
    def target(self):
        return self.combiner.target

    def configuration(self):
        text = "".join(process.key_section(key) for key in kit.ALL_KEYS)
        text += f'[[primary]]\nname = "owner"\naddresses = ["{kit.PRIMARY}:{self.primary.port}"]\n'
        text += f'[[primary]]\nname = "dead"\naddresses = ["{kit.PRIMARY}:1"]\n'
        text += f'[[secondary]]\nname = "watch"\naddresses = ["{kit.FRIEND}:9"]\nnotify = false\n'
        text += (f'[[secondary]]\nname = "signer"\naddresses = ["{kit.SIGNER}:9"]\n'
                 f'key = "{kit.SIGNER_KEY.name}"\nnotify = false\n')
        names = []
        for key in kit.UPDATER_KEYS:
            names.append(f'"{key.name}"')
            text += (f'[[updater]]\nname = "{key.name}"\nkey = "{key.name}"\n'
                     'allow = ["127.0.0.0/8"]\n')
        text += ('[[template]]\nname = "default"\nprimaries = ["owner"]\n'
                 f'secondaries = ["watch", "signer"]\nupdaters = [{", ".join(names)}]\n'
                 'serial = "follow"\n')
        text += f'[[zone]]\nname = "{kit.APEX}"\ntemplate = "default"\n'
        text += f'[[zone]]\nname = "{kit.UNLOADED}"\ntemplate = "default"\nprimaries = ["dead"]\n'
        return text

    def __enter__(self):
        self.primary.__enter__()
        self.combiner.start()
        self.pid = self.combiner.process.pid
        process.wait_until(lambda: self.serial() is not None, 30,
                           lambda: "zone not loaded\n" + self.combiner.tail())
        self.fill_overlay()
        return self

    def __exit__(self, *_):
        try:
            self.combiner.end_well()
        finally:
            (self.directory / "combiner.log").write_text(self.combiner.tail(4000))
            self.primary.__exit__()

    def fill_overlay(self):
        changes = [wire.record(kit.APEX, kind, wire.IN, kit.OVERLAY_TTL, rdata)
                   for kind, rdata in kit.OVERLAY]
        outcome = self.update(*changes)
        assert outcome == "NOERROR", outcome
        _, self.content = self.look()
        self.check_content()

    def check_content(self):
        """Owner's records, case and all, and the overlay are what is served."""
        wanted = {(wire.name(kit.APEX), kind, kit.OVERLAY_TTL, rdata) for kind, rdata in kit.OVERLAY}
        assert wanted <= self.content
        assert set(self.zone.versions[OWNER_SERIAL]) <= self.content

    def update(self, *changes, prerequisites=(), key=kit.SETUP_KEY, when=None):
        """Rcode name of a signed UPDATE over TCP; the answer's TSIG must be right."""
        plain = wire.message(opcode=wire.UPDATE, zone=[wire.question(kit.APEX, wire.SOA)],
                             first=list(prerequisites), second=list(changes))
        octets, mac = wire.sign(plain, key, when=when)
        return self.outcome_of(process.exchange_tcp(self.target, octets), key, mac)

    @staticmethod
    def outcome_of(answer, key=None, mac=b""):
        if answer is None:
            return "drop"
        parsed = wire.parse(answer)
        name = wire.RCODE_NAMES.get(parsed.rcode, str(parsed.rcode))
        fields = parsed.tsig
        if fields is not None and fields.error:
            name += "/" + wire.TSIG_ERROR_NAMES.get(fields.error, str(fields.error))
        elif key is not None and fields is not None:
            assert wire.verifies(parsed, key, mac), "TSIG of the answer"
        return name

    def serial(self):
        return process.serial_of(self.target, kit.APEX)

    def look(self):
        """(serial, content) by AXFR."""
        return process.content_of(process.transfer(self.target, kit.APEX))

    def is_unharmed(self):
        return self.combiner.is_alive() and self.combiner.process.pid == self.pid
