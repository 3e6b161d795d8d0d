"""The languages of the portal: the catalogue of its texts and how it is kept whole."""
