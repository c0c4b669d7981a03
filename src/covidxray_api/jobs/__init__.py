"""Jobs: radiographs that are handed in now and answered later, also after a restart."""
