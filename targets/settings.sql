-- As the server's files have them: what pg_settings says is overlaid by the session's own.
SELECT 'setting', name, setting FROM (
    SELECT DISTINCT ON (name) name, setting FROM pg_file_settings
    WHERE error IS NULL ORDER BY name, seqno DESC) file
UNION ALL SELECT 'setting', name, current_setting(name) FROM pg_settings
WHERE source IN ('command line', 'environment variable')
