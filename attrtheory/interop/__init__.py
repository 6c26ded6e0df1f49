"""Other people's interfaces on the exact engines: scripts written for them run with only the import changed."""
