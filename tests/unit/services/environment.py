"""The environment of the functions; the conftest imports this before it imports them."""

import os

from tests.secrets_manager import SECRET

__all__ = ["BUCKET", "SECRET", "TABLE"]

TABLE = "tap-data-table-dev"
BUCKET = "tap-storage-bucket-dev-111122223333-eu-west-1"
QUEUE = "https://sqs.eu-west-1.amazonaws.com/111122223333/tap-audit-dev"
LOGS = "tap-logs-bucket-dev-111122223333-eu-west-1"
ORIGINS = "https://partner.example, http://localhost:8080"

os.environ.update(
    AWS_DEFAULT_REGION="eu-west-1",
    AWS_ACCESS_KEY_ID="an-id",
    AWS_SECRET_ACCESS_KEY="a-key",
    AWS_EC2_METADATA_DISABLED="true",
    ITEMS_TABLE_NAME=TABLE,
    FILES_BUCKET_NAME=BUCKET,
    CURSOR_SECRET_ARN=SECRET,
    SECRET_ARN=SECRET,
    DATABASE_SECRET_ARN=SECRET,
    MASTER_SECRET_ARN=SECRET,
    ORIGIN_KEY_ARN=SECRET,
    MIGRATION_LEVEL="4",
    RESOURCE_SERVER_ID="tap",
    AUDIT_QUEUE_URL=QUEUE,
    ALLOWED_ORIGINS=ORIGINS,
    LOGS_BUCKET_NAME=LOGS,
    FUNCTIONS="arn:of:migrations,arn:of:api:2",
    POWERTOOLS_SERVICE_NAME="items-api",
    POWERTOOLS_METRICS_NAMESPACE="TAP",
)
