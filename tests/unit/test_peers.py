"""What this project is compared with: locked, of the same botocore, asked for the same work."""

import json
import re

import pytest

from benchmarks import functions, shipped
from tests.unit.synthesized import ROOT

PEERS = sorted(path.name for path in (ROOT / "benchmarks/peers").iterdir() if path.is_dir())
BOTOCORE = re.compile(r"^botocore==([\d.]+)", re.MULTILINE)


def lock(name):
    return (ROOT / "benchmarks/peers" / name / "requirements.txt").read_text("utf-8")


def test_every_peer_is_measured():
    assert {f"peers/{name}" for name in PEERS} == set(shipped.NAMES) - {shipped.OURS}


@pytest.mark.parametrize("name", PEERS)
def test_every_line_of_a_peers_lock_has_its_hashes_and_names_no_host(name):
    pinned = re.findall(r"^[a-z].*==.*(?:\n.*)?", lock(name), re.MULTILINE)

    assert all("\\\n    --hash=sha256:" in each for each in pinned)
    assert "://" not in lock(name)


@pytest.mark.parametrize("name", PEERS)
def test_every_peer_has_the_botocore_of_our_own_functions(name):
    ours = (ROOT / "requirements/functions.txt").read_text("utf-8")

    assert BOTOCORE.findall(lock(name)) == BOTOCORE.findall(ours)


def test_chalice_is_asked_for_the_same_work_in_the_only_form_it_knows():
    asked = [json.loads(each["body"]) for each in functions._EVENTS["peers/chalice"]]

    assert asked == [json.loads(each["body"]) for each in functions._EVENTS["items_api"]]
