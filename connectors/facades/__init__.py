"""The facade rule in code: the vendor's packages are imported by the facade of their connector, and by nothing else.

Nothing here needs a database but `registered.py`: a build without one checks by the files of the registry.
"""
