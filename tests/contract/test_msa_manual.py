"""The agent's manual tells what the program does."""

import pathlib
import re
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/integration"))

from chorale import msa  # noqa: E402

MANUAL = (ROOT / "msa/README.md").read_text()
VERBS = re.findall(r"(?m)^  ([a-z]+)  +\S", msa.printed("--help"))


def section(verb):
    return re.search(r"(?ms)^### msa %s\n(.*?)(?=^##|\Z)" % verb, MANUAL).group(1)


def test_every_verb_is_there():
    assert {"keygen", "records", "record"} <= set(VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_every_option_is_in_the_manual_with_its_default(verb):
    text = msa.printed(verb, "--help")
    options = re.findall(r"(?m)^  (--[a-z-]+)(?: \S*?(?:=(\S+))?)?(?: |$)", text)
    assert options, text
    rows = dict(re.findall(r"(?m)^\| `(--[a-z-]+)` \| (.*?) \|", section(verb)))
    assert set(rows) == {name for name, _ in options}
    for name, default in options:
        assert not default or rows[name].strip("`") == default, name
    for name, _ in options:
        assert re.search(r"(?m)^    msa %s .*%s " % (verb, name), MANUAL), name


def test_the_records_of_the_manual_are_what_is_printed(tmp_path):
    identity = ("--identity", "msa.provider.example")
    said = msa.printed("keygen", "--directory", tmp_path, "--only", "sig0", *identity)
    said += msa.printed("keygen", "--directory", tmp_path, "--only", "tls", *identity)
    printed = msa.printed("records", "--directory", tmp_path, *identity, "--address", "192.0.2.7",
                          "--address", "2001:db8::7")

    def shape(text):
        """Without what differs from key to key."""
        text = re.sub(r"(?m)^    ", "", text).replace(str(tmp_path), "/etc/chorale/msa")
        text = re.sub(r"key tag \d+", "key tag", text)
        return re.sub(r"(KEY 512 3 15|3 1 1) \S+", r"\1", text)
    assert shape(said) in shape(section("keygen"))
    assert shape(printed) in shape(section("records"))


def test_the_msigner_record_of_the_manual_is_what_is_printed():
    printed = msa.printed("record", "--zone", "zone.example", "--state", "on", "--identity",
                          "msa.provider.example")
    assert re.sub(r"(?m)^", "    ", printed).rstrip(" ") in section("record")
