"""An items API over FastAPI and Mangum, as their documentation writes one."""

import os
import uuid
from decimal import Decimal
from typing import Annotated, Any, Literal

import boto3
from fastapi import Body, FastAPI, HTTPException
from mangum import Mangum
from pydantic import BaseModel

app = FastAPI()
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
    if isinstance(request, Create):
        item = {"id": str(uuid.uuid4()), **request.item.model_dump()}
        table.put_item(Item=item)
        return {"item": item}
    found = table.get_item(Key={"id": request.id})
    if "Item" not in found:
        raise HTTPException(404, "there is no such item")
    return {"item": found["Item"]}


lambda_handler = Mangum(app, lifespan="off")
