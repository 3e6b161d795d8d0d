"""Exceptions: a V2 that a release may live with for a while."""
