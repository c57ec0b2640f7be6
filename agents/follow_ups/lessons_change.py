"""Lessons of faults that a change brought: releases, flags, configuration, data, certificates."""

from ...incident.finding import FaultKind
from ...telemetry.signal_catalogue import SignalName
from .lessons_kinds import Item, Lesson

RELEASE = "release engineering"

CHANGE: dict[FaultKind, Lesson] = {
    FaultKind.bad_deploy: Lesson(
        question="which stage between build and full traffic would exercise the changed path "
        "of {service}",
        prevention=(
            Item("Add a regression test for the path of {service} that failed after {change}", 1),
            Item("Send 5% of traffic to a release of {service} first and compare errors", 1, "fix"),
        ),
        hardening=(
            Item(
                "Roll {service} back automatically when a fresh release burns its error budget",
                1,
                "hardening",
                RELEASE,
            ),
            Item("Put a circuit breaker with a fallback in front of {service}", 2, "hardening"),
            Item("Keep the previous release of {service} warm for one hour", 3, "debt", RELEASE),
        ),
        signals=(SignalName.error_rate,),
        runbook="roll back {service} to the previous release when errors follow a deploy",
        chaos="release a build of {service} that raises on one path to one instance",
        steady="the canary check stops the rollout before 5% of requests fail",
        slo="an availability objective per route of {service}, so that one path cannot hide",
    ),
    FaultKind.slow_release: Lesson(
        question="which check compares query plans and calls per request before a release of "
        "{service}",
        prevention=(
            Item("Restore the missing index or batch the query that {change} slowed", 1),
            Item("Fail the build of {service} on queries without an index or N+1 calls", 1),
        ),
        hardening=(
            Item("Set a statement timeout for the queries of {service}", 1, "hardening"),
            Item("Cache the hot read of {service} for a few seconds", 2, "hardening"),
            Item("Keep a load test with production-like row counts for {service}", 2, "debt"),
        ),
        signals=(SignalName.latency_p95, SignalName.db_pool_share),
        runbook="find the slowest statement of {service}, compare with the release before",
        chaos="drop the index behind one read of {service} in staging under load",
        steady="the latency gate stops the release before p95 leaves its objective",
        slo="a latency objective for {service} at p95, beside availability",
    ),
    FaultKind.application: Lesson(
        question="which check would have shown that {service} behaves otherwise than it used to",
        prevention=(
            Item("Find what made {service} take another way and cover it with a test", 1),
            Item("Record every change that reaches {service}, settings and data included", 1),
        ),
        hardening=(
            Item("Make {service} return an error where it cannot answer properly", 1, "hardening"),
            Item(
                "Give callers of {service} a fallback for answers they cannot use", 2, "hardening"
            ),
        ),
        signals=(SignalName.error_rate, SignalName.latency_p95),
        runbook="compare requests through {service} with healthy ones, call by call",
        chaos="let one operation of {service} fail or answer wrongly in staging",
        steady="callers of {service} degrade in part and say so",
        slo="share of requests through {service} that run to their end",
    ),
    FaultKind.bad_flag: Lesson(
        question="which stage sees {change} at a small share of traffic before everybody does",
        prevention=(
            Item("Test {service} with {change} on and off in every build", 1),
            Item("Roll flags of {service} out by share of traffic, with a halt on errors", 1),
        ),
        hardening=(
            Item("Turn a flag off automatically when errors follow its change", 1, "hardening"),
            Item("Give the path behind {change} a safe default in {service}", 2, "hardening"),
            Item("Remove flags of {service} that have been on for a quarter", 3, "debt"),
        ),
        signals=(SignalName.error_rate, SignalName.latency_p95),
        runbook="list flag changes of the last hour; turn {change} off first, then diagnose",
        chaos="switch {change} on for 5% of traffic in staging",
        steady="the flag is halted before error budget is spent",
        slo="error rate of {service} split by flag variant",
    ),
    FaultKind.bad_config: Lesson(
        question="what validates configuration of {service} before it is live",
        prevention=(
            Item("Validate the configuration of {service} against a schema before it merges", 1),
            Item("Apply configuration to one instance of {service} first", 1),
        ),
        hardening=(
            Item("Let {service} keep its last good configuration", 1, "hardening"),
            Item("Make every configuration value of {service} show in its metrics", 3, "debt"),
        ),
        signals=(SignalName.error_rate, SignalName.latency_p95),
        runbook="compare the configuration of {service} with the last good one; revert {change}",
        chaos="hand {service} an invalid configuration in staging",
        steady="{service} refuses it and keeps serving",
        slo="share of configuration changes of {service} that are reverted",
    ),
    FaultKind.data_corruption: Lesson(
        question="which constraint or check keeps rows like these from being written or read",
        prevention=(
            Item("Add constraints that refuse the values found in the corrupted rows", 1),
            Item("Verify all rows against the backup and report the remainder", 1),
        ),
        hardening=(
            Item("Validate rows at the read in {service}; skip and count bad ones", 1, "hardening"),
            Item("Rehearse a partial restore from backup and time it against RTO and RPO", 1),
            Item("Write every bulk change of data through a reviewed migration", 2, "debt"),
        ),
        signals=(SignalName.error_rate, SignalName.not_found_share),
        runbook="find bad rows by the check query, repair from backup, verify by count",
        chaos="corrupt ten rows behind {service} in staging",
        steady="the integrity check reports all ten within five minutes",
        slo="share of rows that pass the integrity check, objective 100%",
    ),
    FaultKind.certificate: Lesson(
        question="what renews and watches the certificate of {service}",
        prevention=(
            Item("Renew the certificate of {service} automatically 30 days before it ends", 1),
        ),
        hardening=(
            Item("Reload certificates in {service} without a restart", 2, "hardening"),
            Item("List every certificate with its owner in the service catalogue", 2, "debt"),
        ),
        signals=("certificate_seconds_left", SignalName.error_rate),
        runbook="renew the certificate of {service}, reload, verify the chain from outside",
        chaos="serve a certificate with one hour left in staging",
        steady="the expiry alert fires and renewal completes without a failed request",
        slo="days to expiry as an indicator, objective at least 14",
    ),
}
