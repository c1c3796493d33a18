"""Lambda functions of the items API."""

from aws_cdk import Duration
from constructs import Construct

from lib.constructs.encryption_key import EncryptionKey
from lib.constructs.rotated_secret import RotatedSecret
from lib.constructs.secure_bucket import SecureBucket
from lib.constructs.secure_table import SecureTable
from lib.constructs.service_function import ServiceFunction
from lib.permissions import allow

_UPLOADS = "uploads/"


class ItemsService(Construct):
    """The function of `POST /api`, and the one that checks the health of its table and bucket.

    Fixed: a role each. The API function reads and writes items, objects below `uploads/` and
    nothing else, and reads the cursor secret; the health function reads that secret as well, and
    can look at table and bucket but read nothing in them, not even the names of files.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        table: SecureTable,
        bucket: SecureBucket,
        cursor_secret: RotatedSecret,
        resource_server_id: str,
    ) -> None:
        super().__init__(scope, construct_id)
        key = EncryptionKey.of(self)
        read_secrets = key.allow_decryption_via("secretsmanager")
        needed = {
            "ITEMS_TABLE_NAME": table.table_name,
            "FILES_BUCKET_NAME": bucket.bucket_name,
            "CURSOR_SECRET_ARN": cursor_secret.secret.secret_arn,
        }
        on_files = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
        self.api = ServiceFunction(
            self,
            "Api",
            service="items_api",
            name="api-function",
            settings={**needed, "RESOURCE_SERVER_ID": resource_server_id},
            permissions=[
                *table.allow_item_access(),
                bucket.allow_objects("Files", _UPLOADS, *on_files),
                cursor_secret.allow_reading(describing=True),
                key.allow_use_via("dynamodb", "s3"),
                read_secrets,
            ],
            memory_mb=512,
            timeout=Duration.seconds(29),
        )
        bucket.excuse_objects(self.api.policy, _UPLOADS)
        look = allow("Bucket", "s3:GetBucketLocation", on=bucket.bucket_arn)
        read_cursors = cursor_secret.allow_reading()
        self.health = ServiceFunction(
            self,
            "Health",
            service="health",
            name="health-function",
            settings=needed,
            permissions=[table.allow_checking(), look, read_cursors, read_secrets],
        )
