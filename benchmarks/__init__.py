"""How fast the service is: see docs/performance.md."""
