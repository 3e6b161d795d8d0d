"""The severity table as an entry: which rule is how bad where, by when each level wants what, and the steps to take."""
