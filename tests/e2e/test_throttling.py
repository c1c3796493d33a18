"""The API takes no more than its stage allows, and is there again at once."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from tests.api import Api
from tests.deployment import Deployment


def test_beyond_the_burst_calls_are_throttled_and_then_served_again(
    api: Api, deployment: Deployment
) -> None:
    stage = deployment.client("apigatewayv2").get_stage(
        ApiId=deployment.outputs["HttpApiId"], StageName="$default"
    )
    limits = stage["DefaultRouteSettings"]
    # Without a token: refused at the gateway, so that no function need run.
    calls = limits["ThrottlingBurstLimit"] * 4

    with ThreadPoolExecutor(32) as clients:
        answers = list(clients.map(lambda _: api.request("POST", "/api"), range(calls)))
    statuses = Counter(answer.status for answer in answers)
    throttled = next(answer for answer in answers if answer.status == 429)

    assert statuses.keys() == {401, 429}
    assert throttled.body == {"message": "Too Many Requests"}
    time.sleep(1 + 10 / limits["ThrottlingRateLimit"])
    assert api.get("/health").status == 200
