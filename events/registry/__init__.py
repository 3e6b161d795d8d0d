"""The de-facto registry API under /registry/, so that existing clients work unchanged.

A subject is a family: by its key, by its key or its channel with `-value` after it. A version's number there is its place in the
order in which the versions of the family were registered; its id is the id of the entry. Both are for ever.
"""
