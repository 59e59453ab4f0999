"""The tests of ``auth_service/explaining``."""
