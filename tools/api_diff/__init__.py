"""What a change of an API's OpenAPI description breaks for the clients that were made of it."""
