"""The auth service as an ASGI application."""
