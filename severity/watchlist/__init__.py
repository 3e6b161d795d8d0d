"""The watchlist: how the servers of long operations behave, as it was observed."""
