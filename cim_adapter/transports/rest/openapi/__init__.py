"""The OpenAPI document of the resources."""
