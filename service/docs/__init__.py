"""What the service says of itself: the OpenAPI document, Swagger UI, and the page to try a prediction."""
