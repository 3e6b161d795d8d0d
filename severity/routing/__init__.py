"""Who hears of incidents: routes, silences, grouping, repeats and escalation."""
