"""The combiner's manual and sample configuration tell what the program does."""

import pathlib
import re
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

import generated  # noqa: E402
from chorale.combiner import program  # noqa: E402

ROOT = generated.ROOT
MANUAL = generated.MANUAL.read_text()


@pytest.mark.parametrize("path", [generated.SAMPLE, generated.MANUAL], ids=lambda p: p.name)
def test_what_is_generated_is_up_to_date(path):
    assert path.read_text() == generated.expected(program())[path], (
        "run tests/contract/generated.py COMBINER --write")


def test_the_sample_is_a_good_configuration(tmp_path):
    """As it stands, but for the files that it names."""
    for name in ("token", "secret"):
        (tmp_path / name).write_text("c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0MTI=\n")
        (tmp_path / name).chmod(0o600)
    text = generated.SAMPLE.read_text()
    text = re.sub(r'(?m)^#? ?token_file = .*$', 'token_file = "%s"' % (tmp_path / "token"), text)
    assert "token_file = \"%s" % tmp_path in text
    file = tmp_path / "combiner.toml"
    file.write_text(text)
    done = subprocess.run([program(), "check", "--config", file], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True)
    assert done.returncode == 0, done.stderr


def test_the_example_of_the_manual_is_a_good_configuration(tmp_path):
    block = re.search(r"(?m)^    \[dns\]\n(?:    .*\n)+", MANUAL).group()
    text = re.sub(r"(?m)^    ", "", block).replace("/etc/chorale", str(tmp_path))
    text += '[admin]\ntoken_file = "%s/combiner.token"\n' % tmp_path
    for name in ["combiner.token"] + re.findall(r'"%s/(.*\.secret)"' % tmp_path, text):
        (tmp_path / name).write_text("c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0MTI=\n")
        (tmp_path / name).chmod(0o600)
    file = tmp_path / "combiner.toml"
    file.write_text(text)
    done = subprocess.run([program(), "check", "--config", file], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True)
    assert done.returncode == 0 and "1 zones" in done.stdout, done.stderr


def _help(*words):
    return subprocess.run([program(), *words, "--help"], stdout=subprocess.PIPE, text=True,
                          check=True).stdout


def test_every_command_is_in_the_manual():
    names = re.findall(r"(?m)^  ([a-z]+)  +\S", _help())
    assert {"run", "check", "status", "zones", "zone", "overlay"} <= set(names)
    for name in names:
        assert re.search(r"combiner %s\b" % name, MANUAL), name
        for option in re.findall(r"(?m)^  (--[a-z]+)", _help(name)):
            assert "`%s" % option in MANUAL or "%s " % option in MANUAL, (name, option)


def test_every_event_is_in_the_manual():
    sources = "".join(p.read_text() for p in sorted((ROOT / "combiner/app").glob("*.cpp")))
    names = set(re.findall(r'Level::\w+,\s*"((?:[a-z_]+\.)+[a-z_]+)"', sources))
    names |= {"zone.%s.failed" % what
              for what in re.findall(r'note_error\(\s*"(\w+)"', sources)}
    assert len(names) > 15, names
    missing = {name for name in names if "`%s`" % name not in MANUAL}
    assert not missing, missing


def test_every_metric_is_in_the_manual():
    table = (ROOT / "combiner/app/metric_table.cpp").read_text()
    names = set(re.findall(r'"(chorale_combiner_\w+)"', table))
    assert len(names) > 10
    missing = {name for name in names if "`%s`" % name not in MANUAL}
    assert not missing, missing
