"""Many films: an archive screened on one machine, or on many."""
