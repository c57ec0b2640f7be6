"""A third set, after faults that companies have published, written when the rest had been tuned."""

from warroom.tests.support.scenario_folder import Commit, Scenario
from warroom.tests.support.scenarios_code import NOISE
from warroom.tests.support.scenarios_held import errors_of

BACKTRACK = Scenario(
    "a pattern that backtracks",
    ("waf", "cpu_utilization", "waf CPU at 100 %"),
    [("edge", "waf")],
    errors_of("waf", "edge", cpu_utilization=(0.2, 1.0), requests_per_second=(900, 310)),
    [("edge", "ERROR", "502: waf did not answer in time")],
    [
        *NOISE,
        Commit(
            "beef0001beef",
            10,
            ["rules/xss.yaml"],
            "Catch one more XSS",
            "+  - pattern: '(?:(?:[\\s-]|~|!)*.*(?:.*=.*)+)'\n+    action: log\n",
            "waf",
            7,
        ),
        Commit(
            "cafe0001cafe",
            14,
            ["waf/report.lua"],
            "Report by country",
            "+  report.country = geo.country(ip)\n",
            "waf",
            9,
        ),
    ],
    "beef0001beef",
    ["cafe0001cafe"],
)
ROTATE = Scenario(
    "logs are no longer rotated",
    ("journal", "disk_used_ratio", "journal disk full"),
    [("audit", "journal")],
    errors_of("journal", "audit", disk_used_ratio=(0.5, 1.0)),
    [("journal", "ERROR", "write /var/log/journal/out.log: no space left on device")],
    [
        *NOISE,
        Commit(
            "beef0002beef",
            178,
            ["ansible/roles/journal/logrotate.conf"],
            "Drop obsolete file",
            "-  daily\n-  rotate 7\n-  compress\n",
            "journal",
            170,
        ),
        Commit(
            "cafe0002cafe",
            13,
            ["journal/http.py"],
            "Health checks are quicker",
            "-HEALTH_TIMEOUT = 5\n+HEALTH_TIMEOUT = 2\n",
            "journal",
            8,
        ),
    ],
    "beef0002beef",
    ["cafe0002cafe"],
)
FEATURES = Scenario(
    "a query returns every row twice",
    ("proxy", "http_5xx_ratio", "proxy 5xx"),
    [("edge", "proxy")],
    errors_of("proxy", "edge", http_5xx_ratio=(0.001, 0.8)),
    [
        (
            "proxy",
            "ERROR",
            "thread worker panicked: called Result::unwrap() on an Err value: feature file "
            "too large, limit of 200 features exceeded",
        )
    ],
    [
        *NOISE,
        Commit(
            "beef0003beef",
            25,
            ["features/export.sql"],
            "Prepare for shards",
            "-  WHERE database = 'default' AND table = 'features'\n+  WHERE table = 'features'\n",
            "proxy",
            9,
        ),
        Commit(
            "cafe0003cafe",
            12,
            ["proxy/src/cache.rs"],
            "Cache hit rate by tenant",
            "+    metrics.record(tenant, hit);\n",
            "proxy",
            8,
        ),
    ],
    "beef0003beef",
    ["cafe0003cafe"],
)
LOOPLAG = Scenario(
    "files are read while everybody waits",
    ("render", "nodejs_eventloop_lag_seconds", "render event loop lag"),
    [("web", "render")],
    errors_of(
        "render", "web", nodejs_eventloop_lag_seconds=(0.005, 3.1), latency_p99_ms=(60, 3900)
    ),
    [("render", "WARN", "event loop blocked for 2900 ms")],
    [
        *NOISE,
        Commit(
            "beef0004beef",
            40,
            ["src/templates.js"],
            "Simplify template loading",
            "-  const text = await fs.promises.readFile(file);\n+  const text = "
            "fs.readFileSync(file);\n",
            "render",
            12,
        ),
        Commit(
            "cafe0004cafe",
            15,
            ["src/footer.js"],
            "New year in the footer",
            "-  const year = 2025;\n+  const year = 2026;\n",
            "render",
            8,
        ),
    ],
    "beef0004beef",
    ["cafe0004cafe"],
)
CORS = Scenario(
    "an origin is no longer allowed",
    ("api", "http_403_ratio", "api answers 403"),
    [("api", "accounts")],
    {"api|http_403_ratio": (0.001, 0.7), "api|requests_per_second": (300, 280)},
    [("api", "WARN", "origin https://app.shop.example is not allowed by CORS policy: forbidden")],
    [
        *NOISE,
        Commit(
            "beef0005beef",
            50,
            ["api/config/security.yml"],
            "Tidy security settings",
            "-    allowed_origins: [https://app.shop.example, https://shop.example]\n+    "
            "allowed_origins: [https://shop.example]\n",
            "api",
            9,
        ),
        Commit(
            "cafe0005cafe",
            16,
            ["api/handlers/account.go"],
            "Use helper",
            "-	user := load(id)\n-	render(w, user)\n+	show(w, id)\n+}\n+func show(w "
            "http.ResponseWriter, id string) {\n+	user := load(id)\n+	render(w, user)\n",
            "api",
            8,
        ),
    ],
    "beef0005beef",
    ["cafe0005cafe"],
)
DOUBLE = Scenario(
    "payments are taken twice",
    ("charges", "duplicate_charges_per_minute", "charges are duplicated"),
    [("orders", "charges")],
    {"charges|duplicate_charges_per_minute": (0, 60), "orders|error_ratio": (0.001, 0.001)},
    [("charges", "ERROR", "duplicate charge for order 1881: already charged 3 s ago")],
    [
        *NOISE,
        Commit(
            "beef0006beef",
            75,
            ["charges/service.py"],
            "Less code in charge()",
            "-        key = idempotency_key(order)\n-        if self.seen(key):\n-         "
            "   return self.result(key)\n         return self.psp.charge(order)\n",
            "charges",
            30,
        ),
        Commit(
            "cafe0006cafe",
            14,
            ["charges/mail.py"],
            "Mail receipts later",
            "-    DELAY = 60\n+    DELAY = 90\n",
            "charges",
            8,
        ),
    ],
    "beef0006beef",
    ["cafe0006cafe"],
)
MESSAGE = Scenario(
    "pages grow beyond what a message may hold",
    ("listing", "rpc_error_ratio", "listing RPC errors"),
    [("web", "listing"), ("listing", "items")],
    errors_of("listing", "web", rpc_error_ratio=(0.001, 0.9)),
    [
        (
            "listing",
            "ERROR",
            "rpc error: code = ResourceExhausted desc = grpc: received message larger than "
            "max (5242880 vs. 4194304)",
        )
    ],
    [
        *NOISE,
        Commit(
            "beef0007beef",
            28,
            ["listing/items.go"],
            "Fewer round trips",
            "-	resp, err := c.items.List(ctx, &pb.ListRequest{PageSize: 100})\n+	resp, err "
            ":= c.items.List(ctx, &pb.ListRequest{PageSize: 5000})\n",
            "listing",
            9,
        ),
        Commit(
            "cafe0007cafe",
            11,
            ["listing/cache.go"],
            "Cache a little longer",
            "-	ttl := 30 * time.Second\n+	ttl := 40 * time.Second\n",
            "listing",
            7,
        ),
    ],
    "beef0007beef",
    ["cafe0007cafe"],
)
SINGLE = Scenario(
    "one thread does the work of many",
    ("export", "queue_depth", "export queue grows"),
    [("office", "export")],
    errors_of("export", "office", queue_depth=(3, 8000), executor_active_threads=(40, 1)),
    [("export", "WARN", "task rejected, executor queue is full")],
    [
        *NOISE,
        Commit(
            "beef0008beef",
            66,
            ["export/src/Pool.java"],
            "Keep the order of exports",
            "-        executor = Executors.newFixedThreadPool(64);\n+        executor = "
            "Executors.newSingleThreadExecutor();\n",
            "export",
            20,
        ),
        Commit(
            "cafe0008cafe",
            12,
            ["export/src/Csv.java"],
            "Semicolons",
            "-    static final char SEP = ',';\n+    static final char SEP = ';';\n",
            "export",
            8,
        ),
    ],
    "beef0008beef",
    ["cafe0008cafe"],
)
KEEPALIVE = Scenario(
    "the server hangs up before its balancer does",
    ("gateway", "http_502_ratio", "gateway 502"),
    [("gateway", "app")],
    {"gateway|http_502_ratio": (0.0, 0.08), "app|requests_per_second": (300, 290)},
    [
        (
            "gateway",
            "ERROR",
            "upstream prematurely closed connection while reading response header from app",
        )
    ],
    [
        *NOISE,
        Commit(
            "beef0009beef",
            90,
            ["app/server.js"],
            "Free sockets sooner",
            "-server.keepAliveTimeout = 65000;\n+server.keepAliveTimeout = 5000;\n",
            "app",
            60,
        ),
        Commit(
            "cafe0009cafe",
            10,
            ["gateway/pages/502.html"],
            "Nicer error page",
            "-<h1>Sorry</h1>\n+<h1>Sorry!</h1>\n",
            "gateway",
            8,
        ),
    ],
    "beef0009beef",
    ["cafe0009cafe"],
)
SCALE = Scenario(
    "the floor of replicas is lowered",
    ("match", "cpu_utilization", "match CPU"),
    [("game", "match")],
    errors_of("match", "game", cpu_utilization=(0.4, 0.99), requests_per_second=(400, 410)),
    [("match", "WARN", "request queued, all workers busy")],
    [
        *NOISE,
        Commit(
            "beef0010beef",
            120,
            ["k8s/match/hpa.yaml"],
            "Save money at night",
            "-  minReplicas: 12\n+  minReplicas: 3\n",
            "match",
            100,
        ),
        Commit(
            "cafe0010cafe",
            12,
            ["match/src/elo.rs"],
            "Explain the rating",
            "-    let k = 32.0;\n+    let k_factor = 32.0;\n",
            "match",
            8,
        ),
    ],
    "beef0010beef",
    ["cafe0010cafe"],
)
STORAGE = Scenario(
    "a cloud's object store is overloaded",
    ("photos", "error_ratio", "photos errors"),
    [("app", "photos")],
    errors_of("photos", "app"),
    [("photos", "ERROR", "PUT https://s3.eu-west-9.objects.example/bucket/1 failed: 503 SlowDown")],
    [
        *NOISE,
        Commit(
            "cafe0011cafe",
            14,
            ["photos/names.go"],
            "Hash names",
            "-	name := id\n+	name := hash(id)\n",
            "photos",
            8,
        ),
    ],
    "none",
    ["cafe0011cafe"],
)
DRIFT = Scenario(
    "a node's clock drifts",
    ("tickets", "http_401_ratio", "tickets 401"),
    [("web", "tickets")],
    errors_of("tickets", "web", http_401_ratio=(0.001, 0.3), node_timex_offset_seconds=(0.001, 14)),
    [
        (
            "tickets",
            "WARN",
            "token is not yet valid: node clock is 14 s behind, NTP not synchronised",
        )
    ],
    [
        *NOISE,
        Commit(
            "cafe0012cafe",
            14,
            ["tickets/print.py"],
            "Bigger bar code",
            "-SCALE = 2\n+SCALE = 3\n",
            "tickets",
            8,
        ),
    ],
    "none",
    ["cafe0012cafe"],
)
GROWTH = Scenario(
    "a table has grown",
    ("history", "db_query_duration_p99_ms", "history queries slow"),
    [("web", "history"), ("history", "history-postgres")],
    errors_of("history", "web", db_query_duration_p99_ms=(40, 9000)),
    [
        (
            "history",
            "WARN",
            "slow query (9012 ms): SELECT * FROM events WHERE account = $1; rows examined 90211833",
        )
    ],
    [
        *NOISE,
        Commit(
            "cafe0013cafe",
            14,
            ["history/view.py"],
            "Show the year",
            '-    return day.strftime("%d %b")\n+    return day.strftime("%d %b %Y")\n',
            "history",
            8,
        ),
    ],
    "none",
    ["cafe0013cafe"],
)
NODE = Scenario(
    "a node goes away",
    ("feeds", "error_ratio", "feeds errors"),
    [("web", "feeds")],
    errors_of("feeds", "web", available_replicas=(6, 3)),
    [("feeds", "ERROR", "NodeNotReady: kubelet stopped posting node status; pods evicted")],
    [
        *NOISE,
        Commit(
            "cafe0014cafe",
            14,
            ["feeds/rss.go"],
            "Titles without blanks",
            "-	t := item.Title\n+	t := strings.TrimSpace(item.Title)\n",
            "feeds",
            8,
        ),
    ],
    "none",
    ["cafe0014cafe"],
)

FRESH = (
    *(BACKTRACK, ROTATE, FEATURES, LOOPLAG, CORS, DOUBLE, MESSAGE, SINGLE, KEEPALIVE, SCALE),
    *(STORAGE, DRIFT, GROWTH, NODE),
)
