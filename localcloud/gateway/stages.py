"""Deployed stages of APIs, and of their settings what the emulator keeps and leaves to a gateway.

They are read from its records for each request, so that a change has its effect at once.
"""

from dataclasses import dataclass
from typing import Any

from ministack.services import apigateway, apigateway_v1, waf

from localcloud.addresses import Address
from localcloud.cloud import ACCOUNT, REGION
from localcloud.engine.internals import need
from localcloud.gateway.firewall import Firewall

_LIMITS = {"rateLimit": "throttlingRateLimit", "burstLimit": "throttlingBurstLimit"}


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One stage: the emulator's record of it."""

    api_id: str
    name: str
    rest: bool  # of a REST API, rather than an HTTP API
    record: dict[str, Any]

    @property
    def access_log(self) -> tuple[str, str]:
        """The log group of its access log, empty where there is none, and the format of a line."""
        said = self.record.get("accessLogSettings") or {}
        _, _, group = said.get("destinationArn", "").partition(f":{ACCOUNT}:log-group:")
        return group.removesuffix(":*"), said.get("format", "")

    def lets_pass(self) -> bool:
        """Take a token of an HTTP API's bucket; REST APIs are throttled by the emulator itself."""
        said = self.record.get("defaultRouteSettings") or {}
        limits = {name: said.get(setting) for name, setting in _LIMITS.items()}
        take_token = need(apigateway_v1, "_take_token")
        return self.rest or not all(limits.values()) or take_token(("http", self.api_id), limits)

    def route_of(self, method: str, path: str) -> str:
        """The route key of an HTTP API that is a request's method and path; `-` for none."""
        routes = need(apigateway, "_routes").get(self.api_id, {}).values()
        key = f"{method} {path}"
        return key if any(route["routeKey"] == key for route in routes) else "-"

    def resource_of(self, path: str) -> str:
        """The resource of a REST API that a path is of, as `/items/{id}`; `-` for none."""
        segments = [each for each in path.split("/") if each]
        found, _ = need(apigateway_v1, "_match_resource_tree")(self.api_id, segments)
        return found["path"] if found else "-"

    def own_answer(
        self, kind: str, message: str, request_id: str
    ) -> tuple[int, dict[str, str], bytes]:
        """A REST API's gateway response of a type: status, headers and body."""
        request = {"api_id": self.api_id, "stage_name": self.name, "stage": self.record}
        request |= {"request_id": request_id, "resource_path": ""}
        request |= {"headers": {}, "query_params": {}, "path_params": {}}
        error = need(apigateway_v1, "_gw_error")(kind, message)
        status, named, body = need(apigateway_v1, "_gateway_error_response")(error, request)
        return status, {name.lower(): value for name, value in named.items()}, body


def stage_of(address: Address) -> Stage | None:
    """The stage that a request is for; None when there is no such API or stage."""
    for module, name in ((apigateway, "$default"), (apigateway_v1, address.stage)):
        if found := need(module, "stages_for_api")(address.id).get(name):
            rest = module is apigateway_v1
            return Stage(api_id=address.id, name=name, rest=rest, record=found)
    return None


class WebAcls:
    """The web ACLs that guard stages, with what they have counted."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, Firewall]] = {}

    def of_stage(self, stage: Stage) -> Firewall | None:
        """The web ACL of a stage, as it is now: its lock token changes whenever it does."""
        arn = f"arn:aws:apigateway:{REGION}::/restapis/{stage.api_id}/stages/{stage.name}"
        web_acl = need(waf, "_associations").get(arn) if stage.rest else None
        found = need(waf, "_resolve_local_web_acl")(web_acl)[0] if web_acl else None
        if web_acl is None or found is None:
            return None
        version, firewall = self._known.get(web_acl, ("", None))
        if firewall is None or version != found["LockToken"]:
            now = Firewall(found)
            if firewall:
                now.keep_counts_of(firewall)
            self._known[web_acl], firewall = (found["LockToken"], now), now
        return firewall

    def report(self) -> list[dict[str, Any]]:
        """What each has done so far: counts by rule and action, and sampled requests."""
        return [firewall.report() for _, firewall in self._known.values()]
