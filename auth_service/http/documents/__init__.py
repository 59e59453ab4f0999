"""What the API takes and gives, as pydantic models: ``/api/openapi.json`` is made from them."""
