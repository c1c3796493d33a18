"""Secrets in the history: every line that any commit added, under detect-secrets' patterns.

What it finds by a pattern (keys of AWS, GitHub, Slack, Stripe, private keys, tokens, URLs with a
password) is looked for; what it guesses from entropy or from a word before a text is not.
"""

import hashlib
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
from detect_secrets.core.potential_secret import PotentialSecret
from detect_secrets.core.scan import scan_line
from detect_secrets.settings import transient_settings

_GUESSES = {
    "Base64HighEntropyString",
    "HexHighEntropyString",
    "KeywordDetector",
    "IPPublicDetector",
}


def find_secrets(root: Path, excused: Mapping[str, str]) -> Iterator[str]:
    """Yield a line for each secret that is not excused, without the secret.

    Args:
        root: The repository; its whole history must be there.
        excused: Digests of what is no secret, each with the reason.
    """
    if _git(root, "rev-parse", "--is-shallow-repository").strip() == "true":
        yield "the history is not all here: `git fetch --unshallow`, then repeat"
    detectors = {each.__name__ for each in get_mapping_from_secret_type_to_class().values()}
    named = [{"name": name} for name in sorted(detectors - _GUESSES)]
    with transient_settings({"plugins_used": named}):
        for line, place in _added(root).items():
            for secret in scan_line(line):
                if (digest := _digest(secret, line)) not in excused:
                    yield f"{secret.type} in {place} (excused as {digest})"


def _digest(secret: PotentialSecret, line: str) -> str:
    # Of a private key only the first line is seen, and that is the same for all.
    what = line if secret.type == "Private Key" else secret.secret_value or line
    return hashlib.sha256(what.encode()).hexdigest()[:16]


def _added(root: Path) -> dict[str, str]:
    """Return each line that a commit or its message added, and where it was first seen."""
    added: dict[str, str] = {}
    commit = name = ""
    log = _git(root, "log", "-p", "-m", "-U0", "--all", "--reverse", "--no-ext-diff", "--no-color")
    for line in log.splitlines():
        if line.startswith("commit "):
            commit, name = line.split()[1][:10], "its message"
        elif line.startswith("+++ "):
            name = line.removeprefix("+++ b/")
        elif line.startswith(("+", "    ")):
            added.setdefault(line[1:].strip(), f"commit {commit}, {name}")
    return added


def _git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), *arguments]
    return subprocess.run(command, capture_output=True, check=True).stdout.decode(errors="replace")
