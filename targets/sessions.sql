-- Who waits for whom (the one who holds what all wait for, not those that wait in between), and who
-- has how many connections.
WITH s AS (
    SELECT pid, backend_start, coalesce(usename, '') AS role, application_name AS application,
           coalesce(state, backend_type) AS state, left(query, 300) AS statement, xact_start,
           CASE WHEN wait_event_type = 'Lock' THEN pg_blocking_pids(pid) ELSE '{}' END AS blockers
    FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename IS NOT NULL
),
waiting AS (
    SELECT s.pid, s.role, s.application, s.statement, b.pid AS blocker FROM s
    CROSS JOIN unnest(s.blockers) x JOIN s b ON b.pid = x AND b.blockers = '{}'
),
wanted AS (
    SELECT w.*, l.mode, coalesce(l.relation, h.relation)::regclass::text AS relation FROM waiting w
    LEFT JOIN LATERAL (SELECT mode, relation FROM pg_locks
        WHERE pid = w.pid AND NOT granted LIMIT 1) l ON true
    LEFT JOIN LATERAL (SELECT relation FROM pg_locks WHERE pid = w.pid AND granted
        AND locktype = 'tuple' LIMIT 1) h ON true
)
SELECT 'wait', json_build_object('waiting_role', w.role, 'waiting_application', w.application,
        'relation', coalesce(w.relation, ''), 'mode', coalesce(w.mode, ''),
        'blocker', format('%s/%s', b.pid, extract(epoch FROM b.backend_start)),
        'blocker_role', b.role, 'blocker_application', b.application,
        'blocker_since', extract(epoch FROM b.xact_start)),
    json_build_object('waiting', count(*), 'statement', min(w.statement),
        'blocker_state', b.state, 'blocker_statement', b.statement)
FROM wanted w JOIN s b ON b.pid = w.blocker
GROUP BY w.role, w.application, w.relation, w.mode, b.pid, b.backend_start, b.role, b.application,
    b.state, b.statement, b.xact_start
UNION ALL SELECT 'connections', json_build_object('role', ''), json_build_object('used', count(*),
    'limit', current_setting('max_connections')::int) FROM s
UNION ALL SELECT 'connections', json_build_object('role', role), json_build_object(
    'used', sum(held), 'limit', max(most),
    'by', string_agg(format('%s %s', coalesce(nullif(application, ''), 'unnamed'), held), ', '
                     ORDER BY held DESC, application))
FROM (SELECT s.role, s.application, count(*) AS held, max(r.rolconnlimit) AS most
      FROM s JOIN pg_roles r ON r.rolname = s.role GROUP BY 1, 2) held GROUP BY role
