"""An items API over Flask, as its documentation writes one, behind apig-wsgi."""

import os
import uuid
from decimal import Decimal

import boto3
from apig_wsgi import make_lambda_handler
from flask import Flask, abort, jsonify, request

app = Flask(__name__)
table = boto3.resource("dynamodb").Table(os.environ["ITEMS_TABLE_NAME"])


@app.post("/api")
def operate():
    """Carry out the operation that the body names."""
    body = request.get_json()
    if body["operation"] == "create":
        item = {"id": str(uuid.uuid4()), **body["item"]}
        item["price"] = Decimal(str(item["price"]))
        table.put_item(Item=item)
        return jsonify(item=item), 201
    found = table.get_item(Key={"id": body["id"]})
    if "Item" not in found:
        abort(404)
    return jsonify(item=found["Item"])


lambda_handler = make_lambda_handler(app)
