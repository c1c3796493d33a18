"""An items API over Powertools, as its documentation writes one: resolver, validation, logger."""

import os
import uuid
from decimal import Decimal
from typing import Annotated, Any, Literal

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.openapi.params import Body
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import MetricUnit
from pydantic import BaseModel

logger = Logger()
metrics = Metrics()
app = APIGatewayHttpResolver(enable_validation=True)
table = boto3.resource("dynamodb").Table(os.environ["ITEMS_TABLE_NAME"])


class Item(BaseModel):
    """What is stored."""

    name: str
    tags: list[str] = []
    price: Decimal = Decimal(0)
    in_stock: bool = True


class Create(BaseModel):
    """Store an item."""

    operation: Literal["create"]
    item: Item


class Read(BaseModel):
    """Read an item."""

    operation: Literal["read"]
    id: str


@app.post("/api")
def operate(request: Annotated[Create | Read, Body(discriminator="operation")]) -> dict[str, Any]:
    """Carry out the operation that the body names."""
    metrics.add_metric(name="Requests", unit=MetricUnit.Count, value=1)
    logger.info("request", operation=request.operation)
    if isinstance(request, Create):
        item = {"id": str(uuid.uuid4()), **request.item.model_dump()}
        table.put_item(Item=item)
        return {"item": item}
    found = table.get_item(Key={"id": request.id})
    return {"item": found.get("Item")}


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_HTTP)
@metrics.log_metrics
def lambda_handler(event, context):
    """Resolve the route."""
    return app.resolve(event, context)
