"""Nothing secret leaves for a model, what is masked comes back, and telemetry stays readable."""

import string
import tomllib
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from warroom.models import rules
from warroom.models.masking import Mask, Masked
from warroom.models.protocol import Answer, Ask, ChatMessage, ToolCall, ToolSpec
from warroom.models.redaction import Redaction
from warroom.telemetry.bundle import read_bundle
from warroom.telemetry.model import Window
from warroom.tests.support.recorded import unpacked

ALNUM = string.ascii_letters + string.digits
KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAKC\n-----END RSA PRIVATE KEY-----"


def of(alphabet: str, least: int, most: int | None = None):
    """Texts of these characters."""
    return st.text(alphabet, min_size=least, max_size=most or least)


def behind(name: str, quote: str = ""):
    """A value that only a name before it gives away: (as written, the secret)."""
    values = of(ALNUM, 8, 20).map(lambda v: f"q9{v}")
    return values.map(lambda value: (f"{name}{quote}{value}{quote}", value))


def itself(strategy):
    """Secrets that need no name."""
    return strategy.map(lambda value: (value, value))


SECRETS = st.one_of(
    itself(of(string.ascii_uppercase + string.digits, 16).map("AKIA{}".format)),
    itself(of(ALNUM, 36).map("ghp_{}".format)),
    itself(of(ALNUM, 24).map("sk-proj-{}".format)),
    itself(st.tuples(of(ALNUM, 12), of(ALNUM, 30)).map(lambda p: f"eyJ{p[0]}.eyJ{p[1]}.{p[1]}")),
    itself(st.just(KEY)),
    itself(of(string.ascii_lowercase, 3, 12).map("{}@example.com".format)),
    itself(st.sampled_from(["4111 1111 1111 1111", "378282246310005", "5555-5555-5555-4444"])),
    itself(st.sampled_from(["DE89370400440532013000", "GB82 WEST 1234 5698 7654 32"])),
    itself(st.sampled_from(["11010519491231002X", "+1 415 555 0123", "+8613800138000"])),
    itself(st.integers(0, 255).map("203.0.113.{}".format)),
    behind("password="),
    behind("DB_PASSWORD="),
    behind('"api_key": ', '"'),
    behind(r"\"client_secret\": ", r"\""),
    behind("Cookie: sid="),
    behind("Authorization: Bearer "),
    behind("X-Auth-Token: "),
    behind("--password "),
    of(ALNUM, 8, 20).map(lambda p: (f"postgresql://shop:z1{p}@db:5432/shop", f"z1{p}")),
)
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=60)
AROUND = st.sampled_from([" ", "\n", "\t"])


class Cited(BaseModel):
    """As a model cites a value."""

    evidence: str
    value: str


class Reply(BaseModel):
    """As a model replies."""

    statement: str = Field(max_length=80)
    cites: list[Cited] = []


class Repeats:
    """Keeps what it was asked, and answers with what it is told to."""

    name = "repeats"

    def __init__(self, answer: Answer | None = None) -> None:
        self.asked: list[Ask] = []
        self.answer = answer or Answer("repeats", reply=Reply(statement="nothing"))

    def ask(self, ask: Ask) -> Answer:
        self.asked.append(ask)
        return self.answer


def asking(*texts: str, **more) -> Ask:
    """A question with these messages."""
    return Ask(tuple(ChatMessage("user", text) for text in texts), Reply, incident="i1", **more)


@settings(max_examples=300, deadline=None)
@given(WORDS, AROUND, SECRETS, AROUND, WORDS)
def test_no_secret_reaches_the_model_wherever_it_stands(before, left, secret, right, after):
    written, value = secret
    text = f"{before}{left}{written}{right}{after}"
    inner, mask = Repeats(), Mask()
    call = ToolCall("c1", "search_logs", {"pattern": [{"deep": text}]})
    tool = ToolSpec("search_logs", f"finds {text}", {"properties": {"p": {"description": text}}})
    ask = asking(text, f"first line\n{text}", tools=(tool,))
    ask = Ask((*ask.messages, ChatMessage("assistant", text, (call,))), Reply, ask.tools)
    Masked(inner, lambda _incident: mask).ask(ask)
    got = inner.asked[0]
    assert value not in "\n".join(message.content for message in got.messages)
    assert value not in repr((got.messages, got.tools))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(WORDS, SECRETS.map(lambda secret: secret[0])), max_size=6), AROUND)
@example(["password=abc(d)e[1]"], " ")
@example(["[IP_1] Cookie: x=[SECRET_1 cookie]; y=z9z9z9z"], " ")
def test_masking_twice_is_masking_once_and_masks_come_back(parts, between):
    text, mask = between.join(parts), Mask()
    once = mask.mask(text)
    assert mask.mask(once) == once
    if "_1" not in text:  # a text that holds a mask of its own cannot be told from ours
        assert mask.unmask(once) == text


def test_the_same_secret_has_the_same_mask_also_where_nothing_gives_it_away():
    mask = Mask()
    mask.learn(["postgresql://shop:hunter2@db/shop"])
    assert mask.mask("the login hunter2 was refused") == (
        "the login [SECRET_1 url password] was refused"
    )
    first, second = mask.mask("ann@example.com 203.0.113.7"), mask.mask("from 203.0.113.7")
    assert (first, second) == ("[EMAIL_1] [IP_1]", "from [IP_1]")


TELEMETRY = """\
4bf92f3577b34da6a3ce929d0e0e4736 00f067aa0ba902b7 trace=00-4bf92f3577b34da6-00f067aa-01
{"span_id": "4170069114007124", "parent_id": "4703377309806473"}
550e8400-e29b-41d4-a716-446655440000 commit 4f1c2aa sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4
2026-11-21T07:51:19.123Z 1700000000.123 1700000000000000000 12:30:45 +02:00 +12.5%
v1.4.2 1.2.3.4567 Chrome/120.0.0.0 Mozilla/5.0 nginx/1.25.3 version 10.15.7.1
max_tokens: 1200 token_count=500 tokens=7 token: expired Unexpected token: }
password=%s password = $1 SELECT password FROM users WHERE name = ? password: None
def login(token: str, password: SecretStr | None = None): settings.password
10.0.3.7 127.0.0.1:5432 192.168.1.1 172.16.0.9 fe80::1 ::1
memory 15032385536 bytes, order 4111111111111112, shop-1 payments-2 /products/{sku}
secretName: db-tls keyspace=orders author=shop-bot user-agent: curl/8
GET /home/shop/42 /srv/shop/api.py /tmp is full, https://a.b/tmp/c
http://127.0.0.1:9001/RPC2 s3://bucket/a:b rate(http_requests_total[5m]) 90% ± 3
"""


@pytest.mark.parametrize("line", TELEMETRY.splitlines())
def test_ordinary_telemetry_stays_as_it_is(line):
    assert Mask().mask(line) == line


OWNER = "/" + "root"
PATHS = {
    'File "/tmp/lock-trial/drills/d-1/shop/checkouts/v1.4.1/shop/client.py", line 7': (
        'File "[PATH_1 temporary folder]/v1.4.1/shop/client.py", line 7'
    ),
    "/home/user/src/shop/deep/mod.py:3 in f": "[PATH_1 home folder]/shop/deep/mod.py:3 in f",
    'File "/tmp/lock-trial/drills/d-1/shop/…': 'File "[PATH_1 temporary folder]',
    f"cwd={OWNER}/a.b/run.py": "cwd=[PATH_1 home folder]/a.b/run.py",
    "'/srv/ci/.warroom/drills/slow-lock/shop/current/shop/api.py'": (
        "'[PATH_1 working folder]/current/shop/api.py'"
    ),
    r"C:\Users\bob\app\x.py": r"[PATH_1 home folder]\app\x.py",
}


@pytest.mark.parametrize("line", PATHS)
def test_a_path_does_not_tell_whose_machine_it_is_nor_what_is_tried_there(line):
    mask = Mask()
    assert mask.mask(line) == PATHS[line]
    assert mask.unmask(PATHS[line]) == line
    assert mask.reveal(PATHS[line]) == line, "people read the path"


def test_a_recorded_drill_names_no_folder_of_its_own(tmp_path):
    """Its stack traces lay below a temporary folder of whoever recorded it."""
    telemetry = read_bundle(unpacked("hung-dependency", tmp_path))
    logs = telemetry.logs(Window(0, 4e9), having=["exception.stacktrace"])
    mask = Mask()
    said = [mask.mask(str(log.attributes["exception.stacktrace"])) for log in logs[-20:]]
    assert all("/shop/" in text for text in said)
    assert not [text for text in said if "drill" in text or "/tmp" in text]


def test_nested_json_is_masked_by_the_names_of_its_fields():
    mask = Mask()
    masked = mask.mask_value(
        {"password": "swordfish", "n": 4111111111111111, "first_name": "Ann", "ok": True,
         "rows": [{"message": "mail ann@example.com", "ms": 2.5}]}
    )  # fmt: skip
    assert masked == {
        "password": "[SECRET_1]",
        "n": "[CARD_1]",
        "first_name": "[PERSON_1]",
        "ok": True,
        "rows": [{"message": "mail [EMAIL_1]", "ms": 2.5}],
    }


def test_answers_come_back_with_addresses_and_secrets_only_where_they_are_cited():
    mask = Mask()
    masked = mask.mask("203.0.113.7 password=hunter2z")
    assert masked == "[IP_1] password=[SECRET_1 password]"
    cited = [Cited(evidence="E1", value="password=[SECRET_1 password]")]
    reply = Reply(statement="[IP_1] sent [SECRET_1], not [IP_2]" + "." * 45, cites=cited)
    inner = Repeats(Answer("repeats", reply=reply, text=masked))
    answer = Masked(inner, lambda _incident: mask).ask(asking("x"))
    assert isinstance(answer.reply, Reply)
    assert answer.reply.statement.startswith("203.0.113.7 sent [SECRET_1], not [IP_2]")
    assert len(answer.reply.statement) > 80, "what comes back may be longer than what was written"
    assert answer.reply.cites[0].value == "password=hunter2z"
    assert answer.text == masked, "the conversation goes out again: it stays masked"


def test_arguments_of_calls_come_back_with_addresses_and_without_secrets():
    mask = Mask()
    mask.mask("203.0.113.7 password=hunter2z")
    call = ToolCall("c", "traffic", {"sources": ["[IP_1]"], "pattern": "[SECRET_1 password]"})
    inner = Repeats(Answer("repeats", calls=(call,)))
    answer = Masked(inner, lambda _incident: mask).ask(asking("x"))
    assert answer.calls[0].arguments == {
        "sources": ["203.0.113.7"],
        "pattern": "[SECRET_1 password]",
    }


def test_incidents_do_not_share_masks():
    masks: dict[str, Mask] = {}
    inner = Repeats()
    model = Masked(inner, lambda incident: masks.setdefault(incident, Mask()))
    model.ask(asking("mail ann@example.com"))
    model.ask(Ask((ChatMessage("user", "mail bob@example.com"),), Reply, incident="i2"))
    assert [ask.messages[0].content for ask in inner.asked] == ["mail [EMAIL_1]"] * 2
    assert masks["i1"].unmask("[EMAIL_1]") == "ann@example.com"


AWKWARD = Path(__file__).parents[1] / "cases/masking/awkward.toml"
HOSTILE = [
    *(
        "DE12 3",
        "curl -u ",
        "mysql -p ",
        "identified by ",
        "sms ",
        "0123 ",
        "%40",
        "sk-",
        "\uff50",
        "sig=",
    ),
    *("a", "a.", "@", "a@b.", "1.", "1234 ", "+1 23 ", "DE12 ", "a:", "://a:", 'password="', "-"),
    *("cookie=", "password>", "eyJ", "sk-", "Bearer ", "-----BEGIN PRIVATE KEY-----", "\\", "<"),
    *(r"\"token\":\"", "[SECRET_1 ", "token=ab1 ", "ann@example.com ", "203.0.113.7 ", "--token "),
]


@pytest.mark.parametrize("piece", [*HOSTILE, "".join(HOSTILE)])
def test_hostile_text_is_masked_in_time_linear_in_its_length(piece):
    """Squared it would be minutes: the limit of a test is enough."""
    text, mask = piece * (200_000 // len(piece)), Mask()
    assert mask.unmask(mask.mask(text)) == text


def cases(kind: str) -> list:
    """The awkward ones, each under its name."""
    found = tomllib.loads(AWKWARD.read_text())[kind]
    return [pytest.param(c["text"], c["value"], id=c["what"]) for c in found]


@pytest.mark.parametrize(("text", "value"), [*cases("secret"), *cases("personal")])
def test_what_vendors_and_people_write_does_not_leave(text, value):
    whole = "".join(value)
    written = text.replace("{}", whole)
    mask = Mask()
    masked = mask.mask(written)
    telling = value[-1]
    size = min(len(telling), 10)
    assert not [n for n in range(len(telling) - size + 1) if telling[n : n + size] in masked]
    assert mask.unmask(masked) == written


def test_every_rule_compiles_and_can_be_reached():
    for rule in rules.rules():
        assert rule.program.programsize > 0
        assert rule.keywords


def test_what_has_no_width_hides_nothing_and_comes_back():
    mask = Mask()
    text = "pass\u200bword=hunt\u2060er2z; \uff4d\uff41\uff49\uff4c ann\uff20example.com"
    masked = mask.mask(text)
    assert masked == "pass\u200bword=[SECRET_1 password]; \uff4d\uff41\uff49\uff4c [EMAIL_1]"
    assert mask.unmask(masked) == text


def test_what_goes_on_record_holds_no_secret_and_keeps_what_people_need() -> None:
    redact = Redaction()
    text = "password=Tr0ub4dor3xyz from 203.0.113.7 by ann@example.com, card 4111 1111 1111 1111"
    row = {
        "text": text,
        "client_secret": "q9abcdefgh",
        "n": 4111111111111111,
        "bare": "Tr0ub4dor3xyz",
    }
    clean = redact({"rows": [row]})["rows"][0]
    assert clean["text"] == (
        "password=[SECRET_0 password] from 203.0.113.7 by ann@example.com, card [CARD_0]"
    )
    assert (clean["client_secret"], clean["n"]) == ("[SECRET_0]", 4111111111111111)
    assert clean["bare"] == "[SECRET_0 password]"
    assert redact({"rows": [clean]}) == {"rows": [clean]}
    assert redact("service checkout-1 answers") == "service checkout-1 answers"


@given(st.lists(SECRETS, min_size=1, max_size=3), WORDS)
def test_a_model_that_cites_what_was_redacted_cites_what_is_on_record(secrets, words) -> None:
    """No mask of a conversation is taken for one of the record."""
    clean = Redaction()(words + " " + " ".join(written for written, _secret in secrets))
    mask = Mask()
    mask.learn(["password=q9another1"])
    assert mask.unmask(mask.mask(clean)) == clean
