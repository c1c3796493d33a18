"""A synthesized stack, read as plain data: no round trips to the CDK in a test."""

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import tap
from lib.edge_stack import EdgeStack
from lib.product_stack import ProductStack
from tap import build_app

ROOT = Path(__file__).parent.parent.parent
Json = dict[str, Any]
# The product's stacks: those that `tap.py` knows, but for the one that delivers them and the one in
# us-east-1. What holds in each of them holds in a new one.
KINDS = tuple(
    name
    for name, each in vars(tap).items()
    if isinstance(each, type) and issubclass(each, ProductStack) and each is not EdgeStack
)
GONE = object()
_ACKNOWLEDGED = "aws:cdk:acknowledged-rules"


def context(**settings: object) -> Json:
    """What `cdk.json` says, and the given settings."""
    declared: Json = json.loads((ROOT / "cdk.json").read_text("utf-8"))["context"]
    return {**declared, **settings}


@dataclass(frozen=True)
class SynthesizedStack:
    """One stack's template and where its cloud assembly is."""

    assembly: Path
    suffix: str
    kind: str = "TapStack"

    @classmethod
    def of(cls, suffix: str, assembly: Path, **settings: object) -> "SynthesizedStack":
        """Synthesize the app for an environment."""
        app = build_app(
            outdir=str(assembly),
            builtin_cloud_formation_validation=False,
            context=context(environmentSuffix=suffix, **settings),
        )
        app.synth()
        return cls(assembly, suffix)

    def other(self, kind: str) -> "SynthesizedStack":
        """Another stack of the same app."""
        return replace(self, kind=kind)

    @cached_property
    def template(self) -> Json:
        """The whole template."""
        path = self.assembly / f"{self.kind}{self.suffix}.template.json"
        template: Json = json.loads(path.read_text("utf-8"))
        return template

    @cached_property
    def artifact(self) -> Json:
        """What the assembly's manifest says of the stack."""
        manifest = json.loads((self.assembly / "manifest.json").read_text("utf-8"))
        artifact: Json = manifest["artifacts"][f"{self.kind}{self.suffix}"]
        return artifact

    @cached_property
    def _metadata(self) -> dict[str, list[Json]]:
        """What the assembly says of each construct, by its path below the stack."""
        path = self.assembly / f"{self.kind}{self.suffix}.metadata.json"
        below = f"/{self.kind}{self.suffix}/"
        return {
            construct.removeprefix(below): entries
            for construct, entries in json.loads(path.read_text("utf-8")).items()
            if construct.startswith(below)
        }

    @cached_property
    def paths(self) -> dict[str, str]:
        """The construct that made each resource: its path below the stack, by logical id."""
        return {
            entry["data"]: construct
            for construct, entries in self._metadata.items()
            for entry in entries
            if entry["type"] == "aws:cdk:logicalId"
        }

    def id_of(self, construct: str) -> str:
        """The logical id of the construct with a path such as `Service/Api/Policy`."""
        ids = {path: logical_id for logical_id, path in self.paths.items()}
        return ids.get(f"{construct}/Resource") or ids[construct]

    def at(self, construct: str) -> Json:
        """The properties of the construct with a path such as `Service/Api/Policy`."""
        properties: Json = self.template["Resources"][self.id_of(construct)]["Properties"]
        return properties

    def ref(self, construct: str) -> Json:
        """How a template refers to a construct."""
        return {"Ref": self.id_of(construct)}

    def arn(self, construct: str) -> Json:
        """How a template refers to the ARN of a construct."""
        return {"Fn::GetAtt": [self.id_of(construct), "Arn"]}

    def changed(
        self, construct: str, path: tuple[str | int, ...], instead: Any
    ) -> "SynthesizedStack":
        """The stack with another value (with `GONE`, none) in a construct's properties."""
        changed = replace(self)
        template = copy.deepcopy(self.template)
        place = template["Resources"][self.id_of(construct)]["Properties"]
        for part in path[:-1]:
            place = place[part]
        if instead is GONE:
            del place[path[-1]]
        else:
            place[path[-1]] = instead
        vars(changed)["template"] = template
        return changed

    def excuses(self, logical_id: str) -> dict[str, str]:
        """The rules that a resource, or a construct around it, is excused from, and why."""
        parts = self.paths[logical_id].split("/")
        around = ["/".join(parts[: length + 1]) for length in range(len(parts))]
        return {
            rule.partition("::")[2]: reason
            for construct in around
            for entry in self._metadata.get(construct, ())
            if entry["type"] == _ACKNOWLEDGED
            for rule, reason in entry["data"].items()
        }

    def all(self, kind: str) -> dict[str, Json]:
        """The resources of a type, such as `AWS::S3::Bucket`, by logical id."""
        resources: Mapping[str, Json] = self.template["Resources"]
        return {name: each for name, each in resources.items() if each["Type"] == kind}

    def properties(self, kind: str, **wanted: object) -> Json:
        """The properties of the only resource of a type that has the `wanted` ones."""
        (found,) = (
            each["Properties"]
            for each in self.all(kind).values()
            if wanted.items() <= each["Properties"].items()
        )
        properties: Json = found
        return properties

    def function(self, handler: str) -> Json:
        """The properties of the function with a handler of `services.<handler>`."""
        name = f"services.{handler}.handler.lambda_handler"
        return self.properties("AWS::Lambda::Function", Handler=name)

    def statements(self, handler: str) -> dict[str, Json]:
        """What the role of `services.<handler>` may do, by statement id."""
        role = self.template["Resources"][self.function(handler)["Role"]["Fn::GetAtt"][0]]
        assert "Policies" not in role["Properties"]
        (policy,) = role["Properties"]["ManagedPolicyArns"]
        document = self.template["Resources"][policy["Ref"]]["Properties"]["PolicyDocument"]
        return {each["Sid"]: each for each in document["Statement"]}
