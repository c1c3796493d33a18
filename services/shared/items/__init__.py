"""Items, whichever API they are reached by: rules, use cases, DynamoDB table, cursors."""
