"""The list of the emulator's patches, and the versions that they were checked with."""

import re
from collections.abc import Iterable
from importlib import import_module
from importlib.metadata import version
from typing import Any

from localcloud.cloud import Cloud
from localcloud.errors import CloudError

# In this order: a later one may wrap what an earlier one has put in place.
PATCHES = (
    "localcloud.engine.cdn",
    "localcloud.engine.conditional_writes",
    "localcloud.engine.conditions",
    "localcloud.engine.databases",
    "localcloud.engine.functions",
    "localcloud.engine.payloads",
    "localcloud.engine.protection",
    "localcloud.engine.resources",
    "localcloud.engine.rest_api",
    "localcloud.engine.rotation",
    "localcloud.engine.settings",
    "localcloud.engine.signatures",
    "localcloud.engine.stacks",
    "localcloud.engine.viewers",
    "localcloud.engine.web_acls",
    "localcloud.network.installed",
    "localcloud.consent.installed",  # asks before whatever the others have put in place
)
# Put in place by the parts that they are of, in the same versions.
PARTS = (
    "localcloud.consent.callers",
    "localcloud.consent.decisions",
    "localcloud.engine.entries",
    "localcloud.engine.storage",
    "localcloud.metrics.actions",
    "localcloud.metrics.cloudwatch",
    "localcloud.metrics.gauges",
    "localcloud.metrics.monitoring",
    "localcloud.metrics.notifications",
    "localcloud.metrics.tables",
    "localcloud.network.resources",
    "localcloud.upkeep",
)
_CHECKED = re.compile(r"^Checked: ministack (.+)\.$", re.MULTILINE)


def install(cloud: Cloud) -> None:
    """Put every patch in place.

    Raises:
        CloudError: The emulator is of a version that a patch was not checked with, or lacks a name
            that one needs.
    """
    modules = {name: import_module(name) for name in (*PATCHES, *PARTS)}
    require_checked(modules.values(), version("ministack"))
    for name in PATCHES:
        modules[name].install(cloud)


def require_checked(modules: Iterable[Any], found: str) -> None:
    """Refuse an emulator of another version than the patches were checked with.

    Raises:
        CloudError: It is one; the message names it and what to do.
    """
    for module in modules:
        checked = checked_versions(module)
        if found not in checked:
            raise CloudError(
                f"the emulator is ministack {found}, {module.__name__} was checked with "
                f"{', '.join(checked)}: install the locked one, or run the patches' "
                "contract tests with it and add it where they pass"
            )


def checked_versions(module: Any) -> list[str]:
    """The versions of the emulator that a patch says it was checked with."""
    said = _CHECKED.search(module.__doc__ or "")
    return said[1].split(", ") if said else []
