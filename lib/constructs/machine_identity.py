"""Cognito user pool for machines."""

from collections.abc import Mapping

from aws_cdk import Duration, Stack
from aws_cdk import aws_cognito as cognito
from constructs import Construct

from lib.environment import Environment


class MachineIdentity(Construct):
    """An OAuth 2.0 issuer of client-credentials tokens.

    Fixed: nobody can sign up; the client has a secret and no flow but client credentials (and
    renewal by refresh tokens, which those never give: Cognito wants one flow named); access tokens
    live for 15 minutes; threat protection, a password policy and a second factor are on and cost
    nothing, as the pool has no users.
    Defaults: retained and protected from deletion where data is kept, else deleted with the stack.

    Its `client` is entitled to every one of `scopes`, which are `<identifier>/<name>`.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, identifier: str, scopes: Mapping[str, str]
    ) -> None:
        super().__init__(scope, construct_id)
        environment, stack = Environment.of(self), Stack.of(self)
        self.user_pool = cognito.UserPool(
            self,
            "UserPool",
            self_sign_up_enabled=False,
            sign_in_aliases=cognito.SignInAliases(email=True),
            feature_plan=cognito.FeaturePlan.PLUS,
            standard_threat_protection_mode=cognito.StandardThreatProtectionMode.FULL_FUNCTION,
            mfa=cognito.Mfa.REQUIRED,
            mfa_second_factor=cognito.MfaSecondFactor(otp=True, sms=False),
            account_recovery=cognito.AccountRecovery.NONE,
            password_policy=cognito.PasswordPolicy(
                min_length=14,
                require_lowercase=True,
                require_uppercase=True,
                require_digits=True,
                require_symbols=True,
            ),
            deletion_protection=environment.protects_data,
            removal_policy=environment.removal_policy,
        )
        self.client = self._add_client(identifier, scopes)
        self.scopes = [f"{identifier}/{name}" for name in scopes]
        pool = self.user_pool.user_pool_id
        self.issuer = f"https://cognito-idp.{stack.region}.amazonaws.com/{pool}"
        domain = self.user_pool.add_domain(
            "Domain",
            cognito_domain=cognito.CognitoDomainOptions(
                domain_prefix=f"{identifier}-{environment.suffix}-{stack.account}"
            ),
        )
        self.token_url = f"{domain.base_url()}/oauth2/token"

    def _add_client(self, identifier: str, scopes: Mapping[str, str]) -> cognito.UserPoolClient:
        granted = [
            cognito.ResourceServerScope(scope_name=name, scope_description=description)
            for name, description in scopes.items()
        ]
        server = self.user_pool.add_resource_server(
            "ResourceServer", identifier=identifier, scopes=granted
        )
        return self.user_pool.add_client(
            "Client",
            generate_secret=True,
            # With none named, Cognito has a default of its own: passwords by SRP and custom flows.
            auth_flows=cognito.AuthFlow(user_srp=False),
            o_auth=cognito.OAuthSettings(
                flows=cognito.OAuthFlows(client_credentials=True),
                scopes=[cognito.OAuthScope.resource_server(server, each) for each in granted],
            ),
            access_token_validity=Duration.minutes(15),
            enable_token_revocation=True,
            prevent_user_existence_errors=True,
        )
