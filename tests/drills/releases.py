"""Releases of the items API's function, as the drills make them: an edited template, deployed."""

import hashlib
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.alarms import MINUTE, Alarms
from tests.deployment import Deployment
from tests.drills.count import Load
from tests.partner import eventually

SHIFT = "Canary10Percent5Minutes"
Edit = Callable[[dict[str, Any]], object]


class Releases:
    """A stack whose releases shift, by this assembly."""

    def __init__(self, deployment: Deployment, folder: Path) -> None:
        self._deployment, self._folder = deployment, folder
        self._stack = f"TapStack{deployment.suffix}"
        self._function = deployment.outputs["ApiFunctionName"]
        self._lambda = deployment.client("lambda")

    @contextmanager
    def begun(self) -> Iterator[None]:
        """Deploy it, and what was deployed before at the end, at once."""
        assert self._deployment.home
        context = f"releaseShift={SHIFT}"
        synth = ("synth", self._stack, "--quiet", "--output", str(self._folder), "-c", context)
        self._deployment.tap("cdk", *synth)
        self._deploy(self._folder)
        try:
            yield
        finally:
            self._deploy(self._deployment.home / "cdk.out")

    def _deploy(self, app: Path, *, check: bool = True) -> subprocess.CompletedProcess[str]:
        told = ("--exclusively", "--require-approval", "never", "--app", str(app))
        return self._deployment.tap("cdk", "deploy", self._stack, *told, check=check)

    def versions(self) -> dict[str, float]:
        """The versions that are served, with their shares of the requests."""
        alias = self._lambda.get_alias(FunctionName=self._function, Name="live")
        weights = alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
        shares: dict[str, float] = {alias["FunctionVersion"]: 1 - sum(weights.values())}
        return {**shares, **weights}

    def release(self, edit: Edit, load: Load, bell: Alarms) -> subprocess.CompletedProcess[str]:
        """Release the function, edited, under load; the clock is put forward once it is shifted."""
        self._edit(edit)
        with ThreadPoolExecutor() as pool:
            released = pool.submit(self._deploy, self._folder, check=False)
            eventually(lambda: released.done() or len(self.versions()) == 2, bool)
            if not released.done():
                load.say(f"the versions have {self.versions()} of the requests")
                load.until(100)
            while not released.done():
                bell.wait(MINUTE)
                time.sleep(1)
            return released.result()

    def _edit(self, edit: Edit) -> None:
        """Edit the function's properties, and publish a version of it, as a synthesis would."""
        path = self._folder / f"{self._stack}.template.json"
        before = path.read_text("utf-8")
        template = json.loads(before)
        [function] = [
            each
            for each in template["Resources"].values()
            if each["Properties"].get("FunctionName") == self._function
        ]
        edit(function["Properties"])
        text = json.dumps(template, indent=1)
        [version] = [
            name
            for name, each in template["Resources"].items()
            if each["Type"] == "AWS::Lambda::Version" and name.startswith("ServiceApi")
        ]
        text = text.replace(f'"{version}"', f'"{version}N"')
        path.write_text(text, "utf-8")
        old, new = (hashlib.sha256(each.encode()).hexdigest() for each in (before, text))
        for name in ("manifest.json", f"{self._stack}.assets.json"):
            told = self._folder / name
            told.write_text(told.read_text("utf-8").replace(old, new), "utf-8")
