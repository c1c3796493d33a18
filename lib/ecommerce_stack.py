"""EcommerceStack: the store."""

from typing import Any

from aws_cdk import CfnOutput, Fn, Stack, StackProps
from aws_cdk.aws_apigatewayv2 import HttpMethod
from constructs import Construct

from lib.constructs.access_log_bucket import AccessLogBucket
from lib.constructs.application_network import ApplicationNetwork
from lib.constructs.daily_backup import DailyBackup
from lib.constructs.encryption_key import EncryptionKey
from lib.constructs.public_http_api import PublicHttpApi
from lib.constructs.secure_bucket import SecureBucket
from lib.constructs.service_alarms import ServiceAlarms
from lib.constructs.signal_dashboard import SignalDashboard
from lib.environment import Environment
from lib.stack_props import all_props, hold_flags, settled
from lib.store.alarms import watch_store
from lib.store.cdn import StoreCdn
from lib.store.database import StoreDatabase
from lib.store.origin_key import OriginKey
from lib.store.service import StoreService
from lib.store.settings import StoreSettings

_BROWSED = "Anyone may look at what the store sells."
_ORDERED = "Customers have no accounts; an order is bounded, throttled and made only once per key."
_WATCHED = "Monitors ask it without credentials, and it says no more than up or down."
_FOUND = "Found only by whoever has the order's unguessable id."


class EcommerceStack(Stack):
    """Pages behind a CDN, an API beside them, and a database that only the API reaches.

    Args:
        scope: The app.
        construct_id: The stack's id.
        props: Any of `StackProps`.
        environment: The settings. When omitted, those that the app's context and the variables
            of its environment say.
        **stack_props: Any of `StackProps`, before those of `props`.

    Raises:
        SettingError: A setting of the store would fail at deployment.

    Attributes:
        kms_key: Encrypts everything at rest.
        network: Where functions and database are.
        database: Products, stock and orders.
        assets: The store's pages.
        cdn: What browsers see.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        props: StackProps | None = None,
        *,
        environment: Environment | None = None,
        **stack_props: Any,
    ) -> None:
        environment = settled(scope, props, environment)
        self._settings = settings = StoreSettings.resolve(scope.node)
        suffix = environment.suffix
        super().__init__(
            scope, construct_id, **all_props(environment, "TAP: the store", props, stack_props)
        )
        hold_flags(self)
        settings.check(self.region)
        self.kms_key = EncryptionKey(
            self, "Key", environment=environment, alias=f"alias/tap-store-key-{suffix}"
        )
        access_logs = AccessLogBucket(self, "AccessLogs", environment=environment)
        self.network = ApplicationNetwork(self, "Network", nat=settings.nat, flow_logs=access_logs)
        self.database = StoreDatabase(
            self,
            "Database",
            environment=environment,
            key=self.kms_key,
            network=self.network,
            instance_type=settings.database_instance,
        )
        DailyBackup(
            self, "Backup", environment=environment, key=self.kms_key, of=self.database.instance
        )
        origin_key = OriginKey(self, "OriginKey", key=self.kms_key)
        service = StoreService(
            self,
            "Service",
            environment=environment,
            key=self.kms_key,
            network=self.network,
            database=self.database,
            origin_key=origin_key,
        )
        api = PublicHttpApi(
            self,
            "HttpApi",
            environment=environment,
            api_name=f"tap-store-api-{suffix}",
            key=self.kms_key,
        )
        api.route(HttpMethod.GET, "/api/products", service.api, public=_BROWSED)
        api.route(HttpMethod.GET, "/api/products/{sku}", service.api, public=_BROWSED)
        api.route(HttpMethod.POST, "/api/orders", service.api, public=_ORDERED)
        api.route(HttpMethod.GET, "/api/orders/{id}", service.api, public=_FOUND)
        api.route(HttpMethod.GET, "/api/health", service.api, public=_WATCHED)
        self.assets = SecureBucket(
            self,
            "Assets",
            environment=environment,
            bucket_name=f"tap-store-assets-{suffix}-{self.account}-{self.region}",
            key=self.kms_key,
            access_logs=access_logs,
        )
        self.cdn = StoreCdn(
            self,
            "Cdn",
            environment=environment,
            settings=settings,
            assets=self.assets,
            api=api,
            origin_key=origin_key,
            access_logs=access_logs,
            key=self.kms_key,
        )
        alarms = ServiceAlarms(
            self,
            "Alarms",
            environment=environment,
            key=self.kms_key,
            api=api,
            functions=[service.api],
            rare=[service.migrations, self.database.user.rotation],
        )
        watch_store(alarms, database=self.database, cdn=self.cdn)
        SignalDashboard(self, "Dashboard", alarms=alarms.alarms)

        outputs = {
            "StoreUrl": (self.cdn.address, "Address of the store"),
            "AssetsBucketName": (self.assets.bucket_name, "Bucket of the store's pages"),
            "DistributionId": (self.cdn.distribution.distribution_id, "CDN before pages and API"),
            "DatabaseEndpoint": (
                self.database.instance.db_instance_endpoint_address,
                "Host of the database",
            ),
            "DatabaseSecretArn": (
                self.database.user.secret.secret_arn,
                "Login of the store's own user",
            ),
            "MasterSecretArn": (
                self.database.master_secret.secret_arn,
                "Login of the master, for migrations",
            ),
            "MigrationFunctionName": (
                service.migrations.function.function_name,
                "Function that migrates the database",
            ),
            "StoreApiFunctionName": (
                service.api.function.function_name,
                "Function that serves /api/*",
            ),
            "RotationFunctionName": (
                self.database.user.rotation.function.function_name,
                "Function that rotates the store's login",
            ),
            "HttpApiId": (api.api_id, "The store's HTTP API"),
            "OriginKeySecretArn": (
                origin_key.secret_arn,
                "Key by which the API knows its CDN",
            ),
        }
        for name, (value, description) in outputs.items():
            CfnOutput(self, name, value=value, description=description)

    @property
    def availability_zones(self) -> list[str]:
        """The named zones, else the region's first two: AWS finds them, the synthesis does not."""
        return list(self._settings.zones) or [Fn.select(i, Fn.get_azs()) for i in range(2)]
