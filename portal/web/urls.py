"""Addresses of the generic pages."""

from django.contrib.auth.views import LogoutView
from django.urls import URLPattern, URLResolver, path, re_path

from portal.registry import kinds
from portal.web.style_preview import StylePage
from portal.web.views import (
    account,
    audit,
    change_forms,
    chosen,
    deliveries,
    entries,
    forms,
    inbox,
    notices,
    people,
    policy,
    review,
    rooms,
    saved,
    searching,
    settings,
    teams,
)
from portal.web.views.overview import Overview

# One alternation of the known kinds: an address of no kind is no page.
PAGES = "(?P<pages>" + "|".join(kind.pages for kind in kinds.all_kinds()) + ")"
KEY = r"(?P<key>[a-z][a-z0-9._-]{0,59})"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", Overview.as_view(), name="overview"),
    path("sign-in/", account.SignIn.as_view(), name="sign-in"),
    path("sign-in/again/", account.SignInAgain.as_view(), name="sign-in-again"),
    path("sign-out/", LogoutView.as_view(), name="sign-out"),
    path("theme/", account.set_theme, name="set-theme"),
    path("language/", account.set_language, name="set_language"),
    path("keys/", account.set_keys, name="set-keys"),
    path("search/", searching.Search.as_view(), name="search"),
    path("palette/", searching.Palette.as_view(), name="palette"),
    path("notices/", notices.Notices.as_view(), name="notices"),
    path("notices/choices/", notices.NoticeChoices.as_view(), name="notice-choices"),
    path("notices/<int:number>/", notices.OpenNotice.as_view(), name="notice"),
    path("deliveries/", deliveries.Deliveries.as_view(), name="deliveries"),
    path("webhooks/", deliveries.Endpoints.as_view(), name="endpoints"),
    path("webhooks/new/", deliveries.Endpoint.as_view(), name="endpoint-new"),
    path("webhooks/<slug:name>/", deliveries.Endpoint.as_view(), name="endpoint"),
    path("rooms/", rooms.Rooms.as_view(), name="rooms"),
    path("rooms/new/", rooms.RoomPage.as_view(), name="room-new"),
    path("rooms/<slug:name>/", rooms.RoomPage.as_view(), name="room"),
    path("settings/", settings.Settings.as_view(), name="settings"),
    path("settings/people/", people.People.as_view(), name="people"),
    path("settings/people/new/", people.NewPerson.as_view(), name="person-new"),
    re_path(r"^settings/people/(?P<username>[\w.@+-]{1,150})/$", people.PersonPage.as_view(), name="person"),
    path("settings/teams/", teams.Teams.as_view(), name="teams"),
    re_path(r"^settings/teams/(?P<key>[a-z][a-z0-9-]{0,59})/$", teams.TeamPage.as_view(), name="team"),
    path("settings/tokens/", people.Tokens.as_view(), name="tokens"),
    path("views/", saved.SavedViews.as_view(), name="views"),
    path("-/style/", StylePage.as_view(), name="style"),
    path("audit/", audit.AuditLog.as_view(), name="audit"),
    path("register/", forms.Start.as_view(), name="register"),
    path("approvals/", inbox.Approvals.as_view(), name="approvals"),
    path("changes/<str:pk>/", review.Review.as_view(), name="change"),
    path("changes/<str:pk>/edit/", change_forms.ChangeForm.as_view(), name="change-edit"),
    path("changes/<str:pk>/amend/", change_forms.AmendForm.as_view(), name="change-amend"),
    *(path(f"{kind.pages}/", entries.EntryList.as_view(), {"pages": kind.pages}, name=kind.pages)
      for kind in kinds.all_kinds()),
    path("policies/test/", policy.PolicyTest.as_view(), name="policy-test"),
    re_path(rf"^{PAGES}/new/$", forms.EntryForm.as_view(), name="entry-new"),
    re_path(rf"^{PAGES}/check/$", forms.EntryCheck.as_view(), name="entry-check"),
    re_path(rf"^{PAGES}/chosen/owner/$", chosen.HandOver.as_view(), name="chosen-owner"),
    re_path(rf"^{PAGES}/chosen/export/$", chosen.Export.as_view(), name="chosen-export"),
    re_path(rf"^{PAGES}/{KEY}/$", entries.EntryDetail.as_view(), name="entry"),
    re_path(rf"^{PAGES}/{KEY}/propose/$", forms.EntryForm.as_view(), name="entry-propose"),
    re_path(rf"^{PAGES}/{KEY}/restore/$", forms.Restore.as_view(), name="entry-restore"),
    re_path(rf"^{PAGES}/{KEY}/compare/$", entries.EntryDiff.as_view(), name="entry-diff"),
]  # fmt: skip
