"""Phrases by which a text addresses whoever analyses it, instead of saying what happened.

By what they do: override, address, claim a role, claim an approval, hide, extract, flood, forge
structure. Each alone is enough, so each is narrower than a single word: programs do log "ignored",
"approved" and "agent". Runs between words are bounded: no expression takes squared time.
"""
# ruff: noqa: RUF001 - Chinese signs, on purpose

from .required import AnyOf

ME = r"(?:ai|a\.i\.|llm|gpt|chatgpt|claude|copilot|language models?|assistant|chat ?bot)"
WHO = rf"(?:{ME}|(?:ai|automated|machine|llm) (?:operator|reader|analyst|system|remediation)"
WHO += r"|(?:ai |automated |incident )?(?:agent|responder|bot)|model|machine|automation)s?"
GAP = r"[^.!?\n]{0,60}?"
WORK = (
    r"(?:incident|alert|root cause|report|analysis|timeline|post-?mortem|summary|"
    r"hypothes[ie]s|severity"
    r"|finding|commander|approval|plan)s?"
)
ORDER = (
    r"(?:instruction|prompt|rule|guideline|directive|polic(?:y|ie)|guardrail|restriction|proposal"
    r"|runbook|playbook|safeguard)s?"
)
ENGLISH = (
    # override
    r"(?:ignore|disregard|forget|override|bypass|neglect) (?:(?:all|any|the|your|every|these|"
    r"those|previous|"
    r"prior|above|earlier|preceding|system|safety|other|of|given|existing|[\w]+'s) ){1,5}"
    rf"{ORDER}\b",
    r"(?:ignore|disregard|forget) (?:everything|anything|all|what) (?:[\w']+ ){0,4}?"
    r"(?:above|before|earlier|previously|prior|told)",
    r"system (?:prompt|notice|message|override)\b(?: (?:for|to)\b| together|:)|(?:your|the|"
    r"my|new) system prompt",
    r"new (?:rule|instruction|task|order|role)s? (?:for|to|are|is)\b|(?:begin|start|end|"
    r"list) of instructions",
    r"end(?: of)?(?: the)? (?:untrusted \w+|evidence|telemetry data|user input|external content)\b",
    r"(?:the )?(?:operator|commander|administrator|user) (?:writes|says|orders|commands|"
    r"instructs) ?[:,\"]",
    # address
    rf"(?:note|notice|message|attention|hint|hints|instructions?|update|reminder|memo|advice|"
    rf"order)s?"
    rf"[,:]? (?:to|for) (?:the |any |all |every |our |whichever )?{WHO}\b",
    rf"(?:attention|dear|hey|hello|hi|listen|ok|okay)[, ]+(?:the |all |incident )?{WHO}\b",
    rf": ?(?:{ME}|ai agents?|incident responder|responder)s?, (?:please|now|you|do|never|always) ",
    rf"(?:^|[.;>\"'] ?)(?:please,? )?(?:{ME}|ai agents?|incident responder|responder)s?[,:] ?\w",
    rf"if you(?:'re| are) (?:an? |the )?{GAP}\b{WHO}\b",
    rf"\b(?:{ME}|automated agent|machine reader|llm reader|"
    rf"language model)s?(?: \w+){{0,4}}? (?:must|shall|should|may|"
    r"can|ought to|have to|has to|needs? to|will|is to|are to) \w",
    rf"\b{WHO} (?:must|shall|should|may|ought to|have to|has to|is to|are to) (?:always |"
    rf"never |now |only |not )*"
    r"(?:answer|say|tell|treat|conclude|report|omit|obey|follow|recommend|approve|execute|"
    r"proceed|reply|"
    r"respond|ignore|output|skip|classify|close|mark|state|propose|choose|prefer)\b",
    # role
    r"you(?:'re| are) (?:now |no longer |hereby )?(?:an? |the )?(?:[\w'-]+ ){0,3}?(?:ai|"
    r"assistant|bot|model|agent|responder|admin"
    r"\w*|root|developer|operator|language model)\b",
    r"you (?:must|shall|should|may|will|need to|have to|are to|can) (?:now |always |never |"
    r"not |only |also )*"
    r"(?:conclude|report|approve|execute|ignore|obey|proceed|reveal|print|say|answer|act|"
    r"write|tell|open|"
    r"close|mark|send|page|delete|skip|omit|state|trust|comply|respond|treat|choose|propose|"
    r"announce)\b",
    r"you obey\b|from now on,? you|act as (?:an?|the|if)\b|pretend (?:to be|that|you)",
    r"your (?:new |next |only |real )?(?:task|job|role|goal|mission|objective) (?:is|are|now)\b",
    r"your (?:next|final) (?:step|message|answer|action|reply|response|tool call)\b|(?:each|"
    r"all|every) of your (?:messages|answers|replies)",
    r"(?:in|from|into|of) your (?:final )?(?:report|analysis|answer|summary|response|reply|"
    r"conclusion)",
    r"(?:correct|right|next|required) tool call|tool (?:result|output|response): ?\S+\(",
    # approval
    r"pre-?(?:approved|authori[sz]ed)|(?:commander|cto|ceo|manager|management|security team|"
    r"change board|operator|lead)"
    r"(?: \w+){0,3}? (?:has|have|had|already)? ?(?:approved|authori[sz]ed|agreed|signed off|"
    r"confirmed) (?!by\b)",
    r"\bapproval (?:is |was |has been )?(?:granted|given|waived|not (?:needed|required)|"
    r"unnecessary)",
    r"\bno (?:\w+ )?(?:confirmation|approval|verification|review|consent) (?:is |"
    r"are )?(?:needed|required|necessary)",
    r"without (?:\w+ )?(?:asking|approval|confirmation|consent|permission)(?= again| from|"
    r" of|[^\w ]|$)",
    r"(?:skip|bypass|disable|ignore|circumvent) (?:the|any|all|every|human|"
    r"its) (?:human )?(?:approval|confirmation|review|gate)s?(?: gate)?\b",
    r"(?:i|we|hereby) (?:hereby )?authori[sz]e (?:you|the|this|all)|(?:silence|that|"
    r"this) as (?:consent|approval)",
    r"[\"']?(?:decision|verdict|approval)[\"']? ?[:=] ?[\"']?(?:approved|granted|true)\b",
    r"\b(?:approve|execute|run|confirm) (?:this|the|all|every) (?:plan|action|remediation|"
    r"rollback|fix)s?\b",
    # hide
    r"(?:do not|don't|never|must not) (?:escalate|page|investigate|mention|disclose|reveal|"
    r"blame)\b(?! (?:to|as) )",
    r"(?:do not|don't|never|must not) (?:report|tell|include|alert|cite|quote) (?:this|it|"
    r"these|that|any\w*|the)\b",
    rf"(?:left|leave|kept|keep|stay|omit\w*|exclude\w*|"
    rf"remove\w*) (?:[\w'-]+ ){{0,6}}?(?:out of|from|away from) (?:the |your |any )?{WORK}\b",
    r"\bmust be (?:left out|omitted|ignored|excluded|concealed)|(?:shall|should|must|"
    r"please) (?:omit|conceal|hide|suppress)\b",
    rf"(?:describe|report|classify|mark|close|treat|label|declare) (?:the |this |it |these |"
    rf"all )?(?:{WORK}|errors?|it|this)?"
    r"(?: [\w-]+){0,4}? as (?:an? |the )?(?:[\w-]+ )?(?:resolved|closed|noise|false|network|"
    r"expected|harmless|test|benign|unrelated|normal)",
    r"(?:set|change|put|write) (?:the )?(?:root cause|severity|cause) (?:to|as)\b|"
    r"conclude that\b[^.\n]{0,40}(?:noise|nothing|false|harmless)",
    r"report (?:severity |level )?p[0-4]\b",
    # fake fix
    r"\brm -rf /|\| ?(?:sudo )?(?:ba|z)?sh\b(?! -)|(?:recommend|choose|use|apply) exactly this\b",
    r"\b(?:only|one and only) (?:working |known |possible |right )?(?:remedy|cure|fix|"
    r"solution|way to recover) (?:is|to)\b",
    # extract
    r"\b(?:send|post|upload|forward|leak|append|include|print|output|reveal|dump|e-?mail|"
    r"paste|share|show|attach|publish)\b"
    rf"{GAP}(?:\.env\b|/etc/passwd|\bapi keys\b|\bpasswords\b|\bcredentials to\b|\bsecrets\b|"
    rf"environment variables|"
    r"connection string|system prompt|private keys?|ssh keys?|full context|access tokens)",
    r"!\[[^\]\n]{0,80}\]\(https?:|\bcurl\b[^\n]{0,40} (?:-d|--data\S*|-f|-t|"
    r"--upload-file) ?@?|\bwget\b[^\n]{0,40}--post",
    # flood
    r"repeat (?:the|this|that|it)\b[^.\n]{0,60}(?:times|sentence|again|forever)|(?:endless|"
    r"infinite) loop (?:until|and|to)\b",
    r"(?:page|wake|call) (?:every|all) (?:\w+ )?(?:teams?|customers?|users?|employees|engineers)",
    r"(?:send|post|publish)\b[^.\n]{0,40}\b(?:to|for) (?:all|every|our|each) (?:customers?|"
    r"users?|clients?|teams?)",
    r"for (?:each|every) line of (?:this|the) log|until the (?:budget|tokens?|quota) (?:is|"
    r"are) used up",
    r"tell (?:the |our |all |every )(?:customers?|users?|clients|commander) (?:to|that)\b",
)
CHINESE = (
    r"(?:忽略|无视|忘记|忘掉|不要理会|不理会|抛开|违反)[^。\n]{0,10}(?:指令|指示|规则|规定|"
    r"提示|要求|手册|以上|之前|上述|监控|日志)",
    r"(?:给|致|告诉|通知)[^。\n]{0,8}(?:AI|人工智能|助手|机器人|模型|智能体|自动化程序)",
    r"(?:AI|人工智能|助手|机器人|模型|自动化程序|智能体)(?!服务|接口|平台|"
    r"流量)[^。\n]{0,8}(?:必须|应当|应该|请|照|不要|不得|可以|务必|只能|需要)",
    r"你(?:必须|应该|应当|需要|务必|现在是|是一个|是一名|被授权|可以不|不得|不要|的任务|的新)",
    r"(?:不要|别|不得|切勿|请勿)[^。\n]{0,10}(?:提到|提及|报告|上报|告诉|回滚|调查|通知|怀疑|"
    r"写入|升级)",
    r"(?:无需|不用|不必|不需|不经|未经|跳过|免去|绕过)[^。\n]{0,6}(?:确认|批准|审批|人工|"
    r"验证|再问|同意|审核|授权)",
    r"(?:指挥官|领导|上级|经理|总监|管理员|负责人|委员会)[^。\n]{0,6}(?:批准|同意|授权|签字|"
    r"许可)|(?:所有|全部)(?:操作|方案|计划)[^。\n]{0,4}(?:批准|同意|授权)|(?:授权|批准|"
    r"允许)(?:你|所有|全部|一切)",
    r"系统提示词?|新(?:规则|指令|任务|要求)[：:]|(?:以上|证据|数据|"
    r"内容)[^。\n]{0,6}(?:到此)?(?:结束|为止)",
    r"(?:发送|上传|发到|发给|输出|打印|泄露|公布|贴到)[^。\n]{0,24}(?:\.env|密钥|密码|提示词|"
    r"上下文|令牌|凭证|https?:)",
    r"(?:\.env|密钥|密码|提示词|上下文|令牌|凭证)[^。\n]{0,16}(?:发送|上传|发到|发给|写进|"
    r"写到|贴到|公布)",
    r"(?:原因|根因|严重级别|结论)(?:写成|写为|设为|设成|改为|改成|定为|归为)",
    r"(?:判定|认定|标记|视)(?:这)?(?:是|为)[^。\n]{0,6}(?:误报|噪音|正常|无害)|关闭(?:该|此|"
    r"这个|本)(?:事件|告警|故障)",
    r"重复[^。\n]{0,6}[遍次]|每[^。\n]{0,4}秒[^。\n]{0,14}(?:发|通知|呼叫)",
    r"(?:立即|马上|直接|立刻)(?:重启|回滚|执行|删除|缩容|调用|停掉|停止|关闭|清空)",
    r"(?:以下|下面)是[^。\n]{0,8}(?:指令|命令|操作员|管理员|指挥官)|操作员的话|上级的(?:要求|"
    r"命令|指示)",
)
FORGED = (
    r"<\|?(?:im_start|im_end|system|assistant|user|end|endoftext|start_header_id)\|?>|"
    r"\[/?inst\]|<</?sys>>",
    r"</?(?:data|evidence|telemetry|tool_result|tool_response|tool_output|tool_call|tool_use|"
    r"function_call|"
    r"function_results?|system|assistant|instructions?|untrusted|context|document|human)>",
    r"[\"']role[\"'] ?: ?[\"'](?:system|assistant|user|developer|tool)[\"']",
    r"[\"'] ?\} ?\] ?\} *[^\s\]}\[{,;:)\\\"']",
    r"(?m)^ {0,3}(?:`{3,}|~{3,})\s*(?:system|assistant|instructions?|tool)\b",
    r"(?m)^\s{0,3}#{1,6} *(?:system|human|user|assistant|instructions?|系统|用户|助手|"
    r"指令)\s*[:：]?\s*$",
    r"(?m)^(?:human|assistant|system|用户|助手|系统)[:：]\s",
)
"""Structure that only a forger writes. Read with lines kept, in lower case."""
SQUASHED = (
    r"(?:ignore|disregard|forget)(?:all|any|the|your|every)*(?:previous|prior|above|earlier)"
    r"|systemprompt|youmust|donotmention|withoutapproval|rootcauseto|approvethe|approveall"
)
"""Words whose blanks were lost with the disguise."""


WORDS = AnyOf([*(rf"\b{p}" if p[0].isalpha() else p for p in ENGLISH), *CHINESE])
STRUCTURE = AnyOf(FORGED)
RUN_TOGETHER = AnyOf([SQUASHED])
