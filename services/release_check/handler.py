"""CodeDeploy hook (BeforeAllowTraffic) that asks new versions whether they work before others do.

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
    """The versions to ask, and whom to tell."""

    functions: aws.Client
    deployments: aws.Client
    versions: list[str]

    def handle(self, event: dict[str, str], _context: object) -> None:
        """Ask every version, and tell CodeDeploy whether the deployment may go on."""
        failed = {version: why for version in self.versions if (why := self._why_not(version))}
        logger.info("release checked", extra={"versions": self.versions, "failed": failed})
        self.deployments.put_lifecycle_event_hook_execution_status(
            deploymentId=event["DeploymentId"],
            lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"],
            status="Failed" if failed else "Succeeded",
        )

    def _why_not(self, version: str) -> str:
        """Say why a version may not serve; empty when it may."""
        try:
            answer = self.functions.invoke(FunctionName=version, Payload=json.dumps(_REQUEST))
        except Exception as error:  # noqa: BLE001  # whatever it is, it must be told
            return aws.name_of(error)
        said: Any = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            return str(said["errorType"])
        status = said.get("statusCode", 200)
        return f"status {status}" if status >= 500 else ""


def connect(*, versions: str) -> Check:
    """Make the check; each version has as long to answer as an API function may take."""
    functions = aws.client("lambda", aws.config(read_timeout=30, attempts=1))
    return Check(
        functions=functions,
        deployments=aws.client("codedeploy"),
        versions=versions.split(","),
    )


lambda_handler = entry_point(connect, os.environ, Check.handle)
