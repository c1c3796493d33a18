"""Secret that CloudFront sends to the API behind it."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from lib.acknowledgements import excuse
from lib.constructs.encryption_key import EncryptionKey

HEADER = "x-origin-verify"


class OriginKey(secretsmanager.Secret):
    """A random key that only CloudFront and the API's function know.

    Fixed: 64 letters and digits, which CloudFormation itself resolves for CloudFront, so that no
    template, stack output, variable or log has them; deleted with the stack, outside of which
    nothing takes it.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(
            scope,
            construct_id,
            description="Proves to the store's API that a request came through its CDN",
            encryption_key=EncryptionKey.of(scope),
            removal_policy=RemovalPolicy.DESTROY,
            generate_secret_string=secretsmanager.SecretStringGenerator(
                password_length=64, exclude_punctuation=True
            ),
        )
        excuse(self, "origin-key")

    def custom_headers(self) -> dict[str, str]:
        """Return what CloudFront adds to its requests, over whatever a viewer sent by that name."""
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references-secretsmanager.html
        return {HEADER: self.secret_value.unsafe_unwrap()}
