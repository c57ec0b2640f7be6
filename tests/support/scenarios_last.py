"""A fourth set, written when all was tuned: four of its ten were right at first and nobody innocent
was named, which is what strangers' cases may fare like. Some have been learned from since.
"""

from warroom.tests.support.scenario_folder import Commit, Scenario
from warroom.tests.support.scenarios_code import NOISE
from warroom.tests.support.scenarios_held import errors_of


def case(
    name: str,
    service: str,
    caller: str,
    log: str,
    guilty: Commit | None,
    innocent: Commit,
    **moved: tuple[float, float],
) -> Scenario:
    """One service that fails, who calls it, one log line, one guilty and one innocent commit."""
    commits = [*NOISE, *([guilty] if guilty else []), innocent]
    culprit = guilty.sha if guilty else "none"
    edges, metrics = [(caller, service)], errors_of(service, caller, **moved)
    alert = (service, "error_ratio", f"{service} errors")
    lines = [(service, "ERROR", log)]
    return Scenario(name, alert, edges, metrics, lines, commits, culprit, [innocent.sha])


def commit(sha: str, minutes: float, file: str, diff: str, to: str) -> Commit:
    """One commit to one file, deployed a minute later."""
    return Commit(sha, minutes, [file], "Update", diff, to)


PROTO = case(
    "a field gets another number",
    "tracker",
    "fleet",
    "proto: cannot parse invalid wire-format data: wrong wireType = 2 for field speed",
    commit(
        "feed0001feed",
        40,
        "proto/position.proto",
        "-  double speed = 3;\n+  double speed = 5;\n",
        "fleet",
    ),
    commit("food0001food", 9, "tracker/map.go", "-	zoom := 3\n+	zoom := 4\n", "tracker"),
)
ROUTE = case(
    "a route is served under another path",
    "front",
    "client",
    "404 Not Found: no route matches /api/v1/basket",
    commit(
        "feed0002feed",
        50,
        "nginx/site.conf",
        "-  location /api/v1/ {\n+  location /api/v2/ {\n",
        "front",
    ),
    commit("food0002food", 10, "front/logo.js", "-const SIZE = 32;\n+const SIZE = 48;\n", "front"),
)
WORKERS = case(
    "workers wait where they used to switch",
    "quotes",
    "broker",
    "request waited 21 s for a worker; backlog is 2048",
    commit(
        "feed0003feed",
        90,
        "quotes/gunicorn.conf.py",
        '-worker_class = "gevent"\n+worker_class = "sync"\n',
        "quotes",
    ),
    commit(
        "food0003food", 9, "quotes/text.py", '-    return "n/a"\n+    return "none"\n', "quotes"
    ),
)
MOUNT = case(
    "a file is no longer mounted",
    "rules",
    "risk",
    "open /etc/rules/limits.json: no such file or directory",
    commit(
        "feed0004feed",
        20,
        "k8s/rules/deployment.yaml",
        "-        volumeMounts:\n-        - name: limits\n-          mountPath: /etc/rules\n",
        "rules",
    ),
    commit("food0004food", 9, "rules/score.py", "-    weight = 3\n+    weight = 4\n", "rules"),
)
GRANT = case(
    "a permission is taken out of a policy",
    "upload",
    "studio",
    "AccessDenied: not authorized to perform s3:PutObject on resource uploads",
    commit(
        "feed0005feed",
        70,
        "iam/upload.json",
        '-    "s3:PutObject",\n     "s3:GetObject"\n',
        "upload",
    ),
    commit(
        "food0005food", 10, "upload/name.rb", "-  name.downcase\n+  name.downcase.strip\n", "upload"
    ),
)
SKIP = case(
    "workers wait for the same row",
    "dispatch",
    "courier",
    "worker waited 30 s for lock on tuple (4,7) of relation jobs",
    commit(
        "feed0006feed",
        100,
        "dispatch/jobs.sql",
        "-SELECT id FROM jobs LIMIT 1 FOR UPDATE SKIP LOCKED\n"
        "+SELECT id FROM jobs LIMIT 1 FOR UPDATE\n",
        "dispatch",
    ),
    commit("food0006food", 10, "dispatch/eta.py", "-    speed = 30\n+    speed = 28\n", "dispatch"),
)
PREFIX = case(
    "every key of the cache is new",
    "profile",
    "social",
    "cache miss for profile, loading from the database",
    commit(
        "feed0007feed",
        12,
        "profile/cache.py",
        '-    key = f"v1:{user}"\n+    key = f"v2:{user}"\n',
        "profile",
    ),
    commit("food0007food", 9, "profile/age.py", "-    return 18\n+    return 16\n", "profile"),
    cache_hit_ratio=(0.95, 0.02),
)
FLOOR = case(
    "sums are cut instead of rounded",
    "invoice",
    "billing",
    "invoice total mismatch: lines add up to 99.99, total is 99",
    commit(
        "feed0008feed",
        45,
        "lib/money.js",
        "-  return Math.round(sum * 100) / 100;\n+  return Math.floor(sum);\n",
        "invoice",
    ),
    commit("food0008food", 10, "invoice/pdf.js", "-  margin = 20;\n+  margin = 24;\n", "invoice"),
)
SHUTDOWN = case(
    "the database's host is maintained",
    "loans",
    "bank",
    "terminating connection due to administrator command; the database system is shutting down",
    None,
    commit("food0009food", 10, "loans/rate.py", "-    RATE = 3.1\n+    RATE = 3.2\n", "loans"),
)
BOTS = case(
    "bots read everything",
    "fares",
    "site",
    "too many requests are in flight, shedding load",
    None,
    commit("food0010food", 10, "fares/table.py", "-    columns = 3\n+    columns = 4\n", "fares"),
    requests_per_second=(100, 1500),
)

LAST = (PROTO, ROUTE, WORKERS, MOUNT, GRANT, SKIP, PREFIX, FLOOR, SHUTDOWN, BOTS)
