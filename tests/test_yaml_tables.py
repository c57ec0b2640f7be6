"""Tables as data: what is right is read as the schema says; what is wrong is explained."""

import re

import pytest

from warroom.actions.base import Profile
from warroom.actions.facts import FactKind, Kind
from warroom.actions.workloads import Cordon, Uncordon
from warroom.agents.causes.candidate import CauseWords
from warroom.agents.causes.cluster_moves import DRAFTS, MoveTable, move_table
from warroom.agents.comms import CommsTable
from warroom.agents.reasoning.reliability import WitnessTable
from warroom.agents.reasoning.sentences import SentenceWords
from warroom.agents.reporting.cause_charts import ChartTable
from warroom.agents.reporting.recovery import StepKind
from warroom.agents.reporting.retrospective import Lessons
from warroom.agents.threats.observations import ThreatWords
from warroom.analysis.code.consequences import HarmTable, KnobTable
from warroom.analysis.code.mechanisms import Mechanism, MechanismTable
from warroom.analysis.code.settings_turned import SettingForms
from warroom.analysis.metrics.kinds import KindWords
from warroom.app.figures_table import Figure
from warroom.cluster.trouble import Cause, Sayings, causes
from warroom.diagnosis.look import Level
from warroom.drills.faults import DrillFault
from warroom.drills.game_day import Card
from warroom.drills.world import World
from warroom.errors import TableError
from warroom.evals.attacks.corpus import AttackTexts
from warroom.evals.conformance.servers import Server
from warroom.evals.peers.peer import Peer
from warroom.incident.classification import RuleTable
from warroom.incident.impact import AssessmentTable
from warroom.incident.severity import Severity, Targets
from warroom.intake.identity import Labels
from warroom.intake.mapping import Mapping
from warroom.models.patterns import Hosts
from warroom.notify.posts import Post
from warroom.oncall.escalation import Practice
from warroom.telemetry.queries import Offered
from warroom.telemetry.sources.cells import Callers
from warroom.telemetry.sources.conventions import Convention
from warroom.telemetry.sources.feed_table import Listing
from warroom.telemetry.sources.known_lines import KnownLines
from warroom.telemetry.sources.otlp import SpanNames
from warroom.telemetry.sources.sight import Need
from warroom.tests.support.house import ROOT
from warroom.text_safety.blame_language import BlameTable
from warroom.text_safety.injection import PhraseTable
from warroom.yaml_tables import AnyCase, Entry, Regex, Words, parse_table, read_table


class Rule(Entry):
    text: str
    pattern: AnyCase
    strict: Regex | None = None
    words: Words = frozenset()
    weight: float = 1.0


Rules = dict[str, list[Rule]]


def test_a_table_is_read_as_its_schema_says() -> None:
    text = "no:\n  - text: null\n    pattern: [a|b, 'c:']\n    words: >\n      on off\n      1_0\n"
    text += "    strict: null\n"
    (rule,) = parse_table(text, Rules, "x.yaml")["no"]
    assert rule.text == "null" and rule.strict is None
    assert rule.pattern == re.compile("a|b|c:", re.IGNORECASE)
    assert rule.words == {"on", "off", "1_0"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "a:\n  - text: t\n    patern: x\n",
            "x.yaml:3: a.0.patern: there is no such key here: write one of text, pattern, strict",
        ),
        ("a:\n  - text: t\n", "x.yaml:2: a.0: it lacks `pattern`: add the key"),
        ("a:\n  - text: t\n    pattern: '('\n", "x.yaml:3: a.0.pattern: not a regular expression"),
        ("a:\n  - text: t\n    pattern: ''\n", "x.yaml:3: a.0.pattern: write a regular expression"),
        (
            "a:\n  - text: t\n    pattern: x\n    weight: much\n",
            "x.yaml:4: a.0.weight: a number is wanted, not 'much'",
        ),
        ("a:\n  - text: t\n    text: u\n    pattern: x\n", "x.yaml:3: text stands here twice"),
        ("a:\n  - text: [t\n", "x.yaml:3: not YAML"),
        ("a: 1\n", "x.yaml:1: a: a list is wanted"),
        ("", "x.yaml:1: the table: names with values are wanted, not None"),
    ],
)
def test_a_wrong_table_says_where_and_what_to_write(text: str, said: str) -> None:
    with pytest.raises(TableError) as error:
        parse_table(text, Rules, "x.yaml")
    assert str(error.value).startswith(said)


def test_a_missing_table_is_named() -> None:
    with pytest.raises(TableError, match=re.escape("analysis/none.yaml: No such file")):
        read_table("analysis/none.yaml", Rules)


@pytest.mark.parametrize(
    ("path", "schema", "right", "wrong", "said"),
    [
        (
            "analysis/code/knobs.yaml",
            KnobTable,
            "{clock: 1, auth: 0.8}",
            "{clok: 1}",
            "down.clok: no mechanism is called so: write one of pool, timeout",
        ),
        (
            "cluster/causes.yaml",
            dict[str, Cause],
            "cure: Uncordon",
            "curse: Uncordon",
            "there is no such key here: write one of fault, statement, cure, wrong_if",
        ),
        (
            "agents/causes/cluster_moves.yaml",
            MoveTable,
            "raised: 1.5",
            "raised: 0.5",
            "raised: ",
        ),
        (
            "cluster/words.yaml",
            Sayings,
            "- {cause: pleg, said:",
            "- {cause: pleg, says:",
            "there is no such key here: write one of cause, said",
        ),
        (
            "diagnosis/levels.yaml",
            dict[str, Level],
            "in use: {warning: 80",
            "in use: {warnig: 80",
            "there is no such key here: write one of warning, bad",
        ),
        (
            "analysis/code/harms.yaml",
            HarmTable,
            "{race: 1, lock: 0.3}",
            "{race: 3}",
            "at most 1 is wanted",
        ),
        (
            "analysis/code/mechanisms.yaml",
            MechanismTable,
            "\n  cache:",
            "\n  breaker:",
            "breaker stands here twice",
        ),
        (
            "analysis/code/settings_turned.yaml",
            SettingForms,
            "{number}",
            "{nmber}",
            "no part is called nmber: write one of key, is",
        ),
        (
            "analysis/metrics/kinds.yaml",
            KindWords,
            "saturation:",
            "saturated:",
            "there is no such key here: write one of error, availability",
        ),
        (
            "text_safety/phrases.yaml",
            PhraseTable,
            "{order}",
            "{ordre}",
            "no part is called ordre: write one of me, who",
        ),
        (
            "text_safety/blame.yaml",
            BlameTable,
            "- instead: trait",
            "- instead: traits",
            "'traits' is none of 'hindsight', 'trait'",
        ),
        (
            "telemetry/sources/spans.yaml",
            SpanNames,
            "numbers:",
            "number:",
            "there is no such key here: write one of renamed, numbers",
        ),
        (
            "telemetry/sources/known_lines.yaml",
            KnownLines,
            "category: network",
            "category: networks",
            "category: String should match pattern",
        ),
        (
            "telemetry/sources/feeds.yaml",
            dict[str, tuple[Listing, ...]],
            "at: committed_date",
            "at: committed_date[",
            ".at: not a path",
        ),
        (
            "telemetry/sql.yaml",
            Offered,
            "joining:",
            "joins:",
            "there is no such key here: write one of functions, table_functions",
        ),
        (
            "incident/classification.yaml",
            RuleTable,
            "severity: P0",
            "severity: P9",
            "classification.yaml:11: rules.0.severity: 'P9' is none of",
        ),
        (
            "telemetry/sources/conventions.yaml",
            tuple[Convention, ...],
            "le_unit: 0.001",
            "le_units: 0.001",
            "there is no such key here: write one of name, metrics, service",
        ),
        (
            "telemetry/sources/callers.yaml",
            tuple[Callers, ...],
            "callee: [server]",
            "called: [server]",
            "there is no such key here: write one of name, metrics, caller, callee, where",
        ),
        (
            "telemetry/sources/sight.yaml",
            tuple[Need, ...],
            "by: [alerts]",
            "from: [alerts]",
            "there is no such key here: write one of specialist, by, sees, do",
        ),
        (
            "notify/posts.yaml",
            dict[str, Post],
            "title: fields.summary",
            "titel: fields.summary",
            "jira.titel: there is no such key here: write one of find, items, title",
        ),
        (
            "oncall/escalation.yaml",
            Practice,
            "notify: secondary",
            "notifies: secondary",
            "there is no such key here: write one of notify, timeout, repeat",
        ),
        (
            "intake/labels.yaml",
            Labels,
            "cluster: ",
            "clusters: ",
            "there is no such key here: write one of service, cluster",
        ),
        (
            "intake/vendors.yaml",
            dict[str, Mapping],
            "  name: AlarmName",
            "  name: Alarm[Name",
            "not a path",
        ),
        (
            "incident/severity.yaml",
            dict[Severity, Targets],
            "resolve_minutes: 60",
            "resolve_minutes: soon",
            "severity.yaml:8: P0.resolve_minutes: a whole number is wanted, not 'soon'",
        ),
        (
            "incident/assessment.yaml",
            AssessmentTable,
            "{complexity: complex, people",
            "{complexity: hard, people",
            "categories.infrastructure.complexity: 'hard' is none of 'simple', 'moderate'",
        ),
        (
            "actions/actions.yaml",
            dict[str, Profile],
            "risk: low",
            "risk: little",
            "answer without model.risk: 'little' is none of 'low', 'medium' or 'high'",
        ),
        (
            "actions/facts.yaml",
            dict[FactKind, Kind],
            "risk: low",
            "risk: little",
            "grant.risk: 'little' is none of 'low', 'medium' or 'high'",
        ),
        (
            "agents/reporting/recovery.yaml",
            dict[str, StepKind],
            "minutes: 30",
            "minutes: long",
            "data.minutes: a number is wanted, not 'long'",
        ),
        (
            "app/figures.yaml",
            dict[str, Figure],
            "most: 300",
            "most: five minutes",
            "detect.most: a number is wanted, not 'five minutes'",
        ),
        (
            "agents/comms.yaml",
            CommsTable,
            "status page: [status page]",
            "web page: [status page]",
            "own_channels.web page: 'web page' is none of 'status page', 'customers'",
        ),
        (
            "agents/causes/words.yaml",
            CauseWords,
            "quota: [quota",
            "quotas: [quota",
            "there is no such key here: write one of shared, data",
        ),
        (
            "agents/reasoning/sentences.yaml",
            SentenceWords,
            "searching: 'looking for",
            "searching: '(looking for",
            "searching: not a regular expression",
        ),
        (
            "agents/reporting/cause_charts.yaml",
            ChartTable,
            "conditions:",
            "condition:",
            "there is no such key here: write one of conditions, together, bones",
        ),
        (
            "agents/reporting/lessons.yaml",
            Lessons,
            "  unchanged: [",
            "  changed: [",
            "'changed' is none of 'started', 'better'",
        ),
        (
            "agents/reasoning/strength.yaml",
            dict[str, float],
            "certificates: 0.6",
            "certificates: much",
            "a number is wanted, not 'much'",
        ),
        (
            "agents/reasoning/ruling.yaml",
            dict[str, list[str]],
            "logs: [error_groups, log_patterns]",
            "logs: error_groups",
            "logs: a list is wanted, not 'error_groups'",
        ),
        (
            "agents/reasoning/witnesses.yaml",
            WitnessTable,
            "refuting: 0.6",
            "refuting: 5",
            "refuting: at most 1 is wanted",
        ),
        (
            "agents/threats/words.yaml",
            ThreatWords,
            "tools:",
            "tool:",
            "there is no such key here: write one of probes, tools",
        ),
        (
            "drills/worlds/queue.yaml",
            World,
            "copies: 4",
            "copys: 4",
            "services.1.copys: there is no such key here: write one of name, module, copies",
        ),
        (
            "drills/game-day.yaml",
            tuple[Card, ...],
            "at: 0.05",
            "when: 0.05",
            "there is no such key here: write one of at, text",
        ),
        (
            "models/hosts.yaml",
            Hosts,
            "10.0.0.0/8",
            "10.0.0.0/80",
            "inside.1: ",
        ),
        (
            "drills/faults/memory-leak.yaml",
            DrillFault,
            "effective_actions:",
            "hangs:",
            "truth.hangs: there is no such key here: write one of symptoms, service",
        ),
        (
            "evals/conformance/servers.yaml",
            dict[str, Server],
            "proof: live",
            "proof: lively",
            "proof: 'lively' is none of 'live', 'run', 'acted', 'ci', 'fake' or 'untried'",
        ),
        (
            "evals/peers/peers.yaml",
            dict[str, Peer],
            "program: holmes",
            "programme: holmes",
            "holmesgpt.programme: there is no such key here: write one of version, program",
        ),
        (
            "evals/again.yaml",
            dict[str, list[str]],
            "[bad-flag, 03b8a03a, 377734d3]",
            "{bad-flag: 03b8a03a}",
            "flag volume-pricing of checkout: a list is wanted",
        ),
        (
            "evals/peers/words.yaml",
            dict[str, AnyCase],
            "most likely|likely cause",
            "most likely|(likely cause",
            "guess: not a regular expression",
        ),
        (
            "evals/attacks/texts.yaml",
            AttackTexts,
            "held_out:",
            "heldout:",
            "there is no such key here: write one of known, held_out",
        ),
    ],
)
def test_our_own_tables_are_checked(path, schema, right, wrong, said) -> None:
    text = (ROOT / path).read_text()
    assert right in text
    with pytest.raises(TableError, match=re.escape(said)):
        parse_table(text.replace(right, wrong, 1), schema, path)


def test_every_mechanism_has_words_by_which_it_shows() -> None:
    text = "shows:\n  pool: x\ngeneral: {}\n"
    with pytest.raises(TableError, match=r"nothing says how timeout, .*breaker shows"):
        parse_table(text, MechanismTable, "x.yaml")
    assert len(Mechanism) > 20


def test_of_every_trouble_it_is_said_who_moves() -> None:
    table = move_table()
    drafted = {cause for some in table.drafted.values() for cause in some}
    by_hand = [cause for some in table.person.values() for cause in some]
    cure = "write each into agents/causes/cluster_moves.yaml: what is drafted, or why a person acts"
    assert drafted | {*by_hand} == causes().keys(), cure
    assert not drafted & {*by_hand}
    assert len(by_hand) == len(set(by_hand))
    assert table.drafted.keys() - DRAFTS.keys() == {Cordon.kind, Uncordon.kind}
    put = {cause for some in table.put_back.values() for cause in some}
    assert put == {*table.drafted["put back"]}
