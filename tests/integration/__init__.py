"""The parts together: real nginx, Orthanc, Keycloak, and the services of this repository."""
