"""An items API over Chalice, as its documentation writes one (there the file is app.py)."""

import os
import uuid
from decimal import Decimal

import boto3
from chalice import Chalice, NotFoundError, Response

app = Chalice(app_name="items")
table = boto3.resource("dynamodb").Table(os.environ["ITEMS_TABLE_NAME"])


@app.route("/api", methods=["POST"])
def operate():
    """Carry out the operation that the body names."""
    body = app.current_request.json_body
    if body["operation"] == "create":
        item = {"id": str(uuid.uuid4()), **body["item"]}
        item["price"] = Decimal(str(item["price"]))
        table.put_item(Item=item)
        return Response({"item": item}, status_code=201)
    found = table.get_item(Key={"id": body["id"]})
    if "Item" not in found:
        raise NotFoundError("there is no such item")
    return {"item": found["Item"]}


lambda_handler = app
