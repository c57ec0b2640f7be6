"""Lessons of faults in which a process, a pool or a machine ran out of something."""

from ...incident.finding import FaultKind
from ...telemetry.signal_catalogue import SignalName
from .lessons_kinds import Item, Lesson

CAPACITY: dict[FaultKind, Lesson] = {
    FaultKind.hung_process: Lesson(
        question="why a stopped {service} kept its ports open and its traffic",
        prevention=(
            Item("Give {service} a liveness check that needs a real answer, not an open port", 1),
            Item("Set a deadline on every call to {service}, shorter than the caller's own", 1),
        ),
        hardening=(
            Item("Open a circuit breaker to {service} after consecutive timeouts", 1, "hardening"),
            Item("Bound the callers' waiting requests to {service} (bulkhead)", 1, "hardening"),
            Item("Run at least two instances of {service} behind health checks", 2, "hardening"),
        ),
        signals=(SignalName.latency_p95, SignalName.in_flight, SignalName.up),
        runbook="restart {service} when its port answers and its health check does not",
        chaos="stop (SIGSTOP) one instance of {service} for 60 s under load",
        steady="callers shed the instance within 5 s and stay inside their objectives",
        slo="share of calls to {service} answered before the caller's deadline",
    ),
    FaultKind.crash_loop: Lesson(
        question="what {service} meets at start that it cannot survive",
        prevention=(Item("Reproduce and mend the crash of {service} at start", 1),),
        hardening=(
            Item("Back off between restarts of {service} and keep its last log", 2, "hardening"),
            Item("Serve a degraded answer at the callers while {service} restarts", 2, "hardening"),
        ),
        signals=(SignalName.restarts, SignalName.up),
        runbook="read the last log before the exit of {service}, then roll back or restore",
        chaos="kill {service} five times in ten minutes",
        steady="the restart alert fires by the third exit and callers degrade cleanly",
        slo="restarts per hour of {service}, objective below 3",
    ),
    FaultKind.traffic_surge: Lesson(
        question="what bounds the traffic that reaches {service} when demand multiplies",
        prevention=(
            Item("Set a rate limit per route at the edge, from measured capacity", 1),
            Item("Scale {service} on concurrency before it saturates", 1),
        ),
        hardening=(
            Item("Shed low-priority requests to {service} first when it saturates", 1, "hardening"),
            Item("Keep instances of {service} in reserve for twice the usual peak", 2, "hardening"),
            Item("Serve cached answers while {service} is saturated", 2, "hardening"),
        ),
        signals=(SignalName.request_rate, SignalName.concurrency_share),
        runbook="scale {service} to its maximum, then throttle the route that grew",
        chaos="triple the load on {service} for five minutes",
        steady="admitted requests keep their latency objective; the rest are refused quickly",
        slo="latency objective for admitted requests, refused ones counted apart",
    ),
    FaultKind.memory_leak: Lesson(
        question="which test runs {service} long enough to show that memory grows",
        prevention=(
            Item("Find what {service} retains (heap comparison) and release it", 1),
            Item("Run {service} under load for hours before release and fail on growth", 2),
        ),
        hardening=(
            Item("Recycle instances of {service} at 80% of memory, one by one", 1, "hardening"),
            Item("Bound every in-process cache of {service}", 1, "hardening"),
            Item("Export heap figures of {service} beside resident memory", 3, "debt"),
        ),
        signals=(SignalName.memory_share, SignalName.memory_bytes, SignalName.restarts),
        runbook="restart instances of {service} one by one, then roll back the release that grew",
        chaos="let one instance of {service} retain 10 MB/s until the alert",
        steady="the growth alert fires 15 min before the limit; no request fails",
        slo="hours to the memory limit of {service} at the present slope, as an indicator",
    ),
    FaultKind.pool_exhaustion: Lesson(
        question="what kept connections of {service} from returning to their pool",
        prevention=(
            Item("Return connections of {service} on every path, errors included", 1),
            Item("Size the pool of {service} from arrival rate x holding time", 1),
        ),
        hardening=(
            Item("Bound the wait for a connection in {service} and answer 503", 1, "hardening"),
            Item("Close idle transactions of {service} after 30 s", 1, "hardening"),
            Item("Give slow jobs of {service} a pool of their own (bulkhead)", 2, "hardening"),
        ),
        signals=(
            SignalName.db_pool_share,
            SignalName.db_pool_waiting,
            SignalName.connections_share,
        ),
        runbook="list holders of connections, end idle transactions, restart {service}",
        chaos="hold 90% of the pool of {service} for 60 s",
        steady="requests without a connection fail within 1 s and the pool recovers by itself",
        slo="p95 wait for a connection of {service}, objective below 50 ms",
    ),
    FaultKind.cpu_saturation: Lesson(
        question="which work of {service} grew until the processor was full",
        prevention=(Item("Profile {service} under this load and mend the hottest path", 1),),
        hardening=(
            Item("Scale {service} on CPU share with a margin of 30%", 1, "hardening"),
            Item("Move heavy work of {service} out of the request", 2, "debt"),
        ),
        signals=(SignalName.cpu_share, SignalName.latency_p95),
        runbook="scale {service}; if it does not help, profile one instance and drain it",
        chaos="burn one core on the host of {service} for five minutes",
        steady="load shifts to other instances and p95 stays inside its objective",
        slo="CPU headroom of {service} at peak, objective at least 30%",
    ),
    FaultKind.disk_full: Lesson(
        question="what bounds the growth of files of {service}",
        prevention=(Item("Rotate and bound logs and temporary files of {service}", 1),),
        hardening=(
            Item("Keep data and logs of {service} on separate volumes", 2, "hardening"),
            Item("Let {service} read while it cannot write", 2, "hardening"),
        ),
        signals=("disk_share", SignalName.error_rate),
        runbook="free space by rotated logs first, then grow the volume of {service}",
        chaos="fill the volume of {service} to 95% in staging",
        steady="the forecast alert fires hours before, and reads continue",
        slo="hours until the volume of {service} is full, as an indicator",
    ),
    FaultKind.database: Lesson(
        question="which load or lock put the database behind {service} in this state",
        prevention=(Item("Mend the statement or lock that held the database", 1),),
        hardening=(
            Item("Set statement and lock timeouts for {service}", 1, "hardening"),
            Item("Serve reads of {service} from a replica or cache", 2, "hardening"),
            Item("Rehearse fail-over of the database against its RTO", 2, "debt"),
        ),
        signals=(SignalName.connections_share, SignalName.locks_waiting, SignalName.latency_p95),
        runbook="check connections, locks and the slowest statements; end the blocker",
        chaos="hold an exclusive lock on a hot table for 30 s in staging",
        steady="statements give up by their timeout and the queue drains by itself",
        slo="p95 of statements, objective 100 ms",
    ),
}
