"""CloudFormation stack of the store."""

from typing import Any

from aws_cdk import Fn, StackProps
from aws_cdk.aws_apigatewayv2 import HttpMethod
from constructs import Construct

from lib.constructs.access_log_bucket import AccessLogBucket
from lib.constructs.application_network import ApplicationNetwork
from lib.constructs.daily_backup import DailyBackup
from lib.constructs.gradual_release import GradualRelease
from lib.constructs.secure_bucket import SecureBucket
from lib.constructs.secure_http_api import SecureHttpApi
from lib.constructs.service_alarms import ServiceAlarms
from lib.constructs.signal_dashboard import SignalDashboard
from lib.product_stack import ProductStack
from lib.store.cdn import StoreCdn
from lib.store.database import StoreDatabase
from lib.store.origin_key import OriginKey
from lib.store.service import StoreService
from lib.store.settings import StoreSettings

_BROWSED = "Anyone may look at what the store sells."
_ORDERED = "Customers have no accounts; an order is bounded, throttled and made only once per key."
_WATCHED = "Monitors ask it without credentials, and it says no more than up or down."
_FOUND = "Found only by whoever has the order's unguessable id."


class EcommerceStack(ProductStack):
    """Pages behind a CDN, an API beside them, and a database that only the API reaches.

    Takes what every `ProductStack` takes, and the settings of the store; when they are omitted,
    those of the app's context.
    """

    DESCRIPTION = "TAP: the store"
    KEY_NAME = "store"

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        props: StackProps | None = None,
        *,
        settings: StoreSettings | None = None,
        **given: Any,
    ) -> None:
        super().__init__(scope, construct_id, props, **given)
        self._settings = settings = settings or StoreSettings.resolve(scope.node)
        access_logs = AccessLogBucket(self, "AccessLogs")
        nat = settings.nat or self.shared.scale.nat
        self.network = ApplicationNetwork(self, "Network", nat=nat, flow_logs=access_logs)
        self.database = database = StoreDatabase(
            self, "Database", network=self.network, instance_type=settings.database_instance
        )
        origin_key = OriginKey(self, "OriginKey")
        service = StoreService(
            self, "Service", network=self.network, database=database, origin_key=origin_key
        )
        api = SecureHttpApi(self, "HttpApi", name="store-api")
        api.route(HttpMethod.GET, "/api/products", service.api, public_because=_BROWSED)
        api.route(HttpMethod.GET, "/api/products/{sku}", service.api, public_because=_BROWSED)
        api.route(HttpMethod.POST, "/api/orders", service.api, public_because=_ORDERED)
        api.route(HttpMethod.GET, "/api/orders/{id}", service.api, public_because=_FOUND)
        api.route(HttpMethod.GET, "/api/health", service.api, public_because=_WATCHED)
        self.assets = SecureBucket(
            self,
            "Assets",
            bucket_name=f"{self.shared.named('store-assets')}-{self.account}-{self.region}",
            access_logs=access_logs,
        )
        self.cdn = StoreCdn(
            self,
            "Cdn",
            settings=settings,
            assets=self.assets,
            api=api,
            origin_key=origin_key,
            access_logs=access_logs,
        )
        alarms = ServiceAlarms(
            self,
            "Alarms",
            api=api,
            functions=[service.api],
            rare=[service.migrations, database.user.rotation],
            backup=DailyBackup(self, "Backup", of=database.instance),
        )
        database.watch(alarms)
        self.cdn.watch(alarms)
        GradualRelease(self, "Release", of=[service.api], alarms=alarms, after=[service.migrations])
        SignalDashboard(self, "Dashboard", alarms=alarms)
        rotation = database.user.rotation
        host = database.instance.db_instance_endpoint_address
        login, master = database.user.secret.secret_arn, database.master_secret.secret_arn
        self.add_outputs(
            StoreUrl=(self.cdn.address, "Address of the store"),
            AssetsBucketName=(self.assets.bucket_name, "Bucket of the store's pages"),
            DistributionId=(self.cdn.distribution.distribution_id, "CDN before pages and API"),
            DatabaseEndpoint=(host, "Host of the database"),
            DatabaseSecretArn=(login, "Login of the store's own user"),
            MasterSecretArn=(master, "Login of the master, for migrations"),
            MigrationFunctionName=(service.migrations.name, "Function that migrates the database"),
            StoreApiFunctionName=(service.api.name, "Function that serves /api/*"),
            RotationFunctionName=(rotation.name, "Function that rotates the store's login"),
            HttpApiId=(api.api_id, "The store's HTTP API"),
            OriginKeySecretArn=(origin_key.secret_arn, "Key by which the API knows its CDN"),
        )

    @property
    def availability_zones(self) -> list[str]:
        """The named zones, else the region's first two: AWS finds them, the synthesis does not."""
        return list(self._settings.zones) or [Fn.select(i, Fn.get_azs()) for i in range(2)]
