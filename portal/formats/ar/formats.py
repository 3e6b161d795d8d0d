"""Latin digits and a point, as in codes, documents and the API: a comma stands between two of a row."""

DECIMAL_SEPARATOR = "."
THOUSAND_SEPARATOR = ","
