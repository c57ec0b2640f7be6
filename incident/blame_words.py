# ruff: noqa: RUF001, SIM905 (Chinese punctuation; word lists read better as text)
"""Words that put a person on trial, with what to write instead. English and Chinese."""

import re

HINDSIGHT = "say what was known then, and what in the system would have shown more"
TRAIT = "describe the conditions the work was done in, not the person"
FAULT = "name the contributing factor in the system, not who is to blame"
OMISSION = "say what did not happen, and which safeguard was missing"
SYSTEM_DEEPER = "an error has causes: say what made it easy to make and hard to see"
EXHORTATION = "care is not a control: name a check, limit or automation"
NAME = "use the role instead of the name"

PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), suggestion)
    for pattern, suggestion in (
        (r"\b(?:should|could|ought to|must)(?: not|n't|n’t)?(?:'ve|’ve| have)\b", HINDSIGHT),
        (r"\b(?:should|ought to) (?:not )?(?:know|notice|check|realise|realize)\w*\b", HINDSIGHT),
        (r"\bobviously\b|\bof course\b|\bcommon sense\b|\bhow could\b", HINDSIGHT),
        (r"\bcareless(?:ly|ness)?\b|\bsloppy\b|\breckless(?:ly|ness)?\b|\blazy\b", TRAIT),
        (r"\bincompeten(?:t|ce)\b|\bstupid(?:ly)?\b|\binattenti(?:ve|on)\b|\bclumsy\b", TRAIT),
        (r"\birresponsibl[ey]\b|\bnegligen(?:t|ce|tly)\b|\bunprofessional\b", TRAIT),
        (r"\b(?:human|operator|pilot|user) error\b", SYSTEM_DEEPER),
        (r"\bfault of\b|\bat fault\b", FAULT),
        (r"\b(?:his|her|their|my|our|your|whose) (?:own )?fault\b|\b\w+['’]s fault\b", FAULT),
        (r"\bculprits?\b|\bguilty (?:engineer|person|developer|operator)s?\b", FAULT),
        (r"\bforg[eo]t(?:s|ten|ting)?\b|\bneglect(?:ed|s|ing)?\b|\boverlooked\b", OMISSION),
        (r"\bdid(?: not|n't|n’t) bother\b|\bcould(?: not|n't|n’t) be bothered\b", OMISSION),
        (r"\b(?:be|been|being) more careful\b|\bpay (?:more|closer) attention\b", EXHORTATION),
        (r"\btry harder\b|\bbe more (?:diligent|attentive|thorough)\b", EXHORTATION),
        (r"本(?:应|该|来应该)|早(?:应|该)|显然|理所当然|众所周知", HINDSIGHT),
        (r"疏忽|粗心|大意|马虎|不负责任|玩忽职守|渎职|失职|不称职|低级错误|愚蠢", TRAIT),
        (r"人为(?:错误|失误|疏失)|操作失误", SYSTEM_DEEPER),
        (r"的错(?!误)|的过错|怪罪|归咎|责怪|罪魁祸首|肇事者?", FAULT),
        (r"忘记|忘了|遗忘|漏掉|忽视了", OMISSION),
        (r"(?:更加?|要|多加?)小心|提高警惕|加强责任心|不小心", EXHORTATION),
    )
)

BLAME = re.compile(r"\bblam(?:e|ed|es|ing)\b(?! \d)", re.IGNORECASE)
"""Marked unless the whole sentence is about systems: "blame follows the calls" is a method."""

FAILED_TO = re.compile(
    r"\b(?:fail(?:ed|s|ing)? to|neglects? to|refus(?:ed|es) to)\b|未能|没能|没有做到", re.IGNORECASE
)

PEOPLE_NOUNS = frozenset(
    """i he she we they you who someone somebody nobody everyone anyone person people staff
    engineer engineers developer developers dev devs operator operators author authors reviewer
    reviewers manager managers commander lead leads responder responders admin administrator
    team teams colleague colleagues on-call oncall tester testers intern contractor management
    committer maintainers maintainer employee employees human humans""".split()
)

SYSTEM_NOUNS = frozenset(
    """service services server servers database replica process processes instance instances pod
    pods container containers job jobs query queries request requests connection connections
    deploy deployment deployments release releases rollback restart build pipeline migration
    cache queue broker worker workers pool disk node nodes cluster network link dns certificate
    provider api endpoint endpoints gateway proxy balancer probe probes check checks healthcheck
    alert alerts alarm detector call calls login logins retry retries transaction transactions
    backup restore monitor monitoring telemetry metric metrics trace traces log logs system
    systems client clients scraper recorder supervisor app application frontend backend shop
    command commands script scripts tool tools upstream downstream dependency autoscaler
    mitigation action execution attempt replication failover thread threads socket""".split()
)

CHINESE_PEOPLE = (
    "工程师", "开发", "人员", "同事", "值班", "团队", "经理", "他", "她", "我们", "作者", "员工",
)  # fmt: skip
CHINESE_SYSTEMS = (
    "服务", "系统", "数据库", "进程", "请求", "连接", "实例", "部署", "回滚", "重启", "查询",
    "网关", "证书", "缓存", "队列", "告警", "节点", "接口", "供应商",
)  # fmt: skip

HUMAN_VERBS = (
    "forgot|pushed|merged|committed|approved|said|told|wrote|broke|missed|ignored|decided|assumed"
    "|thought|deployed|changed|disabled|deleted|configured|introduced|caused|rolled|ran|made"
)

NOT_NAMES = frozenset(
    """Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April May
    June July August September October November December Warroom Prometheus Alertmanager Grafana
    Postgres PostgreSQL Kubernetes Docker Redis Kafka Python Java Git GitHub Slack Linux Google
    Amazon Azure Cloudflare Stripe OpenTelemetry Supervisor Chaos Default Hand Design Itself Them
    The This That These Those It Its Each Every No None Nobody Someone All Any Some Triage
    Observability Security Performance Debugger Comms Postmortem Operations Engineering Support
    Legal Executives Commander Incident Technical Communications On Service Database Gateway
    Traffic Requests Restart Restarting Roll Rolling Automation""".split()
)

GIVEN_NAMES = frozenset(
    """Adam Ahmed Alan Alex Alice Amy Ana Andrea Andrew Anna Anne Anthony Barbara Ben Bob Brian
    Carlos Carol Charlie Chen Chloe Chris Christine Clara Daniel Dave David Diana Elena Elizabeth
    Emily Emma Eric Erin Eva Fatima Frank George Grace Hannah Hans Heidi Helen Henry Igor Ivan Jack
    Jacob James Jane Jason Jean Jennifer Jessica Jim Joe John Jonas Jordan Jose Juan Julia Karen
    Karl Kate Kevin Kim Kumar Laura Lena Leo Li Linda Lisa Lucas Lucy Luis Maria Mark Martin Mary
    Matt Max Megan Mei Michael Michelle Mike Mohammed Nancy Nick Nina Oliver Olivia Omar Pat Paul
    Peter Priya Rachel Raj Rebecca Richard Rob Robert Ryan Sam Samuel Sara Sarah Scott Sofia Sophie
    Stefan Stephen Steve Susan Thomas Tim Tom Tony Victor Wang Wei William Yuki Zhang Zoe""".split()
)
