"""The page, served by the API."""
