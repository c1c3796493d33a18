"""`python -m tests.proof HOME [--only ROLE] [--write]`, which `tap prove` runs.

HOME is the folder of the proof's own embedded cloud. What is proven is kept there, so that the same
line goes on after Ctrl-C, unless the sources have changed; a finished proof leaves nothing.
"""

import argparse
import os
import shutil
import sys
import time
from pathlib import Path

from cli import project
from cli.console import data, talk
from tests.api import Api
from tests.deployment import embedded, start, stop
from tests.partner import PartnerApi
from tests.proof.decisions import Record
from tests.proof.engine import Proof
from tests.proof.page import PAGE, render
from tests.proof.world import World
from tests.store import Store


def main() -> int:
    """Prove, say what is missing, and return 1 if something is."""
    parser = argparse.ArgumentParser(prog="python -m tests.proof")
    parser.add_argument("home", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    _forget_older(given.home)
    os.environ["LOCALCLOUD_DECISIONS"] = str(given.home / "decisions.jsonl")
    try:
        start(given.home)
        proof = _proven(given.home, given.only)
    finally:
        stop(given.home)
    shutil.rmtree(given.home)
    for gap in (gaps := proof.gaps()):
        data.print(f"gap: {gap}")
    if given.write and not given.only:
        consents = [*proof.consents, *proof.denials]
        PAGE.write_text(render(proof.rights, consents, proof.known), "utf-8")
    number = f"{len(proof.rights)} rights, {len(proof.consents)} consents"
    data.print(f"{number}, {len(proof.denials)} denials, {len(gaps)} gaps")
    return 1 if gaps else 0


def _proven(home: Path, only: str) -> Proof:
    began, deployment = time.monotonic(), embedded(home)

    def say(what: str) -> None:
        talk.print(f"{time.monotonic() - began:5.0f} s  {what}")

    with Api(deployment) as api, PartnerApi(deployment) as partner, Store(deployment) as store:
        world = World(deployment, api, partner, store)
        record = Record(home / "decisions.jsonl")
        proof = Proof(world, record, home / "proof.json", say, only)
        if not proof.rights:
            known = sorted({role for stack in proof.stacks for role in stack.roles})
            sys.exit(f"no role is called {only!r}: use one of {', '.join(known)}")
        proof.use()
        proof.need()
        proof.agree()
        proof.deny()
        proof.bound()
    return proof


def _forget_older(home: Path) -> None:
    """Begin anew where the sources are not those of the proof that was broken off."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    note, now = home / "fingerprint", project.fingerprint()
    if (note.read_text("utf-8") if note.exists() else "") != now:
        for path in ("proof.json", "decisions.jsonl"):
            (home / path).unlink(missing_ok=True)
        note.write_text(now, "utf-8")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("interrupted; the same line goes on")
