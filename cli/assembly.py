"""Cloud assembly: what was synthesized, read for what it needs of the account."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cli import stacks
from cli.stacks import Clients, Json


@dataclass(frozen=True)
class Assembly:
    """What was synthesized into a folder, and the clients of where it is to be deployed."""

    folder: Path
    clients: Clients

    @cached_property
    def _stacks(self) -> dict[str, Json]:
        """The properties of each stack's artifact, by its name in CloudFormation."""
        artifacts = json.loads((self.folder / "manifest.json").read_text("utf-8"))["artifacts"]
        return {
            artifact["properties"].get("stackName", name): artifact["properties"]
            for name, artifact in artifacts.items()
            if artifact["type"] == "aws:cloudformation:stack"
        }

    @cached_property
    def _templates(self) -> dict[str, Json]:
        return {
            name: json.loads((self.folder / stack["templateFile"]).read_text("utf-8"))
            for name, stack in self._stacks.items()
        }

    @cached_property
    def _new(self) -> set[str]:
        """The stacks that are not deployed yet: what they declare is made."""
        return self._stacks.keys() - {each.name for each in stacks.describe_all(self.clients)}

    def new_and_protected(self) -> list[str]:
        """The stacks that are not deployed yet and would be protected from their first moment."""
        return sorted(n for n in self._new if self._stacks[n].get("terminationProtection"))

    def bootstrap(self) -> dict[str, int]:
        """The parameters that say which version of the bootstrap stack is there, and the least."""
        name, least = "bootstrapStackVersionSsmParameter", "requiresBootstrapStackVersion"
        return {each[name]: each[least] for each in self._stacks.values() if name in each}

    def properties(self, kind: str, *, made: bool = False) -> list[Json]:
        """The properties of the resources of a type; with `made`, of those that are new."""
        return [
            resource.get("Properties", {})
            for name, template in self._templates.items()
            if not made or name in self._new
            for resource in template["Resources"].values()
            if resource["Type"] == kind
        ]
