select 1 as order_id, 10.0 as amount, 'north' as region, 1 as customer_id, cast('2026-01-31' as timestamp) as ordered_at
