"""Addresses of the pages of data syncs beside the generic ones."""

from django.urls import URLPattern, re_path

from connectors.syncs.pages import Announce, NoticePage, Pause, PauseMany

_KEY = r"(?P<key>[a-z][a-z0-9._-]{0,59})"

urlpatterns: list[URLPattern] = [
    re_path(r"^syncs/pause/chosen/$", PauseMany.as_view(), name="syncs-pause"),
    re_path(rf"^syncs/{_KEY}/pause/$", Pause.as_view(), name="sync-pause"),
    re_path(rf"^syncs/{_KEY}/notices/new/$", Announce.as_view(), name="sync-announce"),
    re_path(rf"^syncs/{_KEY}/notices/(?P<pk>[0-9]{{1,18}})/$", NoticePage.as_view(), name="sync-notice"),
]
