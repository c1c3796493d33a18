"""What `tap doctor` looks at: each check is a function that yields its findings.

They read, and change nothing; `ring` alone does. What the embedded cloud cannot know is `UNKNOWN`.
"""

from collections.abc import Iterator

from botocore.exceptions import ClientError

from tools.doctor.data import backups, letters, migrations, secrets
from tools.doctor.deployment import account, addresses, deployed, drift
from tools.doctor.signals import alarms, policies, ring, subscribers
from tools.doctor.site import UNKNOWN, WRONG, Check, Finding, Site

__all__ = ["CHECKS", "RING", "WRONG", "Site", "examine"]

CHECKS: dict[str, Check] = {
    each.__name__: each
    for each in (
        account,
        deployed,
        addresses,
        alarms,
        subscribers,
        policies,
        secrets,
        backups,
        letters,
        migrations,
        drift,
    )
}
RING: dict[str, Check] = {"ring": ring}


def examine(site: Site, checks: dict[str, Check]) -> Iterator[dict[str, str]]:
    """Run the checks; what AWS or the embedded cloud refuses to tell is not known."""
    for name, check in checks.items():
        try:
            for finding in check(site):
                yield _row(name, finding)
        except ClientError as error:
            yield _row(name, Finding(name, UNKNOWN, f"could not look: {error}"))


def _row(check: str, found: Finding) -> dict[str, str]:
    return {"verdict": found.verdict, "check": check, "about": found.about, "said": found.said}
