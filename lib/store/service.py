"""Lambda functions of the store."""

from pathlib import Path

from aws_cdk import Duration
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from lib.constructs.application_network import ApplicationNetwork
from lib.constructs.encryption_key import EncryptionKey
from lib.constructs.service_function import ServiceFunction
from lib.store.database import StoreDatabase


class StoreService(Construct):
    """The store's API function, and the one that makes its user, schema and functions for people.

    Fixed: a role each, in the application's subnets. The API function reads the store user's
    secret and the CDN's key; the migrations read the master's secret and the store user's.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        network: ApplicationNetwork,
        database: StoreDatabase,
        origin_key: secretsmanager.ISecret,
    ) -> None:
        super().__init__(scope, construct_id)
        read_secrets = EncryptionKey.of(self).allow_decryption_via("secretsmanager")
        migrations = Path(__file__).parents[2] / "services/store_migrations/sql"
        secret_arn = database.user.secret.secret_arn
        self.api = ServiceFunction(
            self,
            "Api",
            service="store_api",
            name="store-api",
            settings={
                "DATABASE_SECRET_ARN": secret_arn,
                "ORIGIN_KEY_ARN": origin_key.secret_arn,
                "MIGRATION_LEVEL": str(len(list(migrations.glob("[0-9]*.sql")))),
            },
            permissions=[database.user.allow_reading(origin_key), read_secrets],
            memory_mb=512,
            timeout=Duration.seconds(29),
            network=network,
        )
        master = database.master_secret
        self.migrations = ServiceFunction(
            self,
            "Migrations",
            service="store_migrations",
            name="store-migrations",
            settings={"MASTER_SECRET_ARN": master.secret_arn, "DATABASE_SECRET_ARN": secret_arn},
            permissions=[database.user.allow_reading(master), read_secrets],
            timeout=Duration.minutes(5),
            network=network,
        )
