"""The database: the only SQL of the auth service, with its migrations beside it."""
