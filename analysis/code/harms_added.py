"""What does harm when it is added, in the words of the usual languages and libraries."""

from .harm import harm

ADDED = (
    harm("a pause", r"\bsleep\(", timeout=0.8, capacity=0.8, pool=0.5),
    harm(
        "a lock",
        r"\.?\block\(|mutex|synchronized|with \w*lock\b|SERIALIZABLE",
        lock=0.9,
        capacity=0.7,
        timeout=0.5,
    ),
    harm(
        "locking of rows",
        r"FOR UPDATE|LOCK TABLE|ALTER TABLE|VACUUM FULL|select_for_update|"
        r"with_for_update",
        lock=1,
        timeout=0.6,
        database=0.6,
    ),
    harm(
        "the drop of an index",
        r"DROP INDEX|remove_index|drop_index|dropIndex",
        database=1,
        timeout=0.5,
        cpu=0.4,
    ),
    harm(
        "the drop or rename of a column or table",
        r"DROP (?:COLUMN|TABLE)|RENAME (?:COLUMN|TO)|remove_column|rename_column",
        schema=1,
        database=0.3,
    ),
    harm(
        "a join, a sort or a scan",
        r"\bJOIN\b|ORDER BY|LIKE ['\"]%|SELECT \*|regexp",
        database=0.8,
        cpu=0.3,
    ),
    harm("a query", r"\bSELECT\b.*\bFROM\b", database=0.6, fanout=0.4),
    harm(
        "something unbounded",
        r"maxsize=None|unbounded|newCachedThreadPool|LinkedBlockingQueue\(\)|readall|"
        r"ReadAll\(|\.findAll\(\)|\.all\(\)",
        memory=1,
        capacity=0.4,
    ),
    harm(
        "what is kept",
        r"self\.\w+\[[^\]]+\] ?=|\bcache\w*\[|global\w*\.(?:append|add|push)|static "
        r".*(?:Map|List)\b|self\.\w+\.append\(|this\.\w+\.push\(",
        memory=0.8,
    ),
    harm(
        "a demand",
        r"\brequired\b|NOT NULL|strict\w* ?[:=] ?true|DisallowUnknown|FAIL_ON|"
        r"additionalProperties.*false",
        schema=0.9,
        data=0.7,
    ),
    harm(
        "use of a value that may be missing",
        r"\.unwrap\(\)|!!\.|\.orElseThrow|\.get\(\)\.|as!|\[0\]|\.first\(\)",
        null=0.8,
        crash=0.5,
    ),
    harm(
        "heavy work",
        r"bcrypt|scrypt|pbkdf|deepcopy|\.compile\(|gzip|compress|encrypt|re\.match|"
        r"\.\*\)\+",
        cpu=0.9,
        timeout=0.3,
    ),
    harm("writing through to disk", r"fsync|\.sync\(|flush=True|sync_all", disk=0.5, timeout=0.6),
    harm(
        "local time",
        r"datetime\.now\(\)|LocalDateTime|time\.Local\b|fromtimestamp\([^,]*\)",
        clock=0.8,
    ),
    harm(
        "a call that blocks",
        r"\w+Sync\(|\.block\(\)|\.Result\b|\.Wait\(\)|run_until_complete|\.blockingGet",
        capacity=1,
        timeout=0.6,
        cpu=0.6,
    ),
    harm(
        "a single worker",
        r"newSingleThread|max_workers ?= ?1\b|Semaphore\(1\)|setMaxParallel\w*\(1\)",
        capacity=1,
        pool=0.6,
        timeout=0.4,
    ),
    harm(
        "threads or timers",
        r"\bgo func|threading\.Thread|new Thread|setInterval|create_task|\.spawn\(",
        handles=0.5,
        memory=0.5,
        cpu=0.5,
        race=0.4,
    ),
    harm(
        "an end of the process",
        r"\bpanic\(|os\.exit|System\.exit|process\.exit|\bfatal\(|\babort\(",
        crash=1,
    ),
    harm("many retries", r"while (?:true|1)\b|for \(;;\)|loop \{", cpu=0.6, storm=0.6),
)
