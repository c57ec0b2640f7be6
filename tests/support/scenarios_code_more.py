"""More incidents that a commit caused; see scenarios_code.py."""

from warroom.tests.support.scenario_folder import Commit, Scenario
from warroom.tests.support.scenarios_code import NOISE

DEADLOCK = Scenario(
    "rows are locked in two orders",
    ("transfers", "transaction_rollback_ratio", "transfers rolls back 30 % of its transactions"),
    [("bank-web", "transfers"), ("transfers", "accounts-postgres")],
    {
        "transfers|transaction_rollback_ratio": (0.001, 0.31),
        "accounts-postgres|lock_wait_seconds": (0.01, 4.5),
        "bank-web|error_ratio": (0.002, 0.2),
    },
    [
        (
            "transfers",
            "ERROR",
            "deadlock detected: Process 511 waits for ShareLock on transaction 8801",
        )
    ],
    [
        *NOISE,
        Commit(
            "c0ffee09c0ff",
            50,
            ["transfers/store.go"],
            "Simplify transfer",
            "@@ func (s *Store) Transfer(ctx context.Context, from, to int64) error {\n"
            "-	first, second := min(from, to), max(from, to)\n"
            '-	tx.Exec("SELECT * FROM accounts WHERE id IN ($1, $2) ORDER BY id FOR '
            'UPDATE", first, second)\n'
            '+	tx.Exec("SELECT * FROM accounts WHERE id = $1 FOR UPDATE", from)\n'
            '+	tx.Exec("SELECT * FROM accounts WHERE id = $1 FOR UPDATE", to)\n',
            "transfers",
            20,
        ),
        Commit(
            "dec0y009dec0",
            11,
            ["transfers/receipt.go"],
            "Receipt shows the purpose",
            "+	receipt.Purpose = transfer.Purpose\n",
            "transfers",
            8,
        ),
    ],
    "c0ffee09c0ff",
    ["dec0y009dec0"],
)

LIMIT = Scenario(
    "a rate limit loses a zero",
    ("edge", "http_429_ratio", "edge answers 429 to 40 % of the requests"),
    [("edge", "quotes")],
    {
        "edge|http_429_ratio": (0.0, 0.4),
        "edge|requests_per_second": (510, 512),
        "quotes|requests_per_second": (505, 300),
    },
    [("edge", "WARN", "rate limit exceeded for client, answering 429 Too Many Requests")],
    [
        *NOISE,
        Commit(
            "c0ffee10c0ff",
            100,
            ["infra/nginx/limits.conf"],
            "Move limits into one file",
            "-limit_req_zone $binary_remote_addr zone=api:10m rate=1000r/s;\n"
            "+limit_req_zone $binary_remote_addr zone=api:10m rate=100r/s;\n",
            "edge",
            95,
        ),
        Commit(
            "dec0y010dec0",
            9,
            ["infra/nginx/headers.conf"],
            "Send a referrer policy",
            "+add_header Referrer-Policy same-origin;\n",
            "edge",
            8,
        ),
    ],
    "c0ffee10c0ff",
    ["dec0y010dec0"],
)

TLS = Scenario(
    "the client insists on a TLS version that the peer does not speak",
    ("mailer", "send_error_ratio", "mailer cannot send"),
    [("accounts", "mailer"), ("mailer", "relay")],
    {
        "mailer|send_error_ratio": (0.002, 1.0),
        "mailer|queue_depth": (4, 5000),
        "relay|connections": (40, 1),
        "accounts|error_ratio": (0.001, 0.02),
    },
    [("mailer", "ERROR", "relay: TLS handshake failure: protocol version not supported")],
    [
        *NOISE,
        Commit(
            "c0ffee11c0ff",
            45,
            ["libs/net/transport.go"],
            "Harden transport defaults",
            "-	cfg.MinVersion = tls.VersionTLS12\n+	cfg.MinVersion = tls.VersionTLS13\n",
            "mailer",
            15,
        ),
        Commit(
            "dec0y011dec0",
            20,
            ["deploy/staging/tls.yaml"],
            "Rotate the staging certificate",
            "-  certificate: staging-2025\n+  certificate: staging-2026\n",
        ),
        Commit(
            "dec0y111dec0",
            10,
            ["mailer/templates/welcome.html"],
            "Warmer welcome mail",
            "-<p>Welcome</p>\n+<p>Welcome!</p>\n",
            "mailer",
            8,
        ),
    ],
    "c0ffee11c0ff",
    ["dec0y011dec0", "dec0y111dec0"],
)

DNS = Scenario(
    "a host name that nobody resolves",
    ("cart", "error_ratio", "cart fails"),
    [("web", "cart"), ("cart", "sessions-redis")],
    {"cart|error_ratio": (0.001, 0.95), "web|error_ratio": (0.002, 0.5), "cart|cpu": (0.2, 0.1)},
    [("cart", "ERROR", "dial tcp: lookup sessions-redis-v2.cache.internal: no such host")],
    [
        *NOISE,
        Commit(
            "c0ffee12c0ff",
            30,
            ["config/production.toml"],
            "Prepare for the new cache",
            '-redis_host = "sessions-redis.cache.internal"\n'
            '+redis_host = "sessions-redis-v2.cache.internal"\n',
            "cart",
            8,
        ),
        Commit(
            "dec0y012dec0",
            14,
            ["go.mod"],
            "Bump redis client",
            "-	github.com/redis/go-redis/v9 v9.5.1\n+	github.com/redis/go-redis/v9 v9.5.2\n",
            "cart",
            7,
        ),
    ],
    "c0ffee12c0ff",
    ["dec0y012dec0"],
)

NULLS = Scenario(
    "a missing address is no longer expected",
    ("shipping", "error_rate", "shipping error rate above 2 %"),
    [("store", "shipping")],
    {"shipping|error_rate": (0.001, 0.12), "store|error_rate": (0.001, 0.05)},
    [
        (
            "shipping",
            "ERROR",
            "TypeError: Cannot read properties of undefined (reading 'zip') at quote "
            "(src/rates/quote.js:41:30)",
        )
    ],
    [
        *NOISE,
        Commit(
            "c0ffee13c0ff",
            70,
            ["src/rates/quote.js"],
            "Cleaner quotes",
            "-  const zip = order.address?.zip ?? order.billing?.zip;\n"
            "+  const zip = order.address.zip;\n",
            "shipping",
            25,
        ),
        Commit(
            "dec0y013dec0",
            12,
            ["src/rates/labels.js"],
            "Rename helper",
            "-export function mk(label) { return label.trim(); }\n"
            "+export function makeLabel(label) { return label.trim(); }\n",
            "shipping",
            7,
        ),
    ],
    "c0ffee13c0ff",
    ["dec0y013dec0"],
)

FILES = Scenario(
    "files are opened and not closed",
    ("thumbs", "error_ratio", "thumbs fails"),
    [("gallery", "thumbs")],
    {
        "thumbs|process_open_fds": (120, 65000),
        "thumbs|error_ratio": (0.001, 0.6),
        "gallery|error_ratio": (0.001, 0.2),
    },
    [("thumbs", "ERROR", "OSError: [Errno 24] Too many open files: '/var/cache/thumbs/1.png'")],
    [
        *NOISE,
        Commit(
            "c0ffee14c0ff",
            175,
            ["thumbs/render.py"],
            "Flatten render",
            '-    with open(path, "rb") as source:\n-        return shrink(source.read())\n'
            '+    source = open(path, "rb")\n+    return shrink(source.read())\n',
            "thumbs",
            170,
        ),
        Commit(
            "dec0y114dec0",
            10,
            ["thumbs/names.py"],
            "Names of thumbnails in one place",
            '-    return f"{digest}.png"\n+    return thumbnail_name(digest)\n',
            "thumbs",
            8,
        ),
    ],
    "c0ffee14c0ff",
    ["dec0y114dec0"],
)

UNITS = Scenario(
    "cents are sent where a currency's unit is meant",
    ("checkout", "declined_ratio", "declined payments above 10 %"),
    [("shop", "checkout"), ("checkout", "psp-gateway")],
    {
        "checkout|declined_ratio": (0.02, 0.9),
        "checkout|payment_amount_mean": (54, 5400),
        "shop|requests_per_second": (88, 88),
    },
    [("checkout", "WARN", "payment declined: amount exceeds limit (amount=12900.00 EUR)")],
    [
        *NOISE,
        Commit(
            "c0ffee15c0ff",
            28,
            ["libs/money/format.kt"],
            "Shorter money helper",
            "-    fun toUnits(cents: Long): BigDecimal = cents.toBigDecimal().divide(HUNDRED)\n"
            "+    fun toUnits(cents: Long): BigDecimal = cents.toBigDecimal()\n",
            "checkout",
            9,
        ),
        Commit(
            "dec0y015dec0",
            15,
            ["checkout/src/PaymentButton.kt"],
            "Bigger payment button",
            "-    height = 40.dp\n+    height = 48.dp\n",
            "checkout",
            7,
        ),
    ],
    "c0ffee15c0ff",
    ["dec0y015dec0"],
)

HEAP = Scenario(
    "the heap is a quarter of what it was",
    ("search", "gc_pause_seconds_max", "search pauses for seconds"),
    [("web", "search")],
    {
        "search|gc_pause_seconds_max": (0.05, 6),
        "search|heap_used_ratio": (0.4, 0.99),
        "search|latency_p99_ms": (120, 7000),
        "web|latency_p99_ms": (200, 7100),
        "web|requests_per_second": (300, 301),
    },
    [("search", "ERROR", "java.lang.OutOfMemoryError: GC overhead limit exceeded")],
    [
        *NOISE,
        Commit(
            "c0ffee16c0ff",
            130,
            ["search/Dockerfile"],
            "Reuse the common image",
            '-ENV JAVA_OPTS="-Xms1g -Xmx4g"\n+ENV JAVA_OPTS="-Xms1g -Xmx1g"\n',
            "search",
            120,
        ),
        Commit(
            "dec0y016dec0",
            13,
            ["search/src/QueryParser.java"],
            "Extract tokenizer",
            '-        String[] parts = query.trim().split(" ");\n+        String[] parts '
            "= tokens(query);\n"
            "+    }\n+\n+    private static String[] tokens(String query) {\n"
            '+        return query.trim().split(" ");\n',
            "search",
            8,
        ),
    ],
    "c0ffee16c0ff",
    ["dec0y016dec0"],
)

CODE_B = (DEADLOCK, LIMIT, TLS, DNS, NULLS, FILES, UNITS, HEAP)
