"""The statements over what agents may call. One list of conditions serves them all, so that no two answers differ.

Each is one statement: what it says is of one moment. The documents stay in the database; only what is asked for leaves it.
"""

from portal.registry.twins import local_name_sql

# Over the rows c (a connector; `tool` is its profile), n (the name of an operation), o (whether the contract has it), a (the
# agent's line in the allowlist) and p (whether the tool is pinned). The codes are those of `reasons.REASONS`, in their order.
_REASONS = """array_remove(ARRAY[
    CASE WHEN c.kind <> 'runtime_tool' THEN 'wrong_kind' END,
    CASE WHEN c.state NOT IN ('active', 'deprecated') THEN 'not_active' END,
    CASE WHEN (SELECT v.quarantined_at FROM connectors_verification v WHERE v.connector_id = c.id) IS NOT NULL
      THEN 'quarantined_connector' END,
    CASE WHEN c.kind = 'runtime_tool' AND NOT coalesce(a.line->'operations' ? n.name, false) THEN 'not_allowlisted' END,
    CASE WHEN NOT o.known THEN 'unknown_operation' END,
    -- Lines of before environments were told count in every one.
    CASE WHEN a.line->'operations' ? n.name AND a.line ? 'environments' AND NOT a.line->'environments' ? %(environment)s
      THEN 'not_in_environment' END,
    CASE WHEN o.known AND c.tool->>'transport' = 'streamable_http' AND p.pin IS NULL THEN 'unpinned' END,
    CASE WHEN (SELECT t.quarantined FROM connectors_knowntool t WHERE t.connector_id = c.id AND t.name = n.name)
      THEN 'quarantined_tool' END
  ], NULL)"""

_LINE = """LEFT JOIN LATERAL (
    SELECT line FROM jsonb_array_elements(c.tool->'allowlist') line WHERE line->>'agent' = %(agent)s LIMIT 1
  ) a ON true"""
_PIN = """LEFT JOIN LATERAL (
    SELECT pin - 'operation' AS pin FROM jsonb_array_elements(c.tool->'tool_pins') pin WHERE pin->>'operation' = n.name LIMIT 1
  ) p ON true"""

# Decides, and keeps the answer. What nobody has registered is counted under no name, so that whoever asks cannot fill the
# counts with names of their own. The answer is not waited for on disk: a crash loses the counts of the last moment.
DECIDE = f"""
WITH c AS MATERIALIZED (
  SELECT id, key, kind, state, version, contract_version, owner_id, document->'runtime_tool' AS tool,
         jsonb_path_exists(document, '$.facets.contract.operations[*] ? (@.name == $name)',
                           jsonb_build_object('name', %(operation)s::text)) AS known
  FROM connectors_connector WHERE key = %(connector)s
),
judged AS MATERIALIZED (
  SELECT c.key, c.state, c.version, c.contract_version, c.owner_id, p.pin, o.known, g.named,
         {_REASONS} AS reasons
  FROM c
  CROSS JOIN LATERAL (SELECT %(operation)s::text AS name) n
  CROSS JOIN LATERAL (SELECT c.known) o
  CROSS JOIN (SELECT EXISTS (SELECT FROM connectors_agentallowlist WHERE agent = %(agent)s) AS named) g
  {_LINE}
  {_PIN}
),
answer AS MATERIALIZED (
  SELECT judged.*, CASE
      WHEN key IS NULL THEN ARRAY['unknown_connector']
      -- An agent that no list names is told so, and not of each list that it is not in.
      WHEN NOT named THEN array_replace(reasons, 'not_allowlisted', 'unknown_agent')
      ELSE reasons END AS codes
  FROM (SELECT 1) one LEFT JOIN judged ON true
),
kept AS (
  INSERT INTO connectors_calldecision (at, connector_key, agent, operation, environment, allowed, reason)
  SELECT statement_timestamp(), coalesce(key, ''),
         CASE WHEN coalesce(named, EXISTS (SELECT FROM connectors_agentallowlist WHERE agent = %(agent)s))
           THEN %(agent)s ELSE '' END,
         CASE WHEN known THEN %(operation)s ELSE '' END, %(environment)s,
         cardinality(codes) = 0, coalesce(codes[1], '')
  FROM answer
)
SELECT statement_timestamp(), codes, coalesce(state, ''), version, coalesce(contract_version, ''), pin::text,
       coalesce((SELECT name FROM people_team WHERE id = owner_id), ''),
       set_config('synchronous_commit', 'off', true)
FROM answer
"""

_OF_AGENT = """(
    SELECT id, key, name, name_ar, kind, state, version, contract_version, endpoint, document->'runtime_tool' AS tool,
           document->'facets' AS facets
    FROM connectors_connector
    WHERE kind = 'runtime_tool'
      AND document->'runtime_tool'->'allowlist' @> jsonb_build_array(jsonb_build_object('agent', %(agent)s::text))
    OFFSET 0
  )"""

# The revision of an agent's list and the clock: all that an unchanged answer needs.
REVISION = """
SELECT statement_timestamp(), coalesce((SELECT revision FROM connectors_agentallowlist WHERE agent = %(agent)s), 0)
"""

# Everything that the agent may call, with the revision that it is of. Without an environment: in any.
ALLOWED = f"""
SELECT statement_timestamp(), coalesce((SELECT revision FROM connectors_agentallowlist WHERE agent = %(agent)s), 0),
  (SELECT coalesce(jsonb_agg(found.told ORDER BY found.key), '[]')::text FROM (
    SELECT c.key, jsonb_build_object('key', c.key, 'state', c.state, 'version', c.version,
      'contract_version', c.contract_version, 'transport', c.tool->>'transport', 'endpoint', c.endpoint,
      'facets', c.facets, 'operations', callable.operations) AS told
    FROM {_OF_AGENT} c
    {_LINE}
    CROSS JOIN LATERAL (
      SELECT jsonb_agg(jsonb_build_object(
          'name', n.name, 'effect', n.effect, 'external_side_effect', n.outside,
          'environments', coalesce(a.line->'environments', to_jsonb(%(environments)s::text[]))
        ) ORDER BY n.place) AS operations
      FROM (
        SELECT place, operation->>'name' AS name, operation->>'effect' AS effect,
               operation->'external_side_effect' AS outside
        FROM jsonb_array_elements(c.facets->'contract'->'operations') WITH ORDINALITY AS listed(operation, place)
      ) n
      CROSS JOIN (SELECT true AS known) o
      {_PIN}
      WHERE a.line->'operations' ? n.name AND cardinality({_REASONS}) = 0
    ) callable
    WHERE callable.operations IS NOT NULL
  ) found)
"""

# Everything that an allowlist gives the agent, callable or not, with what stands against it.
NAMED = f"""
SELECT c.key, {local_name_sql("c.")}, c.state,
       ARRAY(SELECT jsonb_array_elements_text(coalesce(a.line->'environments', to_jsonb(%(environments)s::text[])))), n.name,
       {_REASONS} AS reasons
FROM {_OF_AGENT} c
{_LINE}
CROSS JOIN LATERAL jsonb_array_elements_text(a.line->'operations') WITH ORDINALITY AS n(name, place)
CROSS JOIN LATERAL (
  SELECT jsonb_path_exists(c.facets, '$.contract.operations[*] ? (@.name == $name)', jsonb_build_object('name', n.name)) AS known
) o
{_PIN}
ORDER BY c.key, n.place
"""
