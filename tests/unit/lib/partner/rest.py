"""The REST API in the partner API's template."""

from tests.unit.synthesized import Json, SynthesizedStack

CORS = "gatewayresponse.header.Access-Control-"


def methods(stack: SynthesizedStack) -> dict[str, Json]:
    """The methods' properties by `METHOD /path`."""
    parts = stack.all("AWS::ApiGateway::Resource")

    def path(resource: Json) -> str:
        part = parts.get(resource.get("Ref", ""))
        if part is None:
            return ""
        return f"{path(part['Properties']['ParentId'])}/{part['Properties']['PathPart']}"

    return {
        f"{each['HttpMethod']} {path(each['ResourceId']) or '/'}": each
        for each in (found["Properties"] for found in stack.all("AWS::ApiGateway::Method").values())
    }


def gateway_answers(stack: SynthesizedStack) -> dict[str, Json]:
    found = stack.all("AWS::ApiGateway::GatewayResponse").values()
    return {each["Properties"]["ResponseType"]: each["Properties"] for each in found}
