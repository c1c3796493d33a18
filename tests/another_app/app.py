"""A small CDK app that shares nothing with this project: what it is sent, it writes down."""

from aws_cdk import App, CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration
from aws_cdk.aws_lambda_event_sources import SqsEventSource

CODE = """
import os
import botocore.session

table = botocore.session.get_session().create_client("dynamodb")

def write(event, context):
    for record in event["Records"]:
        item = {"note": {"S": record["body"]}}
        table.put_item(TableName=os.environ["NOTES"], Item=item)

def greet(event, context):
    return {"statusCode": 200, "body": "hello from the notebook"}
"""

app = App()
stack = Stack(app, "Notebook")
queue = sqs.Queue(stack, "Inbox", visibility_timeout=Duration.seconds(30))
table = dynamodb.Table(
    stack,
    "Notes",
    partition_key=dynamodb.Attribute(name="note", type=dynamodb.AttributeType.STRING),
    removal_policy=RemovalPolicy.DESTROY,
)


def function(name: str) -> lambda_.Function:
    """A function with inline code, and the SDK of Lambda's runtime."""
    return lambda_.Function(
        stack,
        name.title(),
        runtime=lambda_.Runtime.PYTHON_3_13,
        handler=f"index.{name}",
        code=lambda_.Code.from_inline(CODE),
        timeout=Duration.seconds(10),
        environment={"NOTES": table.table_name},
    )


writer = function("write")
writer.add_event_source(SqsEventSource(queue))
table.grant_write_data(writer)
api = apigateway.HttpApi(stack, "Api", create_default_stage=True)
api.add_routes(
    path="/greeting",
    methods=[apigateway.HttpMethod.GET],
    integration=HttpLambdaIntegration("Greeting", function("greet")),
)
CfnOutput(stack, "QueueUrl", value=queue.queue_url)
CfnOutput(stack, "TableName", value=table.table_name)
CfnOutput(stack, "ApiId", value=api.api_id)
app.synth()
