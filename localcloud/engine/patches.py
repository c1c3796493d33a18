"""The list of the emulator's patches, and the versions that they were checked with."""

from importlib import import_module
from importlib.metadata import version

from localcloud.cloud import Cloud
from localcloud.errors import CloudError

_ENGINE = (
    *("cdn", "conditional_writes", "conditions", "databases", "functions", "payloads"),
    *("protection", "releases", "resources", "rest_api", "restores", "rotation"),
    *("settings", "signatures", "stacks", "web_acls"),
)
# In this order: a later one may wrap what an earlier one has put in place.
PATCHES = (
    *(f"localcloud.engine.{name}" for name in _ENGINE),
    "localcloud.network.installed",
    "localcloud.consent.installed",  # asks before whatever the others have put in place
)
# The versions of MiniStack that all that changes it was checked with, by its contract tests.
CHECKED = ("1.5.32", "1.5.33")


def install(cloud: Cloud) -> None:
    """Put every patch in place.

    Raises:
        CloudError: The emulator is of a version that was not checked, or lacks a name that a patch
            needs.
    """
    found = version("ministack")
    if found not in CHECKED:
        raise CloudError(
            f"the emulator is ministack {found}, its patches were checked with "
            f"{', '.join(CHECKED)}: install the locked one, or run their contract tests with it "
            "and add it where they pass"
        )
    for name in PATCHES:
        import_module(name).install(cloud)
