"""What does harm when it is taken away, in the words of the usual languages and libraries."""

from .harm import harm

TAKEN = (
    harm(
        "a lock",
        r"\.?\b(?:r?lock|unlock)\(|mutex|synchronized|semaphore|with \w*lock\b|atomic",
        race=1,
        lock=0.3,
    ),
    harm(
        "a check for a missing value",
        r"[!=]==?\s*(?:nil|null|none|undefined)\b|is (?:not )?(?:none|null)\b|\?\.|\?\?|"
        r"ofNullable|isPresent|is_some|if not \w+[:.]|if \w+ in |if \(!\w+|"
        r"hasOwnProperty|getOrDefault|\.get\([^()]*,",
        null=1,
        crash=0.5,
    ),
    harm(
        "what closes or frees",
        r"\.close\(|defer .*(?:close|cancel)|with open|with \w+.*\bas \w+:|\busing\b "
        r"?\(|try ?\(|\brelease\(|dispose\(|\bfree\(|unsubscribe|removeListener|"
        r"clearInterval",
        handles=1,
        memory=0.7,
        pool=0.9,
    ),
    harm(
        "a bound",
        r"\bLIMIT\b|\.limit\(|\.take\(|\bTOP \d|paginat|maxsize=\d|\[:\d+\]|\.slice\(0",
        database=1,
        memory=0.7,
        payload=0.7,
        timeout=0.4,
    ),
    harm(
        "a condition of a query",
        r"\bWHERE\b|\bAND\b|\.where\(|\.filter\(",
        database=0.9,
        data=0.7,
        payload=0.7,
        memory=0.6,
    ),
    harm(
        "an index",
        r"CREATE (?:UNIQUE )?INDEX|add_index|@Index|db_index=True|index=True",
        database=1,
    ),
    harm(
        "a cache",
        r"cache\w*\.(?:get|fetch|put|set|load)|@cache|@Cacheable|lru_cache|memoi[sz]e|"
        r"\.remember\(",
        cache=1,
        database=0.7,
        fanout=0.6,
        cpu=0.4,
    ),
    harm("a pause between attempts", r"sleep\(|back_?off|jitter", storm=1, retries=0.8),
    harm("retries", r"\bretr(?:y|ies)|max_?attempts", retries=1),
    harm("a timeout", r"time_?out|deadline", pool=0.7, capacity=0.7, timeout=0.3),
    harm(
        "what evicts or deletes",
        r"evict|popitem|\.delete\(|\.remove\(|\.clear\(|\bdel \w|\.shift\(|\.pop\(",
        memory=1,
        disk=0.4,
    ),
    harm(
        "a check",
        r"\bvalidat\w*\(|\bverif\w*\(|\bassert|sanitiz|is_?valid|\bcheck\w*\(",
        data=0.8,
        schema=0.6,
        auth=0.4,
        null=0.3,
    ),
    harm("waiting for a result", r"\bawait\b|\.join\(|\.wait\(|\.get\(\)", race=0.9, data=0.4),
    harm("a transaction", r"\btransaction|@Transactional|\bBEGIN\b|\bCOMMIT\b", data=0.7, race=0.7),
    harm(
        "handling of a failure",
        r"\bexcept\b|\bcatch\b|\brescue\b|\brecover\(|\.catch\(|fallback|or_?else",
        crash=0.7,
        null=0.4,
    ),
    harm("a tolerance", r"leeway|skew|tolerance|grace", clock=1, auth=0.8),
    harm("an order", r"ORDER BY|\bsorted\(|\.sort\(", lock=0.8, data=0.3),
    harm(
        "a conversion",
        r"divide\(|/ ?100\b|\* ?100\b|/ ?1000\b|\* ?1000\b|setScale|to_?cents|to_?units|"
        r"HUNDRED",
        units=1,
    ),
    harm("UTC", r"\butc\w*\b|time\.UTC|tz=", clock=1),
    harm(
        "an encoding",
        r"utf[-_]?8|\.encode\(|\.decode\(|escape\(|quote\(|urlencode",
        encoding=1,
        schema=0.3,
    ),
    harm(
        "a guard against duplicates",
        r"distinct|dedup|idempoten|\bunique\b|ON CONFLICT",
        data=0.8,
        race=0.5,
    ),
    harm(
        "loading of what belongs together",
        r"\.includes\(:|preload|eager_load|select_related|prefetch_related|JOIN FETCH|"
        r"EntityGraph|\.Include\(|joinedload|selectinload|data_?loader",
        fanout=1,
        database=0.8,
    ),
    harm(
        "a shared instance",
        r"\bstatic (?:readonly|final)\b|singleton|sync\.Once|lazy_static|OnceCell|\bby "
        r"lazy\b|global \w+",
        handles=1,
        pool=0.8,
        memory=0.6,
        cpu=0.5,
        tls=0.3,
    ),
    harm(
        "an end of a loop or of waiting",
        r"^\s*break\b|\bbreak;|ctx\.Done\(|isInterrupted|cancel(?:led|lation)|"
        r"stop_event|is_set\(",
        memory=0.9,
        handles=0.9,
        cpu=0.9,
        capacity=0.5,
        storm=0.4,
    ),
    harm(
        "a network rule",
        r"\bingress\b|\begress\b|security_group|\ballow\b|firewall|cidr|NetworkPolicy",
        address=1,
        timeout=0.6,
    ),
    harm(
        "what makes access safe",
        r"Concurrent\w+|Atomic\w+|\bvolatile\b|\bchan\b|synchroni[sz]ed\w+|"
        r"copy_on_write|threading\.local",
        race=1,
    ),
    harm("skipping of what is locked", r"SKIP LOCKED|NOWAIT|try_?lock", lock=1, capacity=0.5),
    harm(
        "a protection",
        r"breaker|hystrix|resilience4j|bulkhead|rate_?limit|throttl|debounce",
        storm=0.9,
        capacity=0.9,
        ratelimit=0.6,
    ),
    harm("authentication", r"authori[sz]|authenticat|setHeader\(.*auth|Bearer", auth=0.9),
)
