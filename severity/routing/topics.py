"""Which happenings of an incident the routes hear of: news is told, an end only where news was told."""

NEWS = ("opened", "raised", "reopened", "given", "overdue")
ENDS = ("mitigated", "resolved")
ROUTED = (*NEWS, *ENDS)
