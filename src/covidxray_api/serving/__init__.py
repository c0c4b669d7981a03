"""What every door of the service needs, and nothing of HTTP."""
