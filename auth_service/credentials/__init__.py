"""Who asks: sign-in, sessions, tokens, bearers of Keycloak, and what Keycloak says of them now."""
