"""Incidents written after the mechanisms were, to see whether these hold for what nobody had in
mind: other languages and products, and decoys that do some harm of another kind.
"""

from warroom.tests.support.scenario_folder import Commit, Scenario
from warroom.tests.support.scenarios_code import NOISE


def errors_of(
    service: str, caller: str, **moved: tuple[float, float]
) -> dict[str, tuple[float, float]]:
    """The service's error ratio and what else moved; its caller suffers a little."""
    own = {f"{service}|{name}": pair for name, pair in moved.items()}
    return {f"{service}|error_ratio": (0.002, 0.4), f"{caller}|error_ratio": (0.002, 0.1)} | own


ELIXIR = Scenario(
    "a process call is given a tenth of its time",
    ("presence", "error_ratio", "presence errors"),
    [("chat", "presence")],
    errors_of("presence", "chat"),
    [
        (
            "presence",
            "ERROR",
            "** (exit) exited in: GenServer.call(Presence.Store, {:list, 42}, 500) ** "
            "(EXIT) time out",
        )
    ],
    [
        *NOISE,
        Commit(
            "fade0001fade",
            80,
            ["lib/presence/store.ex"],
            "Shorten call",
            "-    GenServer.call(__MODULE__, {:list, room}, 5_000)\n+    "
            "GenServer.call(__MODULE__, {:list, room}, 500)\n",
            "presence",
            60,
        ),
        Commit(
            "dead0001dead",
            12,
            ["lib/presence/repo.ex"],
            "Smaller pool for the replica",
            "-  pool_size: 10,\n+  pool_size: 8,\n",
            "presence",
            8,
        ),
    ],
    "fade0001fade",
    ["dead0001dead"],
)
RAILS = Scenario(
    "associations are no longer loaded ahead",
    ("stories", "sql_queries_per_request", "stories slow"),
    [("reader", "stories"), ("stories", "stories-postgres")],
    errors_of("stories", "reader", sql_queries_per_request=(4, 130), latency_p95_ms=(90, 2200)),
    [
        (
            "stories",
            "WARN",
            "slow request GET /stories took 2100 ms, 130 queries: SELECT authors.* FROM "
            "authors WHERE authors.id = $1",
        )
    ],
    [
        *NOISE,
        Commit(
            "fade0002fade",
            55,
            ["app/controllers/stories_controller.rb"],
            "Leaner index action",
            "-    @stories = Story.published.includes(:author, :tags).limit(60)\n+    "
            "@stories = Story.published.limit(60)\n",
            "stories",
            20,
        ),
        Commit(
            "dead0002dead",
            11,
            ["config/sidekiq.yml"],
            "A few more workers",
            "-:concurrency: 10\n+:concurrency: 12\n",
            "stories",
            8,
        ),
    ],
    "fade0002fade",
    ["dead0002dead"],
)
PROBE = Scenario(
    "a probe is less patient than the program's start",
    ("indexer", "kube_pod_container_restarts", "indexer restarts"),
    [("search-web", "indexer")],
    errors_of("indexer", "search-web", kube_pod_container_restarts=(0, 9)),
    [
        (
            "indexer",
            "ERROR",
            "Liveness probe failed: Get http://10.2.1.7:8080/healthz: context deadline "
            "exceeded; container will be restarted",
        )
    ],
    [
        *NOISE,
        Commit(
            "fade0003fade",
            30,
            ["k8s/indexer/deployment.yaml"],
            "Align probes",
            "         livenessProbe:\n-          timeoutSeconds: 10\n+          "
            "timeoutSeconds: 1\n",
            "indexer",
            12,
        ),
        Commit(
            "dead0003dead",
            15,
            ["k8s/indexer/service.yaml"],
            "Label the service",
            "+    team: search\n",
            "indexer",
            8,
        ),
    ],
    "fade0003fade",
    ["dead0003dead"],
)
KAFKA = Scenario(
    "one poll brings more than can be worked off",
    ("enrichment", "consumer_lag", "enrichment lag"),
    [("events", "enrichment")],
    errors_of("enrichment", "events", consumer_lag=(30, 90000)),
    [
        (
            "enrichment",
            "WARN",
            "consumer poll timeout has expired: time between polls was longer than "
            "max.poll.interval.ms; leaving group, processing batch of 5000 records",
        )
    ],
    [
        *NOISE,
        Commit(
            "fade0004fade",
            100,
            ["src/main/resources/application.properties"],
            "Fewer round trips",
            "-spring.kafka.consumer.max-poll-records=200\n"
            "+spring.kafka.consumer.max-poll-records=5000\n",
            "enrichment",
            90,
        ),
        Commit(
            "dead0004dead",
            14,
            ["src/main/java/Enricher.java"],
            "Simplify null handling",
            "-        if (event.country() == null) { return event; }\n+        "
            "Objects.requireNonNull(event.country());\n",
            "enrichment",
            8,
        ),
    ],
    "fade0004fade",
    ["dead0004dead"],
)
EVICTION = Scenario(
    "a full cache refuses instead of evicting",
    ("basket", "error_ratio", "basket errors"),
    [("store", "basket"), ("basket", "redis-basket")],
    errors_of("basket", "store"),
    [("basket", "ERROR", "OOM command not allowed when used memory > 'maxmemory'.")],
    [
        *NOISE,
        Commit(
            "fade0005fade",
            160,
            ["redis/redis.conf"],
            "Never lose a basket",
            "-maxmemory-policy allkeys-lru\n+maxmemory-policy noeviction\n",
            "redis-basket",
            150,
        ),
        Commit(
            "dead0005dead",
            13,
            ["basket/session.py"],
            "Baskets are kept longer",
            "-BASKET_DAYS = 30\n+BASKET_DAYS = 31\n",
            "basket",
            8,
        ),
    ],
    "fade0005fade",
    ["dead0005dead"],
)
SOCKETS = Scenario(
    "a client is made for every request",
    ("quotes", "error_ratio", "quotes errors"),
    [("portal", "quotes"), ("quotes", "rates")],
    errors_of("quotes", "portal", tcp_time_wait_sockets=(200, 28000)),
    [
        (
            "quotes",
            "ERROR",
            "SocketException: Only one usage of each socket address is normally permitted, "
            "ports exhausted",
        )
    ],
    [
        *NOISE,
        Commit(
            "fade0006fade",
            140,
            ["Quotes/RatesClient.cs"],
            "Drop the static client",
            "-    private static readonly HttpClient Client = new HttpClient();\n     "
            "public async Task<Rate> Get(string pair)\n     {\n-        return await "
            "Client.GetFromJsonAsync<Rate>(Url(pair));\n+        var client = new "
            "HttpClient();\n+        return await "
            "client.GetFromJsonAsync<Rate>(Url(pair));\n",
            "quotes",
            120,
        ),
        Commit(
            "dead0006dead",
            12,
            ["Quotes/Startup.cs"],
            "Turn on response compression",
            "+        services.AddResponseCompression();\n",
            "quotes",
            8,
        ),
    ],
    "fade0006fade",
    ["dead0006dead"],
)
FIREWALL = Scenario(
    "a firewall rule goes away",
    ("reports", "error_ratio", "reports errors"),
    [("office", "reports"), ("reports", "warehouse-sql")],
    errors_of("reports", "office"),
    [("reports", "ERROR", "could not connect to warehouse-sql port 5439: connection timed out")],
    [
        *NOISE,
        Commit(
            "fade0007fade",
            25,
            ["terraform/network/security_groups.tf"],
            "Remove unused rules",
            "-  ingress {\n-    from_port = 5439\n-    to_port   = 5439\n-    protocol  = "
            '"tcp"\n-  }\n',
            "reports",
            9,
        ),
        Commit(
            "dead0007dead",
            14,
            ["reports/export.py"],
            "Exports are sorted",
            "-    return rows\n+    return sorted(rows)\n",
            "reports",
            8,
        ),
    ],
    "fade0007fade",
    ["dead0007dead"],
)
AUDIENCE = Scenario(
    "another audience is asked for",
    ("files", "http_401_ratio", "files 401"),
    [("drive", "files")],
    errors_of("files", "drive", http_401_ratio=(0.002, 0.98)),
    [("files", "WARN", "token rejected: invalid audience, expected files-api got files")],
    [
        *NOISE,
        Commit(
            "fade0008fade",
            35,
            ["files/config/auth.yaml"],
            "Consistent names",
            "-  audience: files\n+  audience: files-api\n",
            "files",
            9,
        ),
        Commit(
            "dead0008dead",
            13,
            ["files/src/auth/middleware.ts"],
            "Split auth middleware",
            "-  const token = header.slice(7);\n-  verify(token, options);\n+  "
            "verifyHeader(header);\n+}\n+function verifyHeader(header: string) {\n+  const "
            "token = header.slice(7);\n+  verify(token, options);\n",
            "files",
            8,
        ),
    ],
    "fade0008fade",
    ["dead0008dead"],
)
GOROUTINES = Scenario(
    "workers outlive their requests",
    ("stream", "go_goroutines", "stream goroutines"),
    [("player", "stream")],
    errors_of(
        "stream", "player", go_goroutines=(300, 190000), process_resident_memory_ratio=(0.3, 0.97)
    ),
    [("stream", "ERROR", "runtime: out of memory: cannot allocate 4194304-byte block")],
    [
        *NOISE,
        Commit(
            "fade0009fade",
            178,
            ["stream/fan.go"],
            "Simplify the fan-out loop",
            "@@ func (f *Fan) run(ctx context.Context) {\n 	for {\n 		select {\n-		case "
            "<-ctx.Done():\n-			return\n 		case m := <-in:\n 			send(m)\n",
            "stream",
            170,
        ),
        Commit(
            "dead0009dead",
            12,
            ["stream/debug.go"],
            "Profile on demand",
            '+	mux.HandleFunc("/debug/pprof/", pprof.Index)\n',
            "stream",
            8,
        ),
    ],
    "fade0009fade",
    ["dead0009dead"],
)
CHARSET = Scenario(
    "a file is written in another charset",
    ("labels", "error_ratio", "labels fails to read the export"),
    [("warehouse", "labels")],
    errors_of("labels", "warehouse"),
    [
        (
            "labels",
            "ERROR",
            "MalformedInputException: Input length = 1, cannot decode export.csv as UTF-8",
        )
    ],
    [
        *NOISE,
        Commit(
            "fade0010fade",
            45,
            ["warehouse/export/CsvWriter.java"],
            "Excel opens it now",
            "-        new OutputStreamWriter(out, StandardCharsets.UTF_8)\n+        new "
            "OutputStreamWriter(out, StandardCharsets.UTF_16)\n",
            "warehouse",
            15,
        ),
        Commit(
            "dead0010dead",
            11,
            ["labels/src/Printer.java"],
            "Print two copies",
            "-    private static final int COPIES = 1;\n+    private static final int "
            "COPIES = 2;\n",
            "labels",
            8,
        ),
    ],
    "fade0010fade",
    ["dead0010dead"],
)
MIGRATION = Scenario(
    "a migration holds a lock",
    ("bookings", "error_ratio", "bookings errors"),
    [("travel", "bookings"), ("bookings", "bookings-postgres")],
    errors_of("bookings", "travel") | {"bookings-postgres|locks_waiting": (0, 140)},
    [("bookings", "ERROR", 'canceling statement due to lock timeout: relation "bookings"')],
    [
        *NOISE,
        Commit(
            "fade0011fade",
            10,
            ["db/migrate/20260101_add_note.rb"],
            "Add a note to bookings",
            '+    add_column :bookings, :note, :text, default: "", null: false\n+    '
            'execute "ALTER TABLE bookings ALTER COLUMN note SET NOT NULL"\n',
            "bookings",
            7,
        ),
        Commit(
            "dead0011dead",
            20,
            ["config/database.yml"],
            "More connections",
            "-  pool: 10\n+  pool: 20\n",
            "bookings",
            9,
        ),
    ],
    "fade0011fade",
    ["dead0011dead"],
)
PAGES = Scenario(
    "a loop over pages no longer ends",
    ("sync", "cpu_utilization", "sync CPU"),
    [("sync", "crm")],
    {
        "sync|cpu_utilization": (0.2, 1.0),
        "crm|requests_per_second": (12, 900),
        "sync|synced_per_minute": (80, 0),
    },
    [("sync", "WARN", "fetched page 48211 of contacts, 0 items")],
    [
        *NOISE,
        Commit(
            "fade0012fade",
            26,
            ["sync/contacts.py"],
            "Simplify paging",
            "     while True:\n         items = crm.contacts(page=page)\n-        if not "
            "items:\n-            break\n         store(items)\n         page += 1\n",
            "sync",
            9,
        ),
        Commit(
            "dead0012dead",
            14,
            ["sync/store.py"],
            "Store in larger batches",
            "-BATCH = 100\n+BATCH = 120\n",
            "sync",
            8,
        ),
    ],
    "fade0012fade",
    ["dead0012dead"],
)
ZONE = Scenario(
    "a zone of the network loses packets",
    ("ledger", "error_ratio", "ledger errors"),
    [("bank", "ledger"), ("ledger", "ledger-postgres")],
    errors_of("ledger", "bank", tcp_retransmits_per_second=(0.2, 500)),
    [
        ("ledger", "ERROR", "read tcp 10.1.4.2:5432: no route to host"),
        ("bank", "WARN", "ledger: connection reset by peer"),
    ],
    [
        *NOISE,
        Commit(
            "dead0013dead",
            15,
            ["ledger/booking.go"],
            "Name the result",
            "-	return s.post(ctx, b)\n+	entry, err := s.post(ctx, b)\n+	return entry, err\n",
            "ledger",
            8,
        ),
    ],
    "none",
    ["dead0013dead"],
)
QUOTA = Scenario(
    "the plan of a provider is used up",
    ("translate", "error_ratio", "translate errors"),
    [("editor", "translate")],
    errors_of("translate", "editor"),
    [
        (
            "translate",
            "ERROR",
            "POST https://api.lingua.example/v3/translate returned 429: monthly quota exceeded",
        )
    ],
    [
        *NOISE,
        Commit(
            "dead0014dead",
            16,
            ["translate/cache.py"],
            "Translations stay a little longer",
            "-CACHE_TTL_HOURS = 24\n+CACHE_TTL_HOURS = 30\n",
            "translate",
            8,
        ),
    ],
    "none",
    ["dead0014dead"],
)
FEED = Scenario(
    "a partner delivers a broken file",
    ("prices", "import_error_ratio", "prices import fails"),
    [("prices", "prices-sql")],
    {"prices|import_error_ratio": (0.001, 1.0), "prices|imported_per_minute": (900, 0)},
    [
        (
            "prices",
            "ERROR",
            "invalid record in feed from supplier 17: price is negative (-3.00), row "
            "88121; import will retry",
        )
    ],
    [
        *NOISE,
        Commit(
            "dead0015dead",
            17,
            ["prices/import.go"],
            "Split the importer",
            "-	for _, r := range records {\n-		check(r)\n-		save(r)\n-	}\n"
            "+	importAll(records)\n+}\n+\n+func importAll(records []Record) {\n+	for _, r "
            ":= range records {\n+		check(r)\n+		save(r)\n+	}\n",
            "prices",
            8,
        ),
        Commit(
            "dead0115dead",
            15,
            ["prices/http.go"],
            "Shorter timeout for health checks",
            "-	healthTimeout := 5 * time.Second\n+	healthTimeout := 2 * time.Second\n",
            "prices",
            7,
        ),
    ],
    "none",
    ["dead0015dead", "dead0115dead"],
)
CROWD = Scenario(
    "a programme on television names the shop",
    ("storefront", "latency_p95_ms", "storefront slow"),
    [("storefront", "articles")],
    {
        "storefront|http_requests_rate": (80, 900),
        "storefront|latency_p95_ms": (110, 4100),
        "storefront|threads_busy_ratio": (0.2, 1.0),
        "articles|http_requests_rate": (75, 820),
    },
    [("storefront", "WARN", "all worker threads are busy, 412 requests are waiting")],
    [
        *NOISE,
        Commit(
            "dead0016dead",
            18,
            ["storefront/config.yaml"],
            "Answer slow clients sooner",
            "-  idle_timeout: 60s\n+  idle_timeout: 45s\n",
            "storefront",
            8,
        ),
    ],
    "none",
    ["dead0016dead"],
)

HELD = (
    *(ELIXIR, RAILS, PROBE, KAFKA, EVICTION, SOCKETS, FIREWALL, AUDIENCE, GOROUTINES, CHARSET),
    *(MIGRATION, PAGES, ZONE, QUOTA, FEED, CROWD),
)
