"""Mechanisms by which systems fail, in the words that logs, metrics and spans use for each.

The vocabulary is that of the field (SRE handbooks, drivers, runtimes, HTTP and gRPC codes), kept
broad: it says what kind of failure is seen, never what caused it. Patterns read plain words
(wording.plain), so `db_pool_waiting`, `DbPoolWaiting` and "db pool waiting" are one.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from .wording import plain


class Mechanism(StrEnum):
    """One way to fail."""

    pool = "connections run out"
    timeout = "calls are cut off"
    storm = "retries overload a callee"
    retries = "retries give up"
    memory = "memory runs out"
    cache = "the cache misses"
    database = "queries do more work"
    fanout = "more calls a request"
    lock = "transactions block each other"
    race = "concurrent access collides"
    null = "a missing value is used"
    schema = "two sides disagree on a format"
    auth = "identities are refused"
    tls = "TLS does not come about"
    config = "a setting is missing"
    address = "a peer cannot be found"
    disk = "the disk fills or fails"
    volume = "more is written"
    ratelimit = "requests are throttled"
    clock = "clocks and expiry disagree"
    units = "amounts are off"
    encoding = "text cannot be read"
    payload = "messages are too large"
    handles = "handles leak"
    cpu = "the processor is busy"
    capacity = "too few workers"
    data = "records make no sense"
    crash = "the process dies"
    stale = "values are out of date"
    breaker = "a circuit breaker is open"


M = Mechanism
_SHOWS = {
    M.pool: r"\bpools?\b|connections? (?:is |are )?(?:not available|exhausted|in use)|too "
    r"many "
    r"(?:clients|connections)|pending threads|no (?:free|idle|available) connection|"
    r"acquir\w+ .*conn",
    M.timeout: r"deadline exceeded|exceeded deadline|timed? ?out|context cancell?ed|cancell?ed|"
    r"deadline|did not answer within|time budget",
    M.storm: r"retr(?:y|ies|ying)|\battempt|overload|thundering|stampede",
    M.retries: r"(?:retr\w+|attempts?)\b.{0,20}(?:exhaust|gave up|giving up|used up)|max\w* "
    r"(?:retries|attempts)|exhausted .{0,20}(?:retr|attempt)",
    M.memory: r"\boom|out of memory|\bheap\b|\bgc\b|garbage collect|\bmemory\b(?! address)|"
    r"exit code 137|\brss\b|\bswap\b",
    M.cache: r"\bcache|\bevict|cold start",
    M.database: r"slow query|rows (?:examined|read|scanned)|(?:seq\w*|full|table) scan|"
    r"query (?:time|latency|duration)|db (?:cpu|query|latency|statement|rows)|statement timeout|"
    r"quer(?:y|ies)|\bselect\b.*\bfrom\b",
    M.fanout: r"(?:calls?|quer(?:y|ies)|statements?|lookups?) (?:count )?(?:per|in|each|an?) "
    r"request|query count|\bn 1\b|fan ?out|too many (?:calls|queries)",
    M.lock: r"deadlock|lock (?:wait|timeout|acquire)|(?:could not|cannot) (?:obtain|"
    r"acquire) .*"
    r"lock|wait\w* .*lock|contention|rollback|locks? waiting",
    M.race: r"concurrent (?:map|modif|access|update|write)|\brace\b|concurrentmodification|"
    r"double free|lost update|dictionary changed size|duplicate",
    M.null: r"nil pointer|null ?pointer|null reference|none ?type|undefined|cannot read "
    r"propert|"
    r"attribute error|segfault|segmentation|invalid memory address|dereferenc|no such element|"
    r"unwrap|key error|type error",
    M.schema: r"deseriali|unmarshal|\bdecod|pars(?:e|ing)|unpars|missing (?:required )?"
    r"(?:field|property|column|key)|unknown (?:field|column|property|enum)|schema|unexpected "
    r"(?:field|token|type|end)|cannot (?:convert|be cast)|incompatible|no such column|column .*"
    r"does not exist|protobuf|\bavro\b|invalid (?:format|enum)|unrecognized",
    M.auth: r"unauthori[sz]ed|forbidden|permission|access denied|\b40[13]\b|\btoken|\bjwt\b|"
    r"signature|credential|authenticat|authoriz|log ?in\b|\bpassword|audience|issuer",
    M.tls: r"\btls\b|\bssl\b|x ?509|certificate|handshake|cipher|protocol version",
    M.config: r"key error|missing (?:env|config|setting|required (?:config|setting|variable))|"
    r"not set\b|environment variable|placeholder|no (?:such )?(?:property|setting)|unset|misconfig",
    M.address: r"no such host|name resolution|\bdns\b|nxdomain|unknown host|connection refused|"
    r"could not connect|connection (?:timed out|reset|closed)|closed connection|"
    r"broken pipe|unexpected eof|cannot connect|failed to connect|"
    r"unreachable|no route|\blookup\b|not found|\b404\b|unknown (?:topic|queue|bucket)",
    M.disk: r"no space left|\bdisk|read only file|\binode|enospc|\bi o error|input output "
    r"error|"
    r"\bvolume\b.*(?:full|used)",
    M.volume: r"log write|\blps\b|(?:lines|bytes|events|records|logs) (?:written|per)|no "
    r"space "
    r"left|disk used|ingest\w* (?:rate|volume)|cardinality|throughput lps|log volume",
    M.ratelimit: r"\b429\b|rate limit|too many requests|throttl|\bquota",
    M.clock: r"\bexpir|not yet valid|\bclock\b|\bskew|time ?zone|in the future|too old|"
    r"\bdrift|"
    r"not after|daylight|timestamp .*(?:old|future|ahead|behind)",
    M.units: r"\bamount|currenc|rounding|precision|overflow|exceeds .*limit|\bprice|decimal|"
    r"conversion|\bunits?\b|mismatch|balance|negative",
    M.encoding: r"encod(?:e|ing)|\butf\b|charset|unicode|invalid byte|\bcodec\b|mojibake",
    M.payload: r"payload|too large|\b413\b|(?:body|message|header) size|truncat|exceeds "
    r"max\w* size|entity too|larger than max|resource exhausted",
    M.handles: r"too many open files|file descriptor|\bopen fds\b|\bfds?\b|emfile|ports? "
    r"exhausted|ephemeral|\bleak|goroutines|thread count|live threads|time wait|\bsockets?\b",
    M.cpu: r"\bcpu\b|run queue|load average",
    M.capacity: r"\bqueued?\b|queue depth|saturat|workers?\b|threads? (?:pool )?(?:exhaust|"
    r"busy)|"
    r"shed|overload|backlog|rejected|concurrency|at capacity|"
    r"event ?loop|blocked for|starv|all .*busy",
    M.data: r"malformed|corrupt|invalid record|out of range|validation|constraint|checksum|"
    r"integrity|poison|not a number|redeliver",
    M.crash: r"\bpanic|\bfatal\b|crash|restart|exit code|abort|segfault|terminated|"
    r"probe failed|back off|index out of (?:range|bounds)",
    M.stale: r"\bstale|outdated|out of date|old value|not up to date|\blag\b",
    M.breaker: r"circuit|\bbreaker|half open",
}
_PATTERNS = {name: re.compile(pattern) for name, pattern in _SHOWS.items()}
GENERAL = {M.crash: 0.4, M.capacity: 0.6, M.timeout: 0.8, M.cpu: 0.7}
"""What many faults end in says less about which one it is."""


@dataclass(frozen=True)
class Symptom:
    """One thing that the telemetry of the incident says and did not say before."""

    service: str
    source: str
    """log, span, metric"""
    text: str
    strength: float
    """0..1: how loudly: an error says more than a warning, words more than a name."""
    row: int = -1
    """Where it stands in the evidence."""


@dataclass(frozen=True)
class Shown:
    """How clearly a mechanism is seen, and in which symptoms, the clearest first."""

    level: float
    symptoms: tuple[Symptom, ...]


def shown(symptoms: Iterable[Symptom]) -> dict[Mechanism, Shown]:
    """How clearly each mechanism is seen, 0..1: what several symptoms say adds up (noisy or)."""
    found: dict[Mechanism, list[Symptom]] = {}
    for symptom in symptoms:
        text = plain(symptom.text)
        for name, pattern in _PATTERNS.items():
            if pattern.search(text):
                found.setdefault(name, []).append(symptom)
    return {name: _shown(name, hits) for name, hits in found.items()}


def _shown(name: Mechanism, hits: list[Symptom]) -> Shown:
    left = 1.0
    for symptom in hits:
        left *= 1.0 - 0.9 * min(1.0, max(0.0, symptom.strength))
    ordered = sorted(hits, key=lambda s: -s.strength)
    return Shown((1.0 - left) * GENERAL.get(name, 1.0), tuple(ordered))
