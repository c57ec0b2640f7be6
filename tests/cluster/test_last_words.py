"""What a container says as it ends, who runs beside it, who should have made what is missing."""

from typing import Any

import pytest

from warroom.tests.support.clusters import event, first, made, node, seen, service, well, workload
from warroom.text_safety.injection import speaks

NODES = [node("n1"), node("n2")]


def crashing(name: str, message: str, **container: Any) -> list[dict[str, Any]]:
    """A workload whose container says this as it ends."""
    waiting = {"reason": "CrashLoopBackOff", "message": "back-off"}
    ended = {"exitCode": 1, "reason": "Error", "message": message}
    status = {"name": name, "ready": False, "restartCount": 7}
    status |= {"state": {"waiting": waiting}, "lastState": {"terminated": ended}}
    return workload(name, status=status, **container)


DENIED = (
    'configmaps is forbidden: User "system:serviceaccount:shop:cart-sa" cannot list resource'
    ' "configmaps" in API group "" in the namespace "shop"'
)


def binding(space: str) -> dict[str, Any]:
    subject = {"kind": "ServiceAccount", "name": "cart-sa", "namespace": space}
    role = {"kind": "Role", "name": "cart"}
    return made("RoleBinding", "cart", subjects=[subject], roleRef=role)


@pytest.mark.parametrize(
    ("bindings", "place"),
    [
        ([binding("staging")], "RoleBinding shop/cart"),
        ([binding("shop")], "Role shop/cart"),
        ([], "ServiceAccount shop/cart-sa"),
    ],
)
def test_a_right_that_an_account_lacks(bindings: list, place: str) -> None:
    assert first(NODES, crashing("cart", DENIED), bindings) == ("not-allowed", place)


def config(data: dict[str, str]) -> dict[str, Any]:
    return made("ConfigMap", "cart-config", data=data)


def test_a_value_that_it_quotes_is_the_config_maps() -> None:
    given = {"envFrom": [{"configMapRef": {"name": "cart-config"}}]}
    said = "cannot connect to cart-redis-old:6379: name or service not known"
    held = config({"REDIS_HOST": "cart-redis-old", "LEVEL": "info"})
    expected = ("address-wrong", "ConfigMap shop/cart-config")
    assert first(NODES, crashing("cart", said, **given), held) == expected
    other = config({"REDIS_HOST": "cart-redis", "LEVEL": "name"})
    assert first(NODES, crashing("cart", said, **given), other)[0] == "crashes"
    assert first(NODES, crashing("cart", said), held)[0] == "crashes", "it is not given to it"


def test_a_line_of_a_file_that_it_quotes_is_the_config_maps() -> None:
    text = "listen = '*'\nshared_buffers = 128QB\n"
    volume = {"pod": {"volumes": [{"name": "c", "configMap": {"name": "cart-config"}}]}}
    said = 'invalid value for parameter "shared_buffers": "128QB"'
    found = first(NODES, crashing("cart", said, **volume), config({"db.conf": text}))
    assert found == ("value-refused", "ConfigMap shop/cart-config")


def of(kind: str, path: str, name: str, **more: Any) -> dict[str, Any]:
    """A container with a volume of an object at a path."""
    field = {"configMap": "name", "secret": "secretName", "persistentVolumeClaim": "claimName"}
    mount = {"volumeMounts": [{"name": "v", "mountPath": path}]}
    return {**mount, "pod": {"volumes": [{"name": "v", kind: {field[kind]: name}}]}, **more}


def env(**pairs: Any) -> dict[str, Any]:
    """A container's environment: a text, or (kind of reference, name, key)."""
    found = []
    for name, text in pairs.items():
        kind, held, key = (None, None, None) if isinstance(text, str) else text
        ref = {"valueFrom": {kind: {"name": held, "key": key}}} if kind else {"value": text}
        found.append({"name": name, **ref})
    return {"env": found}


LOGIN = env(DB_USER="cart", DB_PASSWORD=("secretKeyRef", "cart-db", "password"))
LOGIN["env"] += env(MQ_PASSWORD=("secretKeyRef", "mq", "password"))["env"]


@pytest.mark.parametrize(
    ("said", "given", "expected"),
    [
        (
            'PSQLException: FATAL: password authentication failed for user "cart"',
            LOGIN,
            ("login-refused", "Secret shop/cart-db"),
        ),
        ("MQ: 403 ACCESS_REFUSED", LOGIN, ("login-refused", "Secret shop/mq")),
        ("403 ACCESS_REFUSED", LOGIN, ("crashes", "Deployment shop/cart")),
        (
            "dial tcp: lookup rediss on 10.96.0.10:53: no such host",
            env(CACHE="rediss:6379"),
            ("address-wrong", "Deployment shop/cart"),
        ),
        (
            "getaddrinfo ENOTFOUND pg-primary",
            env(DATABASE_URL=("secretKeyRef", "dsn", "url")),
            ("address-wrong", "Secret shop/dsn"),
        ),
        (
            "Error: required environment variable PAY_URL is not set",
            {"envFrom": [{"configMapRef": {"name": "cart-config"}}]},
            ("key-missing", "ConfigMap shop/cart-config"),
        ),
        (
            "KeyError: 'PAY_URL'",
            {"envFrom": [{"secretRef": {"name": "cart-keys"}}]},
            ("key-missing", "Secret shop/cart-keys"),
        ),
        (
            "panic: open /etc/cart/rules.yaml: no such file or directory",
            of("configMap", "/etc/cart", "cart-config"),
            ("key-missing", "ConfigMap shop/cart-config"),
        ),
        (
            "could not extend file: write /data/base/1: No space left on device",
            of("persistentVolumeClaim", "/data", "data-0"),
            ("volume-full", "PersistentVolumeClaim shop/data-0"),
        ),
        (
            "error parsing /etc/keys/sa.json: unexpected end of JSON input",
            of("secret", "/etc/keys", "keys"),
            ("value-refused", "Secret shop/keys"),
        ),
        (
            'database "cart_v2" does not exist',
            env(DB_NAME="cart_v2"),
            REFUSED := ("value-refused", "Deployment shop/cart"),
        ),
        ("invalid LOG_LEVEL: verbos", env(LOG_LEVEL="verbos"), REFUSED),
        (
            "invalid request from 10.0.0.9",
            env(LOG_LEVEL="verbos"),
            ("crashes", "Deployment shop/cart"),
        ),
        (
            "payments.example: 502 Bad Gateway, invalid",
            env(PAY="payments.example"),
            ("crashes", "Deployment shop/cart"),
        ),
    ],
)
def test_what_it_says_is_followed_to_the_object_that_holds_it(
    said: str, given: dict[str, Any], expected: tuple[str, str]
) -> None:
    there = [service("redis"), config({"LEVEL": "info"})]
    assert first(NODES, crashing("cart", said, **given), there) == expected


def test_a_service_that_stands_for_a_name_that_nobody_has() -> None:
    outside = made("Service", "bank", spec={"type": "ExternalName", "externalName": "bank.exmple"})
    some = crashing("cart", "dial tcp: lookup bank: no such host", **env(BANK="http://bank:8443"))
    assert first(NODES, some, outside) == ("name-elsewhere", "Service shop/bank")
    told = crashing("cart", "could not resolve host: bank.exmple", **env(BANK="http://bank:8443"))
    assert first(NODES, told, outside) == ("name-elsewhere", "Service shop/bank")
    assert first(NODES, workload("cart", **env(BANK="http://bank:8443")), outside) == ("", "")


def test_a_name_that_is_unknown_in_a_file_and_a_short_value_in_quotes() -> None:
    held = config({"my.cnf": "[mysqld]\nmax_conections = 5\n"})
    given = of("configMap", "/etc/my", "cart-config")
    found = first(NODES, crashing("cart", "unknown variable 'max_conections=5'", **given), held)
    assert found == ("value-refused", "ConfigMap shop/cart-config")
    port = crashing("cart", 'strconv.Atoi: parsing "8o": invalid syntax', **env(PORT="8o"))
    assert first(NODES, port)[0] == "value-refused"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ('toml: line 2 (last key "pool.size"): incompatible types', "ConfigMap shop/cart-config"),
        ("yaml: line 2: mapping values are not allowed", "ConfigMap shop/cart-config"),
        ("panic: index out of range, line 2", "Deployment shop/cart"),
    ],
)
def test_a_line_of_a_file_by_its_number(said: str, expected: str) -> None:
    held = config({"app.toml": "[pool]\nsize = twenty\n", "level": "info"})
    probe = {"livenessProbe": {"tcpSocket": {"port": 1}}, "ports": [{"containerPort": 1}]}
    some = crashing("cart", said, **of("configMap", "/etc/cart", "cart-config"), **probe)
    late = event(some[-1], "Unhealthy", "Liveness probe failed: connection refused")
    assert first(NODES, some, held)[1] == expected
    assert first(NODES, some, held, late)[1] == expected, "what it says goes before its probe"


SEEN_BY = [service("db", 5432), *workload("db")]
SEEN_BY[0]["spec"]["clusterIP"] = "10.96.0.7"
DSN = env(DB_URL=("secretKeyRef", "dsn", "url"))


@pytest.mark.parametrize(
    ("said", "given", "expected"),
    [
        ("dial tcp 10.96.0.7:5433: i/o timeout", DSN, ("address-wrong", "Secret shop/dsn")),
        (
            "connect to db:5433: connection refused",
            env(DB_HOST="db", DB_PORT="5433", PORT="5433"),
            ("address-wrong", "Deployment shop/cart"),
        ),
        ("dial tcp 10.96.0.7:5432: i/o timeout", DSN, ("crashes", "Deployment shop/cart")),
        ("lookup db: no such host", DSN, ("crashes", "Deployment shop/cart")),
    ],
)
def test_a_port_that_is_missed_is_where_it_is_held(
    said: str, given: dict[str, Any], expected: tuple[str, str]
) -> None:
    before = log("cart-1-0/cart/previous", said)
    assert first(NODES, SEEN_BY, crashing("cart", "", **given), before) == expected


def test_a_policy_in_the_way_of_a_call_that_only_a_log_tells() -> None:
    before = log("cart-1-0/cart/previous", "dial tcp 10.96.0.7:5432: i/o timeout")
    rules = {"podSelector": {"matchLabels": {"app": "db"}}, "policyTypes": ["Ingress"]}
    shut = made("NetworkPolicy", "shut", spec=rules)
    some = crashing("cart", "", **DSN)
    assert first(NODES, SEEN_BY, some, before, shut) == (
        "policy-forbids",
        "NetworkPolicy shop/shut",
    )


def test_a_service_that_is_gone_is_missing_and_no_address_is_wrong() -> None:
    some = [workload(name, **env(DB_URL="http://db:5432")) for name in ("cart", "web")]
    gone = ("service-missing", "Service shop/db")
    assert first(NODES, some[0], SEEN_BY[1:], service("other")) == gone, "its pods run"
    assert first(NODES, *some, service("other")) == gone, "two call it"
    assert first(NODES, some[0], service("other")) == ("address-wrong", "Deployment shop/cart")


def test_a_certificate_that_is_over_is_its_servers() -> None:
    server = [service("db"), *workload("db", **of("secret", "/tls", "db-tls"))]
    held = made("Secret", "db-tls", data={"tls.crt": "", "tls.key": ""})
    said = 'Get "https://db:443/": x509: certificate has expired or is not yet valid'
    found = first(NODES, server, held, crashing("cart", said, **env(DB="https://db:80")))
    assert found == ("certificate", "Secret shop/db-tls")


def test_why_a_job_failed_is_what_its_pod_said() -> None:
    over = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}
    job = made("Job", "load", status={"conditions": [over]}, spec={"template": {"spec": {}}})
    pod = crashing("load", 'FATAL: password authentication failed for user "x"', **DSN)[-1]
    pod["metadata"]["ownerReferences"] = [{"kind": "Job", "name": "load", "controller": True}]
    pod["status"] = {"phase": "Failed", **pod["status"]}
    pod["status"]["containerStatuses"][0] |= {"state": {}, "restartCount": 0}
    assert first(NODES, job, pod) == ("login-refused", "Secret shop/dsn")
    pod["status"]["containerStatuses"][0]["lastState"]["terminated"]["message"] = "oh"
    assert first(NODES, job, pod)[0] == "job-failed"


def test_who_is_refused_is_not_told_as_an_order() -> None:
    said = 'FATAL: password authentication failed for user "orders"'
    told = seen(NODES, crashing("cart", said, **DSN))[0].trouble.statement
    assert told.endswith("is refused: key url of orders") and not speaks(told)


def log(name: str, text: str) -> dict[str, Any]:
    """What a container said, as a recording has it."""
    return made("PodLog", name, text=text)


def test_the_log_of_the_run_before_counts_and_not_how_it_ran_in_peace() -> None:
    given = env(PAY="http://pay.example:80", LEVEL="verbose")
    some = crashing("cart", "", **given)
    before = log("cart-1-0/cart/previous", "starting\nlevel: unknown value verbose\nbye")
    assert first(NODES, some, before) == ("value-refused", "Deployment shop/cart")
    fine = log("cart-1-0/cart", "level: unknown value verbose\n" + "GET / 200\n" * 40)
    assert first(NODES, some, fine)[0] == "crashes", "it was said long ago"
    assert first(NODES, workload("cart", **given), before) == ("", ""), "it is well"


def test_one_that_runs_and_is_not_ready_is_heard_too() -> None:
    unready = {**well("cart"), "ready": False}
    some = workload("cart", status=unready, **env(CACHE="redsi:6379"))
    said = log("cart-1-0/cart", "retrying\ndial tcp: lookup redsi: no such host\n")
    assert first(NODES, some, said) == ("address-wrong", "Deployment shop/cart")


def test_an_init_container_that_waits_for_a_name_that_nobody_has() -> None:
    wait = {
        "name": "wait",
        "command": ["sh", "-c", "until nc -z -w 2 pgsql 5432; do sleep 1; done"],
    }
    some = workload("cart", pod={"initContainers": [wait]})
    expected = ("address-wrong", "Deployment shop/cart")
    assert first(NODES, some, service("pg", 5432)) == expected
    assert first(NODES, some, service("pgsql", 5432), workload("pgsql")) == ("", "")


def test_a_wrong_address_is_where_it_is_held() -> None:
    some = workload("cart", envFrom=[{"configMapRef": {"name": "cart-config"}}])
    held = config({"PAY_URL": "http://pay:8080"})
    found = seen(NODES, some, held, service("pay"), workload("pay"))[0].trouble
    assert (found.cause, found.object) == ("address-wrong", "ConfigMap shop/cart-config")
    assert found.victims == {"Deployment shop/cart"}


def test_what_takes_all_of_a_nodes_processor() -> None:
    probe = {"httpGet": {"path": "/", "port": 8080}}
    slow = workload("web", readinessProbe=probe, status={**well("web"), "ready": False})
    late = event(slow[-1], "Unhealthy", "Readiness probe failed: context deadline exceeded")
    greedy = workload("encoder")
    usage = [{"name": "encoder", "usage": {"cpu": "3500m"}}]
    measured = made("PodMetrics", "encoder-1-0", containers=usage)
    whole = made("NodeMetrics", "n1", "", usage={"cpu": "3900m"})
    found = seen(NODES, slow, late, greedy, measured, whole)
    assert [(f.trouble.cause, f.trouble.object, f.follows) for f in found] == [
        ("takes-all", "Deployment shop/encoder", ""),
        ("probe-timing", "Deployment shop/web", "Deployment shop/encoder"),
    ]
    whole["usage"]["cpu"] = "2"
    assert first(NODES, slow, late, greedy, measured, whole)[0] == "probe-timing"


def test_pods_of_a_node_whose_proxy_does_not_run_only_suffer() -> None:
    proxy = crashing("kube-proxy", "modprobe: not found")
    daemon = made("DaemonSet", "kube-proxy", "kube-system")
    pod = proxy[-1]
    link = {"kind": "DaemonSet", "name": "kube-proxy", "controller": True}
    pod["metadata"] |= {"namespace": "kube-system", "ownerReferences": [link]}
    found = seen(NODES, daemon, pod, crashing("web", "dial tcp: i/o timeout"))
    assert found[0].trouble.cause == "node-part"
    assert found[0].trouble.object == "DaemonSet kube-system/kube-proxy"
    assert {f.follows for f in found if f.trouble.object == "Deployment shop/web"} == {
        "DaemonSet kube-system/kube-proxy"
    }


def test_a_secret_that_its_maker_does_not_make() -> None:
    some = workload("cart")
    waiting = {"reason": "CreateContainerConfigError", "message": 'secret "keys" not found'}
    some[-1]["status"]["containerStatuses"] = [
        {"name": "cart", "ready": False, "restartCount": 0, "state": {"waiting": waiting}}
    ]
    assert first(NODES, some) == ("config-missing", "Secret shop/keys")
    broken = {"type": "Ready", "status": "False", "message": "could not get secret data"}
    maker = made("ExternalSecret", "keys", status={"conditions": [broken]})
    assert first(NODES, some, maker) == ("not-made", "ExternalSecret shop/keys")


def test_a_route_of_the_mesh_that_leads_nowhere() -> None:
    way = {"destination": {"host": "cart", "subset": "v4"}}
    route = made("VirtualService", "cart", spec={"http": [{"route": [way]}]})
    rule = made("DestinationRule", "cart", spec={"host": "cart", "subsets": [{"name": "v3"}]})
    expected = ("route-nowhere", "VirtualService shop/cart")
    assert first(NODES, workload("cart"), route, rule) == expected
    rule["spec"]["subsets"][0]["name"] = "v4"
    assert first(NODES, workload("cart"), route, rule) == ("", "")


def test_a_node_that_lost_the_label_of_its_kind() -> None:
    some = workload("ranker", pod={"nodeSelector": {"accelerator": "a100"}})
    some[-1]["spec"].pop("nodeName")
    some[-1]["status"] = {"phase": "Pending"}
    gpus = [node("g1", cpu="1m"), node("g2")]
    for one in gpus:
        one["status"]["allocatable"]["nvidia.com/gpu"] = "2"
    gpus[0]["metadata"]["labels"]["accelerator"] = "a100"
    some[-1]["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "2"}}
    found = [f.trouble.object for f in seen(NODES, gpus, some)]
    assert "Node g2" in found


def test_pods_wait_for_a_job_that_was_given_up() -> None:
    gone = {"type": "Failed", "status": "True", "lastTransitionTime": "2026-11-29T10:00:00Z"}
    job = made("Job", "migrate-43", status={"conditions": [gone]})
    assert seen(NODES, job, workload("web"))[0].sure < 0.5, "long ago, and nobody waits"
    wait = {"name": "wait", "command": ["kubectl", "wait", "job/migrate-43"]}
    some = workload("web", pod={"initContainers": [wait]})
    found = seen(NODES, job, some)[0]
    assert found.sure > 0.9 and "Deployment shop/web" in found.trouble.victims


def test_an_autoscaler_far_above_its_aim_with_all_it_may_have() -> None:
    aim = {"resource": {"name": "cpu", "target": {"averageUtilization": 70}}}
    limited = {"type": "ScalingLimited", "status": "True", "reason": "TooManyReplicas"}
    now = {"resource": {"name": "cpu", "current": {"averageUtilization": 412}}}
    status = {"conditions": [limited], "currentMetrics": [now]}
    target = {"kind": "Deployment", "name": "web"}
    spec = {"maxReplicas": 2, "metrics": [aim], "scaleTargetRef": target}
    scaler = made("HorizontalPodAutoscaler", "web", spec=spec, status=status)
    assert seen(NODES, workload("web"), scaler)[0].sure == 0.9
    now["resource"]["current"]["averageUtilization"] = 75
    assert seen(NODES, workload("web"), scaler)[0].sure == 0.6


def test_a_service_without_a_workload_is_not_missed_by_itself() -> None:
    assert seen(NODES, service("old"))[0].sure < 0.5


def test_a_file_that_it_cannot_read_is_the_config_maps() -> None:
    volume = {"pod": {"volumes": [{"name": "c", "configMap": {"name": "cart-config"}}]}}
    said = "cannot parse /etc/cart/routes.yaml: line 4: found a tab"
    held = config({"routes.yaml": "a:\n\t- b\n"})
    expected = ("value-refused", "ConfigMap shop/cart-config")
    assert first(NODES, crashing("cart", said, **volume), held) == expected
    well_read = crashing("cart", "read /etc/cart/routes.yaml, then lost the database", **volume)
    assert first(NODES, well_read, held)[0] == "crashes"


def unready(answer: str, port: int) -> list[dict[str, Any]]:
    probe = {"httpGet": {"path": "/ready", "port": port}}
    ports = [{"containerPort": 8080}]
    status = {**well("web"), "ready": False}
    some = workload("web", readinessProbe=probe, ports=ports, status=status)
    return [*some, event(some[-1], "Unhealthy", f"Readiness probe failed: {answer}")]


@pytest.mark.parametrize(
    ("answer", "port", "cause"),
    [
        ("HTTP probe failed with statuscode: 503", 9090, "not-ready"),  # something listens there
        ("dial tcp 10.0.0.7:8080: connect: connection refused", 8080, "not-ready"),  # not yet
        ("dial tcp 10.0.0.7:9090: connect: connection refused", 9090, "probe-port"),
    ],
)
def test_whether_a_probe_asks_the_wrong_port(answer: str, port: int, cause: str) -> None:
    assert first(NODES, unready(answer, port))[0] == cause


def test_a_service_with_the_wrong_selector_is_missed_where_somebody_calls_it() -> None:
    wrong = service("web", app="wbe", tier="front")
    wrong["spec"]["selector"] = {"app": "web", "tier": "front"}
    assert seen(NODES, workload("web"), wrong)[0].sure == 0.55
    caller = workload("api", env=[{"name": "WEB_URL", "value": "http://web:80"}])
    assert seen(NODES, workload("web"), wrong, caller)[0].sure > 0.9


def test_pods_that_are_named_after_a_service_that_is_not_there() -> None:
    one = made("StatefulSet", "cassandra", spec={"serviceName": "cassandra-hs"})
    assert first(NODES, one, service("other")) == ("pods-unnamed", "StatefulSet shop/cassandra")
    there = service("cassandra-hs", app="web")
    assert first(NODES, one, workload("web"), there) == ("", "")


def test_a_proxy_whose_settings_are_refused_takes_down_what_needs_its_addresses() -> None:
    """What the system's parts are given is put right where it is held, too."""
    link = {"kind": "DaemonSet", "controller": True}
    some: list[dict[str, Any]] = []
    for name, text in (
        ("kube-proxy", 'KubeProxyConfiguration.Mode: Invalid value: "ipvss": must be iptables'),
        ("kube-flannel-ds", "dial tcp 10.96.0.1:443: i/o timeout"),
    ):
        pod = crashing(name, text, **of("configMap", "/etc/parts", name))[-1]
        pod["metadata"] |= {"namespace": "kube-system"}
        pod["metadata"]["ownerReferences"] = [{**link, "name": name}]
        counted = {"desiredNumberScheduled": 2}
        some += [made("DaemonSet", name, "kube-system", status=counted), pod]
    api = made("Service", "kubernetes", "default", spec={"clusterIP": "10.96.0.1"})
    held = made("ConfigMap", "kube-proxy", "kube-system", data={"config.conf": 'mode: "ipvss"\n'})
    found = seen(NODES, some, api, held, crashing("web", "dial tcp: i/o timeout"))
    assert [(f.trouble.cause, f.trouble.object) for f in found if not f.follows] == [
        ("value-refused", "ConfigMap kube-system/kube-proxy")
    ]


def asked_in_vain(times: int) -> dict[str, Any]:
    """What CoreDNS logs of a name of elsewhere."""
    asked = "api.bank.example. A: read udp 10.1.1.7:38801->10.0.0.53:53: i/o timeout"
    text = "\n".join([f"[ERROR] plugin/errors: 2 {asked}"] * times)
    return made("PodLog", "coredns-1/coredns", "kube-system", text=text)


def test_a_server_that_answers_no_names_is_the_corefiles_and_not_of_who_asks() -> None:
    text = ".:53 {\n errors\n kubernetes cluster.local\n forward . 10.0.0.53\n}"
    corefile = made("ConfigMap", "coredns", "kube-system", data={"Corefile": text})
    env = [{"name": "BANK_URL", "value": "https://api.bank.example/v1"}]
    said = "Post https://api.bank.example: dial tcp: lookup api.bank.example: server misbehaving"
    cart = crashing("cart", said, env=env)
    expected = ("names-unanswered", "ConfigMap kube-system/coredns")
    assert first(NODES, cart, corefile, asked_in_vain(4)) == expected
    assert first(NODES, cart, corefile, asked_in_vain(1))[0] == "address-wrong", "one was lost"
    assert seen(NODES, well("cart"), corefile, asked_in_vain(1)) == []
