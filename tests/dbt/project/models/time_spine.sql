select cast('2026-01-31' as timestamp) as date_day
