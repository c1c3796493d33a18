"""What browsers may do with a REST API, whose gateway knows no list of origins by itself."""

from dataclasses import dataclass

from aws_cdk import aws_apigateway as apigateway

from lib.acknowledgements import acknowledge

_METHODS = "GET,POST,PUT,DELETE"
_REQUEST_HEADERS = "content-type,if-match,x-api-key"
_ANSWER_HEADERS = "etag,retry-after,x-request-id"
_MAX_AGE_SECONDS = 3600


@dataclass(frozen=True)
class CorsPolicy:
    """The origins whose pages may call the API, each by its exact name.

    A preflight echoes an allowed origin and tells another one nothing. The headers of the gateway's
    own errors are fixed texts, so that they can name one origin: the first. A page of a second
    origin sees such an error as a failed request without its body; no page sees more than it may.
    """

    origins: tuple[str, ...]

    def answer_preflight(self, resource: apigateway.IResource) -> None:
        """Let the gateway itself answer `OPTIONS`, without a key: browsers send none."""
        if not self.origins:
            return
        preflight = resource.add_method(
            "OPTIONS",
            apigateway.MockIntegration(
                request_templates={"application/json": '{"statusCode": 204}'},
                passthrough_behavior=apigateway.PassthroughBehavior.NEVER,
                integration_responses=[
                    apigateway.IntegrationResponse(
                        status_code="204",
                        response_templates={"application/json": self._preflight()},
                    )
                ],
            ),
            api_key_required=False,
            method_responses=[apigateway.MethodResponse(status_code="204")],
        )
        acknowledge(
            preflight,
            "AwsSolutions-APIG4",
            reason="A browser's preflight carries no credentials; it reaches no function and says "
            "no more than which pages may call.",
        )

    def error_headers(self) -> dict[str, str]:
        """Return the headers of the gateway's own errors, as its mappings."""
        if not self.origins:
            return {}
        return {
            "Access-Control-Allow-Credentials": "'true'",
            "Access-Control-Allow-Origin": f"'{self.origins[0]}'",
            "Access-Control-Expose-Headers": f"'{_ANSWER_HEADERS}'",
            "Vary": "'Origin'",
        }

    def _preflight(self) -> str:
        # API Gateway hands headers on in the case they came in: browsers send both.
        header = "$context.responseOverride.header"
        allowed = " || ".join(f'$origin == "{origin}"' for origin in self.origins)
        answer = {
            "Access-Control-Allow-Origin": "$origin",
            "Access-Control-Allow-Credentials": '"true"',
            "Access-Control-Allow-Methods": f'"{_METHODS}"',
            "Access-Control-Allow-Headers": f'"{_REQUEST_HEADERS}"',
            "Access-Control-Max-Age": f'"{_MAX_AGE_SECONDS}"',
        }
        return "\n".join(
            [
                '#set($origin = $input.params().header.get("origin"))',
                '#if(!$origin)#set($origin = $input.params().header.get("Origin"))#end',
                f'#set({header}.Vary = "Origin")',
                f"#if({allowed})",
                *(f"#set({header}.{name} = {value})" for name, value in answer.items()),
                "#end",
            ]
        )
