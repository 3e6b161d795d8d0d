"""App configuration."""

from django.apps import AppConfig


class SearchConfig(AppConfig):
    """The functions of the database that the search stands on."""

    name = "portal.search"
    label = "search"
