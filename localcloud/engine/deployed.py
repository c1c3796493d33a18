"""APIs, distributions, user pools, buckets and stacks that exist in the emulator.

Changes: Nothing; it reads by private names, because the public API needs the account's key.
Original: The same answers.
Ours: the guard and the front door ask before a request is authenticated.
"""

from urllib.parse import parse_qs

from ministack import app as emulator
from ministack.core.router import detect_service
from ministack.services import apigateway, apigateway_v1, cloudformation, cloudfront, cognito

from localcloud.addresses import CDN, Address
from localcloud.asgi import Scope, headers
from localcloud.engine.internals import need


class Deployed:
    """Looks things up in the emulator's memory, so that it is never out of date."""

    def has(self, address: Address) -> bool:
        """Whether there is such an API or distribution."""
        if address.kind == CDN:
            return need(cloudfront, "find_distribution_for_label")(address.id) is not None
        modules = (apigateway, apigateway_v1)
        return any(need(each, "find_api_scope")(address.id) is not None for each in modules)

    def has_user_pool(self, pool_id: str) -> bool:
        """Whether there is a user pool of this id."""
        return need(cognito, "_get_pool_unscoped")(pool_id) is not None

    def output(self, stack: str, name: str) -> str | None:
        """An output of the stack whose name begins so; None when there is none."""
        found = [
            str(output["OutputValue"])
            for each in need(cloudformation, "_stacks").values()
            for output in each.get("Outputs", ())
            if each["StackName"].startswith(stack)
            and each["StackStatus"] != "DELETE_COMPLETE"
            and output["OutputKey"] == name
        ]
        return found[-1] if found else None

    def is_for_bucket(self, scope: Scope) -> bool:
        """Whether a request is one to S3 about a bucket that exists."""
        sent = headers(scope)
        query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        service = detect_service(scope["method"], scope["path"], sent, query)
        bucket_of = need(emulator, "_s3_cors_target")
        return service == "s3" and bucket_of(sent["host"], scope["path"]) is not None
