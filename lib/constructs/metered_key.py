"""API key and usage plan."""

from aws_cdk import aws_apigateway as apigateway
from constructs import Construct

from lib.constructs.keyed_rest_api import KeyedRestApi


class MeteredKey(Construct):
    """A partner's key to an API, and how fast and how often it may call.

    Fixed: API Gateway makes the key's value, so that no template holds it; bursts of twice the
    rate; a day begins at midnight UTC.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        api: KeyedRestApi,
        requests_per_second: int,
        requests_per_day: int,
    ) -> None:
        super().__init__(scope, construct_id)
        self.api_key = apigateway.ApiKey(self, "Key", description="A partner's key")
        self.plan = apigateway.UsagePlan(
            self,
            "Plan",
            description="How fast and how much a partner may call in a day",
            api_stages=[apigateway.UsagePlanPerApiStage(api=api.rest_api, stage=api.stage)],
            throttle=apigateway.ThrottleSettings(
                rate_limit=requests_per_second, burst_limit=2 * requests_per_second
            ),
            quota=apigateway.QuotaSettings(limit=requests_per_day, period=apigateway.Period.DAY),
        )
        self.plan.add_api_key(self.api_key)
