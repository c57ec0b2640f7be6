"""What programs of many makers say as they end names who, what or where is meant."""

import pytest

from warroom.cluster.trouble import words

ENDINGS = {
    "login": [
        ('FATAL:  password authentication failed for user "orders"', "orders"),
        ("Access denied for user 'app'@'10.2.3.4' (using password: YES)", "app"),
        ("MongoServerError: Authentication failed.", ""),
        ("WRONGPASS invalid username-password pair or user is disabled.", ""),
        ("NOAUTH Authentication required.", ""),
        ("ERR AUTH <password> called without any password configured", ""),
        ('Exception (403) Reason: "username or password not allowed"', ""),
        ("ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN", ""),
        ("Login failed for user 'sa'.", "sa"),
        ("unable to authenticate user [elastic] for REST request", "elastic"),
        ("nats: Authorization Violation", ""),
        ("The security token included in the request is invalid", ""),
        ("LDAP: error code 49 - Invalid Credentials", ""),
        (
            'SASL (FATAL: password authentication failed for user \\"x\\" (28P01))',
            "x",
        ),
    ],
    "host": [
        ("dial tcp: lookup redis on 10.96.0.10:53: no such host", "redis"),
        (
            "lookup redis.shop.svc.cluster.local. on 10.96.0.10:53: no such host",
            "redis.shop.svc.cluster.local",
        ),
        ("java.net.UnknownHostException: kafka-broker: Name or service not known", "kafka-broker"),
        ("java.net.UnknownHostException: kafka-broker", "kafka-broker"),
        ("Failed to resolve 'pay' ([Errno -2] Name or service not known)", "pay"),
        (
            "(host='pay', port=80): Max retries ([Errno -2] Name or service not known)",
            "pay",
        ),
        ("Error: getaddrinfo ENOTFOUND pay", "pay"),
        ('could not translate host name "pg" to address: Name or service not known', "pg"),
        ("Unknown MySQL server host 'db' (-2)", "db"),
        ('host not found in upstream "api:80" in /etc/nginx/conf.d/default.conf:5', "api"),
        ("Error -2 connecting to redis:6379. Name or service not known.", "redis"),
        ("Name or service not known (pay:80)", "pay"),
        ("No such host is known. (sql:1433)", "sql"),
        ("Failed to open TCP connection to pay:80 (getaddrinfo: Name or service not known)", "pay"),
        ("php_network_getaddresses: getaddrinfo for pay failed: Name or service not known", "pay"),
        ("curl: (6) Could not resolve host: pay", "pay"),
        ("wget: bad address 'pay:80'", "pay"),
        ("** server can't find pay.shop.svc.cluster.local: NXDOMAIN", "pay.shop.svc.cluster.local"),
        ("nslookup: can't resolve 'pay'", "pay"),
        ("ping: pay: Name or service not known", "pay"),
        ("DNS resolution failed for service: pay:50051", "pay"),
        (
            "Couldn't resolve server kafka:9092 from bootstrap.servers as DNS failed",
            "kafka",
        ),
        ("tcp connect (db:5432): non-existing domain - :nxdomain", "db"),
    ],
    "variable": [
        ("Error: Missing required environment variable: PAY_URL", "PAY_URL"),
        ("PAY_URL is required", "PAY_URL"),
        ('env var "PAY_URL" not set', "PAY_URL"),
        ("KeyError: 'PAY_URL'", "PAY_URL"),
        ("Settings\npay_url\n  Field required [type=missing", "pay_url"),
        ("ImproperlyConfigured: Set the PAY_URL environment variable", "PAY_URL"),
        ("Could not resolve placeholder 'pay.url' in value", "pay.url"),
        ("required key PAY_URL missing value", "PAY_URL"),
        ('environment variable "PAY_URL" should not be empty', "PAY_URL"),
        ("/start.sh: line 3: PAY_URL: unbound variable", "PAY_URL"),
        ("PAY_URL: parameter null or not set", "PAY_URL"),
        (
            "no password. You must specify POSTGRES_PASSWORD to a non-empty value",
            "POSTGRES_PASSWORD",
        ),
        (
            "specify one of the following as an environment variable:\n    - MYSQL_ROOT_PASSWORD",
            "MYSQL_ROOT_PASSWORD",
        ),
        ('key not found: "PAY_URL" (KeyError)', "PAY_URL"),
        ("PAY_URL must be set", "PAY_URL"),
    ],
    "file": [
        ("open /etc/app/config.yaml: no such file or directory", "/etc/app/config.yaml"),
        (
            "FileNotFoundError: [Errno 2] No such file or directory: '/etc/app/x.yaml'",
            "/etc/app/x.yaml",
        ),
        (
            "java.io.FileNotFoundException: /etc/app/x.yaml (No such file or directory)",
            "/etc/app/x.yaml",
        ),
        ("ENOENT: no such file or directory, open '/etc/x'", "/etc/x"),
        (
            'open() "/etc/nginx/certs/tls.crt" failed (2: No such file or directory)',
            "/etc/nginx/certs/tls.crt",
        ),
        (
            "Fatal error, can't open config file '/etc/redis/redis.conf': No such file",
            "/etc/redis/redis.conf",
        ),
        ("Config file not found: /etc/app/x.yaml", "/etc/app/x.yaml"),
        ("Error: /etc/x.yaml does not exist", "/etc/x.yaml"),
    ],
    "unfit": [
        (
            'unknown directive "proxy_pas" in /etc/nginx/conf.d/default.conf:7',
            "/etc/nginx/conf.d/default.conf",
        ),
        (
            "[ALERT] config : parsing [/usr/local/etc/haproxy/haproxy.cfg:12] : unknown keyword",
            "/usr/local/etc/haproxy/haproxy.cfg",
        ),
        ("error parsing /etc/keys/sa.json: unexpected end", "/etc/keys/sa.json"),
    ],
    "value": [
        ('strconv.Atoi: parsing "8o80": invalid syntax', ""),
        ('For input string: "abc"', ""),
        ("invalid literal for int() with base 10: 'abc'", ""),
        ('unsupported log level "verbos"', ""),
        ("unknown variable 'max_conections=500'", ""),
        ('database "orders" does not exist', ""),
        ("Invalid maximum heap size: -Xmx2gg", ""),
    ],
}


@pytest.mark.parametrize(
    ("kind", "text", "named"), [(kind, *one) for kind, some in ENDINGS.items() for one in some]
)
def test_what_is_said_last_names_what_is_meant(kind: str, text: str, named: str) -> None:
    found = next((hit for said in words().endings[kind] if (hit := said.search(text))), None)
    assert found is not None
    assert next((one for one in found.groups() if one), "") == named


@pytest.mark.parametrize("text", ["GET /orders 200 in 5 ms", "listening on 8080", "ready: 3 of 3"])
def test_what_is_said_in_peace_names_nothing(text: str) -> None:
    assert not [kind for kind, some in words().endings.items() for s in some if s.search(text)]
