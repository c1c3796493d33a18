"""Settings of deployed stages, as their APIs tell them."""

import json
from collections.abc import Callable
from typing import Any

import fastjsonschema

from localcloud.cloud import ACCOUNT, REGION, Cloud
from localcloud.gateway.firewall import Firewall
from localcloud.gateway.stage import Address, Stage
from localcloud.gateway.throttle import TokenBucket


class Stages:
    """Reads stages through the public API."""

    def __init__(self, cloud: Cloud) -> None:
        self._http = cloud.client("apigatewayv2")
        self._rest = cloud.client("apigateway")
        self._firewalls = cloud.client("wafv2")

    def read(self, address: Address) -> Stage | None:
        """The stage that a request is for; None when there is no such API or stage."""
        try:
            return self._read_http(address.api_id)
        except self._http.exceptions.NotFoundException:
            pass
        try:
            return self._read_rest(address.api_id, address.path.split("/")[1])
        except self._rest.exceptions.NotFoundException:
            return None

    def _read_http(self, api_id: str) -> Stage:
        deployed = self._http.get_stage(ApiId=api_id, StageName="$default")
        limits = deployed.get("DefaultRouteSettings", {})
        rate, burst = limits.get("ThrottlingRateLimit"), limits.get("ThrottlingBurstLimit")
        log = deployed.get("AccessLogSettings", {})
        routes = self._http.get_routes(ApiId=api_id).get("Items", [])
        return Stage(
            rest=False,
            name="$default",
            routes=frozenset(route["RouteKey"] for route in routes),
            bucket=TokenBucket(rate=float(rate), burst=float(burst)) if rate and burst else None,
            log_group=_group_of(log.get("DestinationArn", "")),
            log_format=log.get("Format", ""),
        )

    def _read_rest(self, api_id: str, name: str) -> Stage:
        deployed = self._rest.get_stage(restApiId=api_id, stageName=name)
        log = deployed.get("accessLogSettings", {})
        answers = self._rest.get_gateway_responses(restApiId=api_id).get("items", [])
        found = self._rest.get_resources(restApiId=api_id, limit=500, embed=["methods"])
        resources = found["items"]
        arn = f"arn:aws:apigateway:{REGION}::/restapis/{api_id}/stages/{name}"
        return Stage(
            rest=True,
            name=name,
            log_group=_group_of(log.get("destinationArn", "")),
            log_format=log.get("format", ""),
            firewall=self._firewall(arn),
            answers={answer["responseType"]: answer for answer in answers},
            resources=tuple(resource["path"] for resource in resources),
            models=self._models(api_id, resources),
        )

    def _models(
        self, api_id: str, resources: list[dict[str, Any]]
    ) -> dict[tuple[str, str], Callable[[Any], Any]]:
        """A validator for each method that has a model for JSON."""
        names = {
            (verb, resource["path"]): method.get("requestModels", {}).get("application/json")
            for resource in resources
            for verb, method in resource.get("resourceMethods", {}).items()
        }
        validators = {
            name: fastjsonschema.compile(
                json.loads(self._rest.get_model(restApiId=api_id, modelName=name)["schema"])
            )
            for name in filter(None, set(names.values()))
        }
        return {method: validators[name] for method, name in names.items() if name}

    def _firewall(self, stage_arn: str) -> Firewall | None:
        try:
            found = self._firewalls.get_web_acl_for_resource(ResourceArn=stage_arn).get("WebACL")
        except self._firewalls.exceptions.WAFNonexistentItemException:
            return None
        return Firewall(found) if found else None


def _group_of(destination: str) -> str:
    return destination.removesuffix(":*").partition(f":{ACCOUNT}:log-group:")[2]
