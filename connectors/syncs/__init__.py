"""Data movements at work: runs that are reported or pulled, how fresh the data is, and breaking changes that are announced."""
