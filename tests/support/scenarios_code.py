"""Incidents that a commit caused: sixteen mechanisms, each with an innocent commit near the onset.

Written before the mechanisms were; the systems, languages and words are not those of any case set.
"""

from warroom.tests.support.scenario_folder import Commit, Scenario

NOISE = (
    Commit("aaaa0001aaaa", 170, ["README.md"], "docs: how to run it", "-run it\n+run it twice"),
    Commit("aaaa0002aaaa", 150, ["go.sum"], "chore: tidy sums"),
    Commit("aaaa0003aaaa", 90, ["ci/build.yml"], "ci: cache", "+      - cache: true"),
)

POOL = Scenario(
    "pool shrunk, felt under load",
    ("billing", "request_latency_p99_ms", "billing p99 latency above 900 ms"),
    [("web", "billing"), ("billing", "ledger")],
    {
        "billing|request_latency_p99_ms": (180, 2900),
        "billing|hikaricp_pending_threads": (0.2, 64),
        "billing|requests_per_second": (120, 150),
        "ledger|request_latency_p99_ms": (40, 42),
        "web|error_ratio": (0.001, 0.2),
    },
    [
        ("billing", "ERROR", "Connection is not available, request timed out after 30000ms."),
        ("web", "WARN", "billing answered 503"),
    ],
    [
        *NOISE,
        Commit(
            "c0ffee01c0ff",
            170,
            ["charts/billing/values.yaml"],
            "chore: align datasource defaults",
            "@@ -10,3 +10,3 @@\n datasource:\n   hikari:\n-    maximumPoolSize: 40\n+    "
            "maximumPoolSize: 4\n",
            "billing",
            160,
        ),
        Commit(
            "dec0y001dec0",
            12,
            ["billing/src/main/java/InvoiceController.java"],
            "refactor: invoice controller",
            '-        log.info("invoice " + id);\n+        log.info("invoice {}", id);\n',
            "billing",
            9,
        ),
    ],
    "c0ffee01c0ff",
    ["dec0y001dec0"],
)

CACHE = Scenario(
    "cache entries live a hundredth of the time",
    ("catalog", "latency_p95_ms", "catalog latency p95 above 500 ms"),
    [("shop", "catalog"), ("catalog", "products-postgres")],
    {
        "catalog|latency_p95_ms": (45, 800),
        "catalog|cache_hit_ratio": (0.96, 0.21),
        "products-postgres|queries_per_second": (80, 1500),
        "shop|latency_p95_ms": (90, 900),
        "shop|requests_per_second": (400, 405),
    },
    [("catalog", "WARN", "slow lookup: cache miss for product, falling back to database")],
    [
        *NOISE,
        Commit(
            "c0ffee02c0ff",
            60,
            ["catalog/settings.py"],
            "Tidy settings",
            "@@ -1,4 +1,4 @@\n DEBUG = False\n-PRODUCT_CACHE_TTL_SECONDS = 3600\n"
            "+PRODUCT_CACHE_TTL_SECONDS = 36\n",
            "catalog",
            30,
        ),
        Commit(
            "dec0y002dec0",
            11,
            ["catalog/metrics.py"],
            "Count cache hits by region",
            '+CACHE_HITS = Counter("cache_hits_total", "cache hits", ["region"])\n',
            "catalog",
            8,
        ),
    ],
    "c0ffee02c0ff",
    ["dec0y002dec0"],
)

INDEX = Scenario(
    "an index is dropped by a migration",
    ("orders", "db_query_duration_p99_ms", "orders query time p99 above 1 s"),
    [("api", "orders"), ("orders", "orders-mysql")],
    {
        "orders|db_query_duration_p99_ms": (12, 4200),
        "orders-mysql|cpu_percent": (22, 97),
        "orders-mysql|rows_examined_per_second": (900, 2600000),
        "api|error_ratio": (0.002, 0.31),
    },
    [
        ("orders", "WARN", "slow query (4188 ms): SELECT * FROM orders WHERE customer_id = ?"),
        ("api", "ERROR", "orders did not answer within 3000 ms"),
    ],
    [
        *NOISE,
        Commit(
            "c0ffee03c0ff",
            40,
            ["migrations/0042_cleanup.sql"],
            "Clean up unused objects",
            "+DROP INDEX idx_orders_customer_id ON orders;\n+DROP TABLE orders_tmp;\n",
            "orders",
            20,
        ),
        Commit(
            "dec0y003dec0",
            15,
            ["orders/repository.rb"],
            "Refactor order repository",
            "-    rows = Order.where(customer_id: id)\n-    rows.to_a\n+    orders_of(id)\n"
            "+  end\n+\n+  def orders_of(id)\n+    rows = Order.where(customer_id: id)\n+  "
            "  rows.to_a\n",
            "orders",
            8,
        ),
    ],
    "c0ffee03c0ff",
    ["dec0y003dec0"],
)

LEAK = Scenario(
    "a bounded cache loses its bound",
    ("ranker", "container_memory_working_set_ratio", "ranker memory above 95 % of its limit"),
    [("feed", "ranker")],
    {
        "ranker|container_memory_working_set_ratio": (0.45, 0.99),
        "ranker|container_restarts": (0, 4),
        "feed|error_ratio": (0.001, 0.2),
    },
    [
        ("ranker", "ERROR", "container killed: OOMKilled, exit code 137"),
        ("feed", "WARN", "ranker: connection refused"),
    ],
    [
        *NOISE,
        Commit(
            "c0ffee04c0ff",
            175,
            ["ranker/features.py"],
            "Simplify feature lookup",
            "@@ def features(user_id)\n-@lru_cache(maxsize=10_000)\n+@lru_cache(maxsize=None)\n",
            "ranker",
            160,
        ),
        Commit(
            "dec0y004dec0",
            14,
            ["ranker/app.py"],
            "Give the ranker a readiness probe",
            '+@app.get("/ready")\n+def ready():\n+    return {"ready": True}\n',
            "ranker",
            10,
        ),
        Commit(
            "dec0y014dec0",
            30,
            ["charts/feed/values.yaml"],
            "More memory for feed",
            "-    memory: 512Mi\n+    memory: 768Mi\n",
            "feed",
            25,
        ),
    ],
    "c0ffee04c0ff",
    ["dec0y004dec0", "dec0y014dec0"],
)

FORMAT = Scenario(
    "the producer writes dates in another format",
    ("invoicing", "consumer_errors_per_minute", "invoicing fails to read order events"),
    [("orders", "event-bus"), ("event-bus", "invoicing")],
    {
        "invoicing|consumer_errors_per_minute": (0.1, 180),
        "invoicing|invoices_per_minute": (200, 3),
        "event-bus|consumer_lag": (10, 9000),
        "orders|error_ratio": (0.001, 0.001),
    },
    [
        (
            "invoicing",
            "ERROR",
            'cannot deserialize OrderPlaced: Unparseable date: "24/06/2026" (field placedAt)',
        ),
        ("event-bus", "WARN", "consumer group invoicing is lagging"),
    ],
    [
        *NOISE,
        Commit(
            "c0ffee05c0ff",
            35,
            ["libs/events/src/OrderPlacedSerializer.java"],
            "Polish event serializer",
            '-    private static final String FORMAT = "yyyy-MM-dd";\n'
            '+    private static final String FORMAT = "dd/MM/yyyy";\n'
            '     gen.writeStringField("placedAt", format(order.placedAt()));\n',
            "orders",
            9,
        ),
        Commit(
            "dec0y005dec0",
            10,
            ["invoicing/src/OrderPlacedListener.java"],
            "Rename a local variable",
            "-    OrderPlaced e = mapper.readValue(body);\n-    handle(e);\n"
            "+    OrderPlaced event = mapper.readValue(body);\n+    handle(event);\n",
            "invoicing",
            7,
        ),
    ],
    "c0ffee05c0ff",
    ["dec0y005dec0"],
)

SECRET = Scenario(
    "an environment variable is renamed, the program still reads the old name",
    ("profile", "http_5xx_ratio", "profile 5xx above 5 %"),
    [("web", "profile"), ("profile", "users-mongo")],
    {
        "profile|http_5xx_ratio": (0.001, 0.97),
        "profile|requests_per_second": (90, 91),
        "web|http_5xx_ratio": (0.001, 0.3),
    },
    [("profile", "ERROR", "KeyError: 'MONGO_PASSWORD' while connecting to users-mongo")],
    [
        *NOISE,
        Commit(
            "c0ffee06c0ff",
            18,
            ["deploy/profile/deployment.yaml"],
            "Harmonise names of secrets",
            "         env:\n-        - name: MONGO_PASSWORD\n+        - name: "
            "USERS_MONGO_PASSWORD\n"
            "           valueFrom:\n",
            "profile",
            9,
        ),
        Commit(
            "dec0y006dec0",
            16,
            ["profile/avatar.py"],
            "Avatars up to 2 MB",
            "-MAX_AVATAR_BYTES = 1_000_000\n+MAX_AVATAR_BYTES = 2_000_000\n",
            "profile",
            7,
        ),
    ],
    "c0ffee06c0ff",
    ["dec0y006dec0"],
)

RETRY = Scenario(
    "retries without backoff storm a callee",
    ("inventory", "cpu_utilization", "inventory CPU above 95 %"),
    [("web", "basket"), ("basket", "inventory")],
    {
        "inventory|cpu_utilization": (0.35, 0.99),
        "inventory|requests_per_second": (200, 1900),
        "basket|client_retries_per_second": (0.5, 1700),
        "basket|error_ratio": (0.002, 0.4),
        "web|requests_per_second": (180, 182),
    },
    [
        ("basket", "WARN", "retrying call to inventory (attempt 9)"),
        ("inventory", "ERROR", "overloaded: request rejected"),
    ],
    [
        *NOISE,
        Commit(
            "c0ffee07c0ff",
            120,
            ["basket/src/clients/http.ts"],
            "Make client more robust",
            "-const RETRIES = 2;\n+const RETRIES = 10;\n"
            "-    await sleep(backoffMs * 2 ** attempt);\n",
            "basket",
            100,
        ),
        Commit(
            "dec0y007dec0",
            13,
            ["inventory/src/handlers/stock.ts"],
            "Tidy the stock handler",
            "-function stock(req, res) { res.json(find(req.params.sku)); }\n"
            "+const stock = (req, res) => { res.json(find(req.params.sku)); };\n",
            "inventory",
            8,
        ),
    ],
    "c0ffee07c0ff",
    ["dec0y007dec0"],
)

CLOCK = Scenario(
    "local time where UTC is meant",
    ("sessions", "login_error_ratio", "sessions rejects fresh logins"),
    [("web", "sessions")],
    {
        "sessions|login_error_ratio": (0.01, 0.8),
        "sessions|requests_per_second": (70, 71),
        "web|error_ratio": (0.003, 0.4),
    },
    [("sessions", "WARN", "token not yet valid: issued at is 2 h in the future (clock skew?)")],
    [
        *NOISE,
        Commit(
            "c0ffee08c0ff",
            25,
            ["sessions/tokens.py"],
            "Use one helper for timestamps",
            "-    issued_at = datetime.now(timezone.utc)\n+    issued_at = datetime.now()\n",
            "sessions",
            9,
        ),
        Commit(
            "dec0y008dec0",
            12,
            ["sessions/views.py"],
            "Nicer words for a failed login",
            '-    return error("login failed")\n+    return error("Sorry, login failed")\n',
            "sessions",
            7,
        ),
    ],
    "c0ffee08c0ff",
    ["dec0y008dec0"],
)

CODE_A = (POOL, CACHE, INDEX, LEAK, FORMAT, SECRET, RETRY, CLOCK)
