"""Finding anything by its id, key or words: for the palette, the page of results and the filter of every list."""
