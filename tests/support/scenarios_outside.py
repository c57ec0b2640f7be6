"""Incidents that no commit caused, each with innocent commits near the onset."""

from warroom.tests.support.scenario_folder import Commit, Scenario
from warroom.tests.support.scenarios_code import NOISE

SURGE = Scenario(
    "the tickets of a tour go on sale",
    ("box-office", "latency_p99_ms", "box-office p99 above 1 s"),
    [("box-office", "seats"), ("box-office", "prices")],
    {
        "box-office|requests_per_second": (300, 2400),
        "box-office|cpu_utilization": (0.3, 0.99),
        "box-office|latency_p99_ms": (150, 3000),
        "seats|requests_per_second": (250, 2000),
        "prices|requests_per_second": (280, 2200),
    },
    [("box-office", "WARN", "worker threads exhausted, request queued")],
    [
        *NOISE,
        Commit(
            "dec0y017dec0",
            25,
            ["box_office/views.py"],
            "Extract seat map helper",
            "-    seats = load(event)\n-    return render(seats)\n+    return seat_map(event)\n"
            "+\n+def seat_map(event):\n+    seats = load(event)\n+    return render(seats)\n",
            "box-office",
            15,
        ),
    ],
    "none",
    ["dec0y017dec0"],
    flags=[("tour_banner", "box-office", 40)],
)

EXPIRED = Scenario(
    "a certificate was not renewed",
    ("portal", "upstream_error_ratio", "portal cannot reach documents"),
    [("portal", "documents")],
    {
        "portal|upstream_error_ratio": (0.001, 1.0),
        "documents|requests_per_second": (90, 0.0),
        "portal|requests_per_second": (100, 99),
    },
    [
        (
            "portal",
            "ERROR",
            "x509: certificate has expired or is not yet valid: current time is after the "
            "not-after date",
        )
    ],
    [
        *NOISE,
        Commit(
            "dec0y018dec0",
            20,
            ["portal/client.go"],
            "Name the client's constants",
            "-	client := &http.Client{Timeout: 5 * time.Second}\n+	client := "
            "&http.Client{Timeout: clientTimeout}\n"
            "+const clientTimeout = 5 * time.Second\n",
            "portal",
            8,
        ),
    ],
    "none",
    ["dec0y018dec0"],
)

PROVIDER = Scenario(
    "the provider of maps is down",
    ("routing", "error_ratio", "routing fails"),
    [("app", "routing")],
    {
        "routing|error_ratio": (0.002, 0.8),
        "routing|external_api_error_ratio": (0.003, 0.85),
        "routing|requests_per_second": (60, 60),
        "app|error_ratio": (0.001, 0.3),
    },
    [("routing", "ERROR", "GET https://api.mapmaker.example/v2/route returned 502 Bad Gateway")],
    [
        *NOISE,
        Commit(
            "dec0y019dec0",
            18,
            ["routing/client.py"],
            "Patient map client",
            "-MAP_TIMEOUT_SECONDS = 3\n+MAP_TIMEOUT_SECONDS = 5\n",
            "routing",
            9,
        ),
        Commit(
            "dec0y119dec0",
            14,
            ["routing/format.py"],
            "Format distances in one place",
            '-    return f"{km:.1f} km"\n+    return distance(km)\n',
            "routing",
            7,
        ),
    ],
    "none",
    ["dec0y019dec0", "dec0y119dec0"],
)

DISK = Scenario(
    "a node's disk breaks",
    ("archive", "write_error_ratio", "archive cannot write"),
    [("uploads", "archive")],
    {
        "archive|write_error_ratio": (0.0, 0.7),
        "archive|node_disk_io_errors": (0, 300),
        "uploads|error_ratio": (0.001, 0.3),
    },
    [
        ("archive", "ERROR", "blk_update_request: I/O error, dev nvme1n1, sector 88231"),
        ("archive", "ERROR", "write failed: input/output error"),
    ],
    [
        *NOISE,
        Commit(
            "dec0y020dec0",
            16,
            ["archive/writer.rs"],
            "Split writer",
            "-        file.write_all(&block)?;\n-        file.sync_data()?;\n+        "
            "store(&mut file, &block)?;\n"
            "+fn store(file: &mut File, block: &[u8]) -> io::Result<()> {\n+        "
            "file.write_all(&block)?;\n"
            "+        file.sync_data()?;\n",
            "archive",
            9,
        ),
    ],
    "none",
    ["dec0y020dec0"],
)

POISON = Scenario(
    "one message that cannot be read comes again and again",
    ("settlement", "processing_error_ratio", "settlement makes no progress"),
    [("settlement-queue", "settlement")],
    {
        "settlement|processing_error_ratio": (0.002, 0.99),
        "settlement|settled_per_minute": (300, 2),
        "settlement-queue|oldest_message_age_seconds": (8, 900),
    },
    [
        (
            "settlement",
            "ERROR",
            "malformed record from bank-feed: amount is not a number ('N/A'); "
            "topic=statements partition=2 offset=991203; will retry",
        )
    ],
    [
        *NOISE,
        Commit(
            "dec0y021dec0",
            20,
            ["settlement/parse.py"],
            "Tidy parser",
            "-def parse(b):\n-    r = json.loads(b)\n-    return Record(**r)\n"
            "+def parse(body):\n+    raw = json.loads(body)\n+    return Record(**raw)\n",
            "settlement",
            9,
        ),
    ],
    "none",
    ["dec0y021dec0"],
)

STUFFING = Scenario(
    "somebody tries stolen passwords",
    ("login", "failed_login_ratio", "failed logins above 30 %"),
    [("site", "login")],
    {
        "login|failed_login_ratio": (0.03, 0.85),
        "login|requests_per_second": (20, 190),
        "site|requests_per_second": (300, 470),
    },
    [("login", "WARN", "failed login for user u8123 from 203.0.113.77: invalid credentials")],
    [
        *NOISE,
        Commit(
            "dec0y022dec0",
            22,
            ["login/form.py"],
            "Login form with a hint",
            '-<input name="user">\n+<input name="user" placeholder="mail address">\n',
            "login",
            8,
        ),
    ],
    "none",
    ["dec0y022dec0"],
)

OUTSIDE = (SURGE, EXPIRED, PROVIDER, DISK, POISON, STUFFING)
