"""CodeDeploy hook (BeforeAllowTraffic): asks new versions whether they work, before others do.

https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.shared import aws
from services.shared.function import entry_point
from services.shared.telemetry import logger

# A request of either gateway, and a queue's empty batch: each function reads its own. It has no
# credentials, so that some refuse it, which they only do when they work.
_REQUEST = Path(__file__).with_name("request.json").read_bytes()


@dataclass(frozen=True, kw_only=True)
class Check:
    """The functions to call, in this order, and whom to tell what became of it."""

    functions: list[str]
    caller: aws.Client
    deployments: aws.Client

    def handle(self, event: dict[str, str], _context: object) -> None:
        """Call every function, and tell CodeDeploy whether the deployment may go on."""
        failed = {each: why for each in self.functions if (why := self._why_not(each))}
        logger.info("release checked", extra={"called": self.functions, "failed": failed})
        self.deployments.put_lifecycle_event_hook_execution_status(
            deploymentId=event["DeploymentId"],
            lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"],
            status="Failed" if failed else "Succeeded",
        )

    def _why_not(self, function: str) -> str:
        """Say why a function may not serve; empty when it may."""
        try:
            answer = self.caller.invoke(FunctionName=function, Payload=_REQUEST)
        except Exception as error:  # noqa: BLE001  # an hour would pass before CodeDeploy gives up
            return aws.name_of(error)
        said: Any = json.loads(answer["Payload"].read())
        status = 500 if "FunctionError" in answer else said.get("statusCode", 200)
        return str(said) if status >= 500 else ""


def connect(*, functions: str) -> Check:
    """Make the check; what it calls has nearly as long as it has itself."""
    caller = aws.client("lambda", aws.config(read_timeout=280, attempts=1))
    told = aws.client("codedeploy")
    return Check(functions=functions.split(","), caller=caller, deployments=told)


lambda_handler = entry_point(connect, os.environ, Check.handle)
