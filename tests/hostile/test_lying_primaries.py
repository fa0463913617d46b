"""The owner's primary lies, in every way of lies.py (RFC 5936, 1995, 8945, 1982).

For each lie: the old zone stays served with the old serial, the reason is shown by the admin REST,
the daemon lives, and the next refresh from the same, now honest, primary succeeds.
"""

import dataclasses
import pathlib

import pytest

import combiner_process as process
import lies
import primary as owner_side
import wire

# Names of the combiner's [limits] keys, low enough that a lie without end is over in seconds.
LIMITS = {
    "transfer_max_octets": 4_000_000,
    "transfer_max_records": 20_000,
    "transfer_max_records_per_rrset": 500,
    "transfer_max_messages": 2_000,
    "transfer_total_time": 5,
    "transfer_idle_time": 2,
}

LIE_SECONDS = 45.0      # from the refresh to the visible reason; covers UDP retries and idle time
HONEST_SECONDS = 30.0
LOAD_SECONDS = 60.0
RESIDENT_KIB = 1_500_000  # generous: sanitizers included



def zone_name(number):
    return f"lie{number:03}.lying.example."


@dataclasses.dataclass
class World:
    combiner: process.Combiner
    primary: owner_side.Primary
    zones: dict
    pid: int


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    directory = tmp_path_factory.mktemp("lying")
    key = wire.make_key("owner-xfr.")
    with owner_side.Primary("127.0.0.3") as primary:
        zones = {}
        for number, lie in enumerate(lies.LIES):
            zone = owner_side.PrimaryZone(zone_name(number), key if lie.keyed else None)
            zone.publish(lies.OLD, owner_side.sample_rows(zone.text, "old"))
            zones[lie.name] = primary.add(zone)
        combiner = process.Combiner(directory, configuration(primary, key), LIMITS)
        combiner.start()
        try:
            wait_loaded(combiner, zones)
            yield World(combiner, primary, zones, combiner.process.pid)
        finally:
            try:
                combiner.end_well()
            finally:
                (pathlib.Path(directory) / "combiner.log").write_text(
                    combiner.tail(4000))


def configuration(primary, key):
    address = f"{primary.address}:{primary.port}"
    text = process.key_section(key)
    text += f'[[primary]]\nname = "plain"\naddresses = ["{address}"]\n'
    text += f'[[primary]]\nname = "keyed"\naddresses = ["{address}"]\nkey = "{key.name}"\n'
    text += '[[secondary]]\nname = "watch"\naddresses = ["127.0.0.1:9"]\nnotify = false\n'
    for name in ("plain", "keyed"):
        text += (f'[[template]]\nname = "{name}"\nprimaries = ["{name}"]\n'
                 'secondaries = ["watch"]\nserial = "follow"\n')
    for number, lie in enumerate(lies.LIES):
        template = "keyed" if lie.keyed else "plain"
        text += f'[[zone]]\nname = "{zone_name(number)}"\ntemplate = "{template}"\n'
    return text


def wait_loaded(combiner, zones):
    missing = {zone.text for zone in zones.values()}

    def all_loaded():
        for name in list(missing):
            if process.serial_of(combiner.target, name) != lies.OLD:
                return False
            missing.discard(name)
        return True

    process.wait_until(all_loaded, LOAD_SECONDS,
                       lambda: f"zones not loaded: {sorted(missing)[:5]}\n{combiner.tail()}", 0.05)


def errors_of(world, zone):
    return world.combiner.zone(zone.text)["last_errors"]


def served(world, zone):
    return process.content_of(process.transfer(world.combiner.target, zone.text))


def expected(zone, serial):
    """What the combiner must serve of an honest version: without a record twice."""
    soa = zone.soa(serial)
    return frozenset([process.soa_row(soa), *zone.versions[serial]])


@pytest.mark.parametrize("lie", lies.LIES, ids=lambda lie: lie.name.replace(" ", "-"))
def test_a_lie_changes_nothing(world, lie):
    zone = world.zones[lie.name]
    serial, before = served(world, zone)
    assert (serial, before) == (lies.OLD, expected(zone, lies.OLD))
    known = errors_of(world, zone)

    zone.publish(lie.serial, owner_side.sample_rows(zone.text, "new"))
    zone.lies = {kind: one for kind, one in lie.lies.items() if one is not None}
    zone.requests.clear()
    world.combiner.refresh(zone.text)

    def shown():
        return errors_of(world, zone) != known

    def taken():
        return process.serial_of(world.combiner.target, zone.text) != serial

    def what():
        return (f"{lie.name}: primary was asked {zone.requests}\n"
                f"{errors_of(world, zone)}\n{world.combiner.tail(15)}")

    if lie.verdict == "kept":
        process.wait_until(shown, LIE_SECONDS, what)
        assert all(one["text"] for one in errors_of(world, zone))
        assert served(world, zone) == (serial, before)
    elif lie.verdict == "accepted":
        process.wait_until(taken, LIE_SECONDS, what)
        taken_serial, taken_rows = served(world, zone)
        wanted = expected(zone, lie.serial)
        wanted_rows = wanted[1] if isinstance(wanted, tuple) else wanted
        assert taken_serial == lie.serial and wanted_rows <= taken_rows
        # Long streams are filled up with TXT.
        filling = taken_rows - wanted_rows
        assert all(row[1] == wire.TXT for row in filling)
        if filling:
            # The primary's own versions are without it, so that its next delta would not fit.
            assert alive(world)
            return
        assert [kind for kind, *_ in zone.requests].count("AXFR") <= 1, zone.requests
    else:
        process.wait_until(lambda: shown() or taken(), LIE_SECONDS, what)
        if not taken():
            assert served(world, zone) == (serial, before)
    now, content = served(world, zone)
    for label in lie.forbidden or ():
        assert not any(row[0].startswith(label) and row[0] != zone.owner for row in content)
    assert alive(world)

    zone.lies = {}
    honest = max(lies.LATER, now + 1)
    zone.publish(honest, owner_side.sample_rows(zone.text, "later"))
    recovers(world, zone, honest)


def recovers(world, zone, serial):
    """The next refreshes from the honest primary bring the new version, whole."""
    def renewed():
        world.combiner.refresh(zone.text)
        try:
            process.wait_until(
                lambda: process.serial_of(world.combiner.target, zone.text) == serial, 1.0, "")
        except AssertionError:
            return False
        return True

    process.wait_until(renewed, HONEST_SECONDS,
                       lambda: f"{zone.text}: {errors_of(world, zone)}\n{world.combiner.tail(15)}")
    assert served(world, zone) == (serial, expected(zone, serial))


def alive(world):
    return world.combiner.is_alive() and world.combiner.process.pid == world.pid


def test_memory_is_bounded_after_all_lies(world):
    with open(f"/proc/{world.pid}/status", encoding="ascii") as status:
        peak = [int(line.split()[1]) for line in status if line.startswith("VmHWM")][0]
    print(f"peak resident memory after {len(lies.LIES)} lies: {peak} KiB")
    assert peak < RESIDENT_KIB
    assert alive(world)


def test_there_are_enough_lies():
    assert len(lies.LIES) >= 24
    assert len({lie.name for lie in lies.LIES}) == len(lies.LIES)
