"""The harness of the integration tests: real servers, started on loopback, driven by events."""
