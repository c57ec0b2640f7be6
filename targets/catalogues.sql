-- (kind, object, value) of everything that decides what a statement may do and how it is done.
WITH spaces AS (
    SELECT oid, nspname, nspacl, nspowner FROM pg_namespace
    WHERE nspname NOT IN ('pg_catalog', 'information_schema', 'warroom')
      AND nspname !~ '^pg_(toast|temp)'
),
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
    UNION ALL SELECT format('schema %I', nspname), coalesce(nspacl, acldefault('n', nspowner))
    FROM spaces
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
