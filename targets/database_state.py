"""What a database's catalogues and sessions say, as facts: one query for each, over one connection
that is kept, so that a database without free connections can still be looked at.
"""

import json
from collections.abc import Iterator
from contextlib import suppress

import psycopg

from ..actions.facts import FactKind, Facts, Inspecting, Reading, kept
from ..actions.inventory import Inventory

OPTIONS = (
    "-c statement_timeout=1500 -c lock_timeout=400 -c default_transaction_read_only=on"
    " -c idle_in_transaction_session_timeout=5000"
)
APPLICATION = "warroom inspector"
OURS = "NOT IN ('pg_catalog', 'information_schema', 'warroom') AND n.nspname !~ '^pg_(toast|temp)'"

CATALOGUES = f"""
WITH spaces AS (SELECT n.oid, n.nspname FROM pg_namespace n WHERE n.nspname {OURS}),
tables AS (
    SELECT c.oid, c.relkind, c.relacl, c.relowner, c.relrowsecurity, c.relforcerowsecurity,
           format('%I.%I', s.nspname, c.relname) AS name
    FROM pg_class c JOIN spaces s ON s.oid = c.relnamespace WHERE c.relkind IN ('r','p','v','m','S')
),
granted AS (
    SELECT CASE relkind WHEN 'S' THEN 'sequence ' ELSE 'table ' END || name AS thing,
        coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner))
        AS acl FROM tables
    UNION ALL SELECT format('table %s (%I)', t.name, a.attname), a.attacl
    FROM tables t JOIN pg_attribute a ON a.attrelid = t.oid WHERE a.attacl IS NOT NULL
    UNION ALL SELECT format('schema %I', n.nspname), coalesce(n.nspacl, acldefault('n', n.nspowner))
    FROM pg_namespace n WHERE n.nspname {OURS}
    UNION ALL SELECT format('database %I', datname), coalesce(datacl, acldefault('d', datdba))
    FROM pg_database WHERE datname = current_database()
)
SELECT 'grant', format('%s on %s to %s', g.privilege_type, thing,
       CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(r.rolname) END), 'granted'
FROM granted, aclexplode(acl) g LEFT JOIN pg_roles r ON r.oid = g.grantee
UNION ALL SELECT 'grant', format('membership in %I to %I', g.rolname, m.rolname), 'granted'
FROM pg_auth_members x JOIN pg_roles g ON g.oid = x.roleid JOIN pg_roles m ON m.oid = x.member
WHERE g.rolname !~ '^pg_'
UNION ALL SELECT 'grant', 'owner of table ' || name, pg_get_userbyid(relowner) FROM tables
UNION ALL SELECT 'policy', 'row security on ' || name,
    CASE WHEN relforcerowsecurity THEN 'forced' ELSE 'enabled' END FROM tables WHERE relrowsecurity
UNION ALL SELECT 'policy', format('%I on %s', p.polname, t.name), concat_ws(' ',
    CASE WHEN p.polpermissive THEN 'AS PERMISSIVE' ELSE 'AS RESTRICTIVE' END,
    'FOR ' || CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'
              WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
    'TO ' || (SELECT string_agg(coalesce(quote_ident(r.rolname), 'PUBLIC'), ', ' ORDER BY 1)
              FROM unnest(p.polroles) o LEFT JOIN pg_roles r ON r.oid = o),
    'USING (' || pg_get_expr(p.polqual, p.polrelid) || ')',
    'WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')')
FROM pg_policy p JOIN tables t ON t.oid = p.polrelid
UNION ALL SELECT 'constraint', format('%I on %s', k.conname, t.name), pg_get_constraintdef(k.oid)
FROM pg_constraint k JOIN tables t ON t.oid = k.conrelid
UNION ALL SELECT 'index', format('%I on %s', i.relname, t.name),
    pg_get_indexdef(x.indexrelid) || CASE WHEN x.indisvalid THEN '' ELSE ' (invalid)' END
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN tables t ON t.oid = x.indrelid
WHERE NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = x.indexrelid)
UNION ALL SELECT 'trigger', format('%I on %s', g.tgname, t.name),
    pg_get_triggerdef(g.oid) || CASE g.tgenabled WHEN 'D' THEN ' (disabled)' ELSE '' END
FROM pg_trigger g JOIN tables t ON t.oid = g.tgrelid WHERE NOT g.tgisinternal
UNION ALL SELECT 'function', format('%I.%I(%s)', s.nspname, f.proname,
    pg_get_function_identity_arguments(f.oid)), pg_get_functiondef(f.oid)
FROM pg_proc f JOIN spaces s ON s.oid = f.pronamespace
WHERE f.prokind IN ('f', 'p') AND NOT EXISTS (
    SELECT FROM pg_depend d WHERE d.objid = f.oid AND d.deptype = 'e')
UNION ALL SELECT 'column', format('%s.%I', t.name, a.attname), concat_ws(' ',
    format_type(a.atttypid, a.atttypmod), 'default ' || pg_get_expr(d.adbin, d.adrelid))
FROM tables t JOIN pg_attribute a ON a.attrelid = t.oid
LEFT JOIN pg_attrdef d ON d.adrelid = t.oid AND d.adnum = a.attnum
WHERE t.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL SELECT 'setting', concat_ws(' ', split_part(c.value, '=', 1),
    'of role ' || quote_ident(r.rolname), 'of database ' || quote_ident(d.datname)),
    substr(c.value, strpos(c.value, '=') + 1)
FROM pg_db_role_setting s CROSS JOIN unnest(s.setconfig) c(value)
LEFT JOIN pg_roles r ON r.oid = s.setrole LEFT JOIN pg_database d ON d.oid = s.setdatabase
WHERE d.datname IS NULL OR d.datname = current_database()
UNION ALL SELECT 'setting', format('connection limit of role %I', rolname), rolconnlimit::text
FROM pg_roles WHERE rolname !~ '^pg_'
UNION ALL SELECT 'setting', format('login of role %I', rolname),
    CASE WHEN NOT rolcanlogin THEN 'off' WHEN rolvaliduntil <= now() THEN 'expired' ELSE 'on' END
FROM pg_roles WHERE rolname !~ '^pg_'
UNION ALL SELECT 'setting', format('connection limit of database %I', datname), datconnlimit::text
FROM pg_database WHERE datname = current_database()
"""
"""(kind, object, value) of everything that decides what a statement may do and how it is done."""

SETTINGS = """
SELECT 'setting', name, setting FROM (
    SELECT DISTINCT ON (name) name, setting FROM pg_file_settings
    WHERE error IS NULL ORDER BY name, seqno DESC) file
UNION ALL SELECT 'setting', name, current_setting(name) FROM pg_settings
WHERE source IN ('command line', 'environment variable')
"""
"""As the server's files have them: what `pg_settings` says is overlaid by the session's own."""

SESSIONS = """
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
"""
"""Who waits for whom (the one who holds what all wait for, not those that wait in between), and
who has how many connections."""


class DatabaseState(Inspecting):
    """A PostgreSQL database as its catalogues and sessions tell."""

    def __init__(self, dsn: str, service: str = "database") -> None:
        self.dsn = dsn
        self.service = service
        self.connection: psycopg.Connection | None = None

    def inventory(self) -> Inventory:
        """Its name: what it holds is read when it is looked at."""
        return Inventory(databases=[self.service])

    def inspect(self) -> Iterator[Reading]:
        """Its catalogues, settings and sessions, each within two seconds, else a gap."""
        yield self._reading("the catalogues of the database", CATALOGUES)
        yield self._reading("the settings of the database server", SETTINGS)
        yield self._reading("the sessions of the database", SESSIONS)

    def _reading(self, part: str, query: str) -> Reading:
        try:
            rows = self._connected().execute(query.encode()).fetchall()
        except psycopg.Error as error:
            if not isinstance(
                error, (psycopg.errors.QueryCanceled, psycopg.errors.LockNotAvailable)
            ):
                self.close()
            said = str(error).strip().split("\n")[0]
            return Reading(self.service, part, gap=f"the database could not be inspected: {said}")
        return Reading(self.service, part, facts_of(rows, self.dsn))

    def _connected(self) -> psycopg.Connection:
        if self.connection is None or self.connection.closed:
            self.connection = psycopg.connect(
                self.dsn,
                autocommit=True,
                connect_timeout=2,
                options=OPTIONS,
                application_name=APPLICATION,
            )
        return self.connection

    def close(self) -> None:
        """Give the connection back; the next look opens another."""
        if self.connection is not None:
            with suppress(psycopg.Error):
                self.connection.close()
            self.connection = None


def facts_of(rows: list[tuple], key: str) -> Facts:
    """Rows of the queries as facts; `key` as `kept` takes it."""
    found: Facts = {}
    for kind, thing, value in rows:
        if isinstance(thing, dict):  # of sessions, whose facts have several sides
            found[FactKind(kind), json.dumps(thing)] = json.dumps(value)
        else:
            name = thing if kind == FactKind.setting else ""
            found[FactKind(kind), thing] = kept(name, value or "", key)
    return found
