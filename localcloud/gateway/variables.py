"""Variables of API Gateway's templates and log formats, such as `$context.requestId`.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html
"""

import base64
import json
import re
from collections.abc import Mapping

_VARIABLE = re.compile(r"\$context\.([A-Za-z_.]*[A-Za-z])")


def filled(template: str, values: Mapping[str, str], otherwise: str = "") -> str:
    """Fill a template in; `otherwise` stands for a variable that has no value."""
    return _VARIABLE.sub(lambda name: values.get(name[1], otherwise), template)


def claims_of(authorization: str, status: int) -> dict[str, str]:
    """The claims of a token that the authorizer has accepted."""
    if status in (0, 401) or not authorization.startswith("Bearer "):
        return {}
    try:
        payload = authorization.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError):
        return {}
    return {f"authorizer.claims.{name}": str(value) for name, value in claims.items()}
