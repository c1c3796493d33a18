"""An API key and how much it may be used."""

from aws_cdk import aws_apigateway as apigateway
from constructs import Construct

from lib.constructs.keyed_rest_api import KeyedRestApi
from lib.environment import PARTNER_RATE, Environment


class MeteredKey(Construct):
    """A partner's key to an API, on the environment's plan.

    Fixed: API Gateway makes the key's value, so that no template holds it; 1,000 requests a second
    with bursts of 2,000.
    Defaults: the plan's requests a day, from midnight UTC.

    Attributes:
        key: The key.
        plan: The usage plan.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, environment: Environment, api: KeyedRestApi
    ) -> None:
        super().__init__(scope, construct_id)
        self.key = apigateway.ApiKey(self, "Key", description="A partner's key")
        self.plan = apigateway.UsagePlan(
            self,
            "Plan",
            description="How fast and how much a partner may call in a day",
            api_stages=[apigateway.UsagePlanPerApiStage(api=api.api, stage=api.stage)],
            throttle=apigateway.ThrottleSettings(
                rate_limit=PARTNER_RATE, burst_limit=2 * PARTNER_RATE
            ),
            quota=apigateway.QuotaSettings(
                limit=environment.partner_daily_quota, period=apigateway.Period.DAY
            ),
        )
        self.plan.add_api_key(self.key)
