"""The dry run of a severity table: what would another level have changed?"""

from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from portal.web.views.base import PageView
from severity.rules import RULES, Level
from severity.table import reads
from severity.table.documents import SEEN
from severity.table.dry_run import DAYS, dry_run
from severity.table.rules import Cell


class SeverityTest(PageView):
    """A plain GET form, so that a question has an address; nothing is written. What would be milder is not asked."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The levels in force, those that are asked about, and the incidents that would differ."""
        table = reads.in_force()
        asked: dict[Cell, Level] = {}
        for rule in RULES.values():
            for seen in rule.circumstances:
                wanted = request.GET.get(f"{rule.name}.{seen}", "")
                if wanted in Level.__members__ and Level[wanted] >= rule.least(seen):
                    asked[rule.name, seen] = Level[wanted]
        proposed = replace(table, levels={**table.levels, **asked})
        rows = [
            {
                "rule": rule,
                "cells": [
                    {
                        "name": f"{rule.name}.{seen}",
                        "seen_words": SEEN[seen],
                        "stands": table.level(rule.name, seen).name,
                        "options": [
                            (one.name, one == proposed.level(rule.name, seen))
                            for one in Level
                            if one >= rule.least(seen)
                        ],
                    }
                    for seen in rule.circumstances
                ],
            }
            for rule in RULES.values()
        ]
        context: dict[str, Any] = {
            "rows": rows,
            "version": table.version,
            "asked": bool(asked),
            "found": dry_run(proposed, now=self.now) if asked else None,
            "days": DAYS,
            "crumbs": [{"label": _("Severity table"), "href": reverse("severity-table")}, {"label": _("Dry run")}],
        }
        return render(request, "severity/severity_test.html", context)
