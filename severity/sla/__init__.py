"""The SLA watch: every clock that somebody is held to, in one list, the nearest deadline first."""
