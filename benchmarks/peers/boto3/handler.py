"""An items API over plain boto3, as most tutorials write one: nothing for the sake of speed."""

import json
import os
import uuid
from decimal import Decimal

import boto3

table = boto3.resource("dynamodb").Table(os.environ["ITEMS_TABLE_NAME"])
s3 = boto3.client("s3")


def lambda_handler(event, context):
    """Carry out the operation that the body names."""
    request = json.loads(event["body"], parse_float=Decimal)
    operation = request["operation"]
    if operation == "create":
        item = {"id": str(uuid.uuid4()), **request["item"]}
        table.put_item(Item=item)
        return answer(201, {"item": item})
    if operation == "read":
        found = table.get_item(Key={"id": request["id"]})
        if "Item" not in found:
            return answer(404, {"error": "there is no such item"})
        return answer(200, {"item": found["Item"]})
    if operation == "presign_download":
        url = s3.generate_presigned_url(
            "get_object",
            Params={"Bucket": os.environ["FILES_BUCKET_NAME"], "Key": request["key"]},
            ExpiresIn=900,
        )
        return answer(200, {"download": {"url": url}})
    return answer(400, {"error": "there is no such operation"})


def answer(status, body):
    """Make the answer of API Gateway."""
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json"},
        "body": json.dumps(body, default=str),
    }
