"""A synthesized stack, read as plain data: no round trips to the CDK in a test."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tap import build_app

ROOT = Path(__file__).parent.parent.parent
Json = dict[str, Any]


def context(**settings: object) -> Json:
    """What `cdk.json` says, and the given settings."""
    declared: Json = json.loads((ROOT / "cdk.json").read_text("utf-8"))["context"]
    return {**declared, **settings}


@dataclass(frozen=True)
class SynthesizedStack:
    """One stack's template and where its cloud assembly is."""

    assembly: Path
    suffix: str
    name: str = "TapStack"

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

    @cached_property
    def template(self) -> Json:
        """The whole template."""
        path = self.assembly / f"{self.name}{self.suffix}.template.json"
        template: Json = json.loads(path.read_text("utf-8"))
        return template

    @cached_property
    def artifact(self) -> Json:
        """What the assembly's manifest says of the stack."""
        manifest = json.loads((self.assembly / "manifest.json").read_text("utf-8"))
        artifact: Json = manifest["artifacts"][f"{self.name}{self.suffix}"]
        return artifact

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
