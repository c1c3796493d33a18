"""Check of a release: every function is called, and CodeDeploy is told what became of it."""

import io
import json
from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

import pytest
from botocore.exceptions import ReadTimeoutError

from services.release_check.handler import Check, connect
from tests.unit.services import fakes

EVENT = {"DeploymentId": "d-1", "LifecycleEventHookExecutionId": "hook-1"}
Answer = Callable[[], dict[str, Any]]


def answering(said: Any, **more: str) -> Answer:
    return lambda: {"Payload": io.BytesIO(json.dumps(said).encode()), **more}


def failing(error: Exception) -> Answer:
    def answer() -> dict[str, Any]:
        raise error

    return answer


def told(*answers: Answer) -> Any:
    """What CodeDeploy is told, when the functions answer so."""
    left = iter(answers)
    functions = [f"function-{number}" for number in range(len(answers))]
    caller, deployments = Mock(), Mock()
    caller.invoke.side_effect = lambda **_: next(left)()

    Check(functions=functions, caller=caller, deployments=deployments).handle(EVENT, None)

    called = [each.kwargs["FunctionName"] for each in caller.invoke.mock_calls]
    assert called == functions
    for each in caller.invoke.mock_calls:
        assert json.loads(each.kwargs["Payload"])["routeKey"] == "GET /health"
    [call] = deployments.put_lifecycle_event_hook_execution_status.mock_calls
    assert (call.kwargs["deploymentId"], call.kwargs["lifecycleEventHookExecutionId"]) == (
        "d-1",
        "hook-1",
    )
    return call.kwargs["status"]


@pytest.mark.parametrize(
    "said",
    [{"statusCode": 200}, {"statusCode": 403}, {"batchItemFailures": []}, {"applied": ["0001"]}],
)
def test_a_function_that_answers_may_serve_even_if_it_refuses(said: Any) -> None:
    assert told(answering({"statusCode": 200}), answering(said)) == "Succeeded"


@pytest.mark.parametrize(
    "answer",
    [
        answering({"statusCode": 503}),
        answering({"errorType": "ImportModuleError"}, FunctionError="Unhandled"),
        failing(ReadTimeoutError(endpoint_url="https://lambda")),
        failing(fakes.client_error("AccessDeniedException", 403)),
    ],
)
def test_one_that_fails_in_any_way_stops_the_release(answer: Answer) -> None:
    assert told(answer, answering({"statusCode": 200})) == "Failed"
    assert told(answering({"statusCode": 200}), answer) == "Failed"


def test_it_connects_to_all_that_it_is_told_in_order() -> None:
    assert connect(functions="a,b").functions == ["a", "b"]
