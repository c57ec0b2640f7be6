# ruff: noqa: RUF001 (Chinese punctuation)
"""Our own vocabulary in Chinese: levels, states, categories. Text written by others stays as is."""

CHINESE = {
    "full outage, security breach or data loss": "全面中断、安全事件或数据丢失",
    "major degradation, most users or a core function badly hurt": (
        "严重降级，多数用户或核心功能受到影响"
    ),
    "minor degradation, some users, non-core function": "轻微降级，部分用户或非核心功能受到影响",
    "cosmetic or edge, few or no users": "界面或边缘问题，极少或没有用户受到影响",
    "not yet classified": "尚未定级",
    "detected": "已发现",
    "investigating": "调查中",
    "identified": "已定位",
    "containing": "控制中",
    "eradicating": "清除中",
    "recovering": "恢复中",
    "monitoring": "观察中",
    "resolved": "已解决",
    "post-incident": "复盘中",
    "closed": "已关闭",
    "performance degradation": "性能下降",
    "service outage": "服务中断",
    "security": "安全",
    "data integrity": "数据完整性",
    "infrastructure failure": "基础设施故障",
    "third-party outage": "第三方服务中断",
    "unknown": "未知",
    "on-call commander": "值班指挥",
    "on-call lead": "值班负责人",
    "better": "好转",
    "worse": "恶化",
    "unchanged": "无变化",
    "unverified": "未能验证",
    "failed": "执行失败",
    "started": "进行中",
    "failed or slow requests": "请求失败或变慢",
    "slow or refused sign-ins": "登录变慢或被拒绝",
    "items that cannot be shown or ordered, or details that are wrong": (
        "部分商品无法显示或下单，或部分信息有误"
    ),
    "slow pages or timeouts": "页面变慢或超时",
    "missing suggestions or features": "推荐内容或部分功能缺失",
    "none": "无",
    "low": "低",
    "medium": "中",
    "high": "高",
    "critical": "严重",
    "few": "少量",
    "many": "较多",
    "majority": "多数",
    "all": "全部",
}


def zh(word: str) -> str:
    """The word in Chinese, or itself where we have none."""
    return CHINESE.get(str(word), word)
