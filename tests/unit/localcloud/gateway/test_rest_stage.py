"""What API Gateway does in front of a REST API, beyond the emulator."""

import asyncio
from typing import Any

import pytest

from localcloud.gateway.layer import Gateway
from tests.unit.localcloud.gateway.test_http_api import Function

ACL = {
    "Name": "acl",
    "Scope": "REGIONAL",
    "DefaultAction": {"Allow": {}},
    "VisibilityConfig": {
        "SampledRequestsEnabled": True,
        "CloudWatchMetricsEnabled": False,
        "MetricName": "acl",
    },
}
TEMPLATE = '{"success": false, "why": $context.error.messageString, "id": "$context.requestId"}'


def rule(text):
    """A rule that blocks paths that begin so."""
    match = {
        "SearchString": text,
        "FieldToMatch": {"UriPath": {}},
        "PositionalConstraint": "STARTS_WITH",
        "TextTransformations": [{"Priority": 0, "Type": "NONE"}],
    }
    statement = {"ByteMatchStatement": match}
    shown = ACL["VisibilityConfig"]
    named = {"Name": "Own", "Priority": 0, "VisibilityConfig": shown}
    return named | {"Action": {"Block": {}}, "Statement": statement}


class Api:
    """A deployed REST API, guarded by a web ACL."""

    def __init__(self, emulator: Any) -> None:
        self.rest, self.waf = emulator.client("apigateway"), emulator.client("wafv2")
        self.id = self.rest.create_rest_api(name="partner")["id"]
        root = self.rest.get_resources(restApiId=self.id)["items"][0]["id"]
        items = {"parentId": root, "pathPart": "items"}
        made = self.rest.create_resource(restApiId=self.id, **items)["id"]
        self.rest.create_resource(restApiId=self.id, parentId=made, pathPart="{id}")
        for kind in ("WAF_FILTERED", "DEFAULT_5XX", "REQUEST_TOO_LARGE"):
            self.rest.put_gateway_response(
                restApiId=self.id,
                responseType=kind,
                responseParameters={"gatewayresponse.header.cache-control": "'no-store'"},
                responseTemplates={"application/json": TEMPLATE},
            )
        self.rest.create_deployment(restApiId=self.id, stageName="prod")
        acl = ACL | {"Name": self.id}
        self.acl = self.waf.create_web_acl(**acl, Rules=[rule(b"/prod/admin")])["Summary"]
        stage = f"arn:aws:apigateway:us-east-1::/restapis/{self.id}/stages/prod"
        self.waf.associate_web_acl(WebACLArn=self.acl["ARN"], ResourceArn=stage)
        self.gateway: Any = None

    def delete(self) -> None:
        """Leave nothing."""
        self.rest.delete_rest_api(restApiId=self.id)
        named = {name: self.acl[name] for name in ("Name", "Id")} | {"Scope": "REGIONAL"}
        token = self.waf.get_web_acl(**named)["LockToken"]
        self.waf.delete_web_acl(**named, LockToken=token)

    def block(self, text: bytes) -> None:
        """Block other paths."""
        named = {name: self.acl[name] for name in ("Name", "Id")} | {"Scope": "REGIONAL"}
        token = self.waf.get_web_acl(**named)["LockToken"]
        self.waf.update_web_acl(**{**ACL, **named}, Rules=[rule(text)], LockToken=token)

    def call(self, path, app=None, body=b""):
        """The answer to one request: status, headers and body."""
        self.gateway = self.gateway or Gateway(app or Function())
        sent: list[Any] = []
        scope = {
            "type": "http",
            "method": "GET",
            "path": f"/_aws/execute-api/{self.id}{path}",
            "raw_path": f"/_aws/execute-api/{self.id}{path}".encode(),
            "query_string": b"",
            "headers": [(b"host", b"localhost")],
            "client": ("192.0.2.7", 40000),
        }

        async def receive():
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message):
            sent.append(message)

        asyncio.run(self.gateway(scope, receive, send))
        return sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"]


@pytest.fixture
def api(emulator):
    """Such an API."""
    made = Api(emulator)
    yield made
    made.delete()


def test_what_the_web_acl_blocks_gets_the_apis_own_answer(api):
    status, headers, body = api.call("/prod/admin")

    assert status == 403
    assert headers[b"cache-control"] == b"no-store"
    assert body.startswith(b'{"success": false, "why": "Forbidden", "id": "')


def test_a_body_over_ten_megabytes_gets_the_apis_own_answer(api):
    status, _, body = api.call("/prod/items", body=b"x" * (10 * 1024 * 1024 + 1))

    assert (status, b"Request Entity Too Large" in body) == (413, True)


def test_a_changed_web_acl_has_its_effect_at_the_next_request(api):
    before = [api.call(path)[0] for path in ("/prod/admin", "/prod/items")]

    api.block(b"/prod/items")

    after = [api.call(path)[0] for path in ("/prod/admin", "/prod/items")]
    assert (before, after) == ([403, 200], [200, 403])


def test_a_changed_web_acl_goes_on_with_what_it_has_counted(api):
    api.call("/prod/admin")
    api.block(b"/prod/items")
    api.call("/prod/items")

    [found] = api.gateway.web_acls.report()

    assert found["counts"] == [{"rule": "Own", "action": "BLOCK", "count": 2}]


def test_a_stage_without_a_web_acl_lets_every_path_pass(api):
    stage = f"arn:aws:apigateway:us-east-1::/restapis/{api.id}/stages/prod"
    api.waf.disassociate_web_acl(ResourceArn=stage)

    assert api.call("/prod/admin")[0] == 200


@pytest.mark.parametrize(
    "said",
    [
        b'{"errorMessage": "secret", "errorType": "ValueError"}',
        b'{"message": "{\\"errorMessage\\": \\"secret\\", \\"errorType\\": \\"ValueError\\"}"}',
    ],
)
def test_a_functions_own_error_text_stays_inside(api, said):
    status, headers, body = api.call("/prod/items", Function(502, said))

    assert (status, headers[b"cache-control"]) == (502, b"no-store")
    assert b"secret" not in body


def test_what_is_no_stage_is_the_emulators_to_answer(api):
    app = Function(403)

    assert api.call("/none/items", app)[0] == 403
    assert app.scope["path"] == f"/_aws/execute-api/{api.id}/none/items"


def test_the_access_log_names_the_resource_of_a_path(api, emulator):
    logs = emulator.client("logs")
    logs.create_log_group(logGroupName="rest-api")
    arn = "arn:aws:logs:us-east-1:000000000000:log-group:rest-api"
    said = {"destinationArn": arn, "format": "$context.resourcePath $context.httpMethod"}
    patch = [
        {"op": "replace", "path": f"/accessLogSettings/{name}", "value": value}
        for name, value in said.items()
    ]
    api.rest.update_stage(restApiId=api.id, stageName="prod", patchOperations=patch)

    for path in ("/prod/items/7", "/prod/elsewhere"):
        api.call(path)

    events = logs.filter_log_events(logGroupName="rest-api")["events"]
    logs.delete_log_group(logGroupName="rest-api")
    assert [each["message"] for each in events] == ["/items/{id} GET", "- GET"]


def test_a_line_for_a_log_group_that_is_gone_is_told_and_the_answer_is_sent(api, caplog):
    arn = "arn:aws:logs:us-east-1:000000000000:log-group:gone:*"
    patch = [{"op": "replace", "path": "/accessLogSettings/destinationArn", "value": arn}]
    api.rest.update_stage(restApiId=api.id, stageName="prod", patchOperations=patch)

    assert api.call("/prod/items")[0] == 200
    assert "a line of the access log was not delivered" in caplog.text
