"""The command line: `covidxray`. Each command imports what it needs when it runs."""

from covidxray_api.cli.app import app

__all__ = ["app"]
