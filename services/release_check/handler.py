"""CodeDeploy hook (BeforeAllowTraffic): asks new versions whether they work, before others do.

What they need first, such as migrations, is called first; a call does no harm when it is repeated.
https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html
"""

import json
import os
from dataclasses import dataclass
from typing import Any

from services.shared import aws
from services.shared.function import entry_point
from services.shared.telemetry import logger

# What the gateways, and a queue, call a function with, in one: each reads its own. It has no
# credentials. So some functions refuse it, which they can only do when they work.
_REQUEST = {
    "version": "2.0",
    "routeKey": "GET /health",
    "httpMethod": "GET",
    "resource": "/health",
    "headers": {},
    "requestContext": {"requestId": "release-check", "stage": "release-check"},
    "Records": [],
}


@dataclass(frozen=True, kw_only=True)
class Check:
    """The functions to call, in this order, and whom to tell."""

    functions: list[str]
    caller: aws.Client
    deployments: aws.Client

    def handle(self, event: dict[str, str], _context: object) -> None:
        """Call every function, and tell CodeDeploy whether the deployment may go on."""
        failed = {each: why for each in self.functions if (why := self._why_not(each))}
        logger.info("release checked", extra={"functions": self.functions, "failed": failed})
        self.deployments.put_lifecycle_event_hook_execution_status(
            deploymentId=event["DeploymentId"],
            lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"],
            status="Failed" if failed else "Succeeded",
        )

    def _why_not(self, function: str) -> str:
        """Say why a function may not serve; empty when it may."""
        try:
            answer = self.caller.invoke(FunctionName=function, Payload=json.dumps(_REQUEST))
        except Exception as error:  # noqa: BLE001  # whatever it is, it must be told
            return aws.name_of(error)
        said: Any = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            return str(said["errorType"])
        status = said.get("statusCode", 200)
        return f"status {status}" if status >= 500 else ""


def connect(*, functions: str) -> Check:
    """Make the check; all that it calls has nearly as long as it has itself."""
    return Check(
        functions=functions.split(","),
        caller=aws.client("lambda", aws.config(read_timeout=280, attempts=1)),
        deployments=aws.client("codedeploy"),
    )


lambda_handler = entry_point(connect, os.environ, Check.handle)
