select 1 as visit_id, 1 as customer_id, cast('2026-01-30' as timestamp) as visited_at
