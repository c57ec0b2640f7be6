"""Kubernetes' API by the official client: what it says no with is said in words that help."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from warroom.errors import InputError, KubernetesError
from warroom.kube_api import ClusterAccess, KubeApi, api_of, path_of
from warroom.tests.support.http_backends import HttpBackend, Question, Reply

FORBIDDEN = (
    'deployments.apps is forbidden: User "system:serviceaccount:ops:warroom" cannot list resource '
    '"deployments" in API group "apps" in the namespace "shop"'
)
KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: away
contexts:
- {name: away, context: {cluster: one, user: ann}}
clusters:
- {name: one, cluster: {server: "WHERE"}}
users:
- {name: ann, user: {token: a-token}}
"""


class Server(HttpBackend):
    """Answers what it is given."""

    reply = Reply({"kind": "PodList", "items": []})

    def answer(self, question: Question) -> Reply:
        return self.reply


@pytest.fixture
def server() -> Iterator[Server]:
    with_it = Server()
    yield with_it
    with_it.close()


def test_a_kubeconfig_says_where_and_as_whom(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text(KUBECONFIG.replace("WHERE", server.where))
    access = ClusterAccess(name="prod", kubeconfig=file, context="away")
    assert api_of(access) is api_of(access.model_copy())
    path = path_of("apps/v1", "deployments", "shop", "../cart", "scale")
    assert api_of(access).get(path, limit=5, labelSelector=None)["kind"] == "PodList"
    (asked,) = server.asked
    assert asked.raw == "/apis/apps/v1/namespaces/shop/deployments/..%2Fcart/scale?limit=5"
    assert asked.headers["authorization"] == "Bearer a-token"
    with pytest.raises(InputError, match="get-contexts"):
        KubeApi(access.model_copy(update={"context": "other"}))


@pytest.mark.parametrize(
    ("status", "said", "cure"),
    [
        (
            403,
            FORBIDDEN,
            '"deployments" in API group "apps" in the namespace "shop".: give its account',
        ),
        (401, "Unauthorized", "login"),
        (410, "too old resource version", "begin it again"),
        (500, "etcdserver: request timed out", "API server's own log"),
    ],
)
def test_what_is_refused_says_what_to_do(server: Server, status: int, said: str, cure: str) -> None:
    server.reply = Reply({"kind": "Status", "message": said}, status)
    api = KubeApi(ClusterAccess(name="prod", url=server.where))
    with pytest.raises(KubernetesError, match=cure) as caught:
        api.send(
            "PATCH",
            path_of("v1", "nodes", name="n1"),
            body=[],
            content="application/json-patch+json",
        )
    assert (caught.value.status, caught.value.unsure) == (status, status == 500)
    assert server.asked[-1].headers["content-type"] == "application/json-patch+json"


@pytest.mark.parametrize(("failing", "unsure"), [("partial", True), ("garbage", True)])
def test_of_an_answer_that_is_none_nobody_knows_whether_it_was_done(
    server: Server, failing: str, unsure: bool
) -> None:
    server.failing = failing
    api = KubeApi(ClusterAccess(name="prod", url=server.where))
    with pytest.raises(KubernetesError) as caught:
        api.send("POST", path_of("v1", "pods", "shop"), body={})
    assert (caught.value.unsure, len(server.asked)) == (unsure, 1)


def test_who_is_not_there_has_done_nothing(server: Server) -> None:
    server.close()
    api = KubeApi(ClusterAccess(name="prod", url=server.where))
    with pytest.raises(KubernetesError, match="is it up") as caught:
        api.send("POST", path_of("v1", "pods", "shop"), body={})
    assert not caught.value.unsure
