"""What happened, in SQL; only `database` knows that it is SQL."""
