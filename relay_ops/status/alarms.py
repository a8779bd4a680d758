"""Which alarms were raised in the last day, by the metrics that they watch. For `relay status`.

An alarm turns green within minutes, and its mail is read hours later; the local stack raises none.
So the rule of each alarm is applied again to the metrics of a day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from relay_ops.status.metrics import metric_data

SHOWN_S = 86_400
"""How far back alarms are shown: a day."""
HOUR_S = 3_600
MAX_RULE_S = 3 * 86_400
"""How far an alarm by days looks back."""
AGES = ("ApproximateAgeOfOldestMessage", "OldestRequeuedSeconds")
"""Metrics in seconds that are days long once they raise an alarm."""
MetricValues = Mapping[str, Mapping[float, float]]
"""Metric in words → begin of a period → its value in it."""
FIRST_RUN = " First run `"
"""What separates an alarm's meaning from the command that it names."""


@dataclass(frozen=True, slots=True)
class RaisedAlarm:
    """An alarm. `means`: its text; `first`: the command that it names.

    `since`, `until`: s since the epoch; no `until`: it still is raised. `measured`: the values of
    its metrics that are above 0, in words.
    """

    name: str
    means: str
    first: str
    since: float
    until: float | None = None
    measured: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class AlarmRule:
    """When an alarm is raised: if more than `threshold` in `needed` of `periods` periods."""

    name: str
    text: str
    metrics: Sequence[Mapping[str, Any]]
    statistic: str
    period_s: int
    periods: int
    needed: int
    threshold: float
    state: str
    updated_at: float

    @property
    def is_read_as_it_is(self) -> bool:
        """Whether it is raised by what is missing, so that only its own state tells."""
        return not self.metrics

    def raised(self, sums: Mapping[float, float], now: float) -> RaisedAlarm | None:
        """When it was raised by these values of its periods; None: it was not."""
        found = _raised_periods(self, sums, now)
        is_on = self.state == "ALARM" or (self.is_read_as_it_is and self.state != "OK")
        if not found and not is_on:
            return None
        since = min(found, default=self.updated_at)
        ended = max(found, default=since) + self.period_s
        is_on = is_on or now - ended < self.period_s
        means, _, first = " ".join(self.text.split()).partition(FIRST_RUN)
        return RaisedAlarm(self.name, means, first.rstrip("`."), since, None if is_on else ended)


def raised_alarms(
    cloudwatch: Any, names: Collection[str], stack: str, now: float
) -> list[RaisedAlarm]:
    """The alarms that are raised, or were within a day; the newest first.

    `names`: those of the relay, without the stack's before them; another stack's may begin with it.

    Raises:
        ClientError: AWS does not let us see them.
        StackUnavailable: CloudWatch gives only a part.
    """
    rules = list(_rules(cloudwatch, {f"{stack}-{name}" for name in names}, stack))
    daily = [one for one in rules if one.period_s > HOUR_S]
    others = [one for one in rules if one.period_s <= HOUR_S]
    hourly = _sums(cloudwatch, others, now, period_s=HOUR_S)
    may_be = [
        one
        for one in others
        if any(value > one.threshold for value in _total(hourly.get(one.name, {})).values())
    ]
    exact = _sums(cloudwatch, may_be, now) | _sums(cloudwatch, daily, now, back_s=MAX_RULE_S)
    found = []
    for rule in rules:
        values = exact.get(rule.name, {})
        if one := rule.raised(_total(values), now):
            found.append(replace(one, measured=_in_words(rule, values, one.since)))
    return sorted(found, key=lambda one: (-one.since, one.name))


def _rules(cloudwatch: Any, names: Collection[str], stack: str) -> Iterator[AlarmRule]:
    pages = cloudwatch.get_paginator("describe_alarms").paginate(
        AlarmNamePrefix=f"{stack}-", AlarmTypes=["MetricAlarm"]
    )
    for page in pages:
        for alarm in page["MetricAlarms"]:
            if alarm["AlarmName"] in names:  # others may have rules of another kind
                yield _rule(alarm, stack)


def _rule(alarm: Mapping[str, Any], stack: str) -> AlarmRule:
    parts = [one["MetricStat"] for one in alarm.get("Metrics", []) if "MetricStat" in one]
    own = {key: alarm[key] for key in ("Namespace", "MetricName", "Dimensions") if key in alarm}
    first = parts[0] if parts else {"Stat": alarm["Statistic"], "Period": alarm["Period"]}
    is_above = alarm["ComparisonOperator"] == "GreaterThanThreshold"
    periods = int(alarm["EvaluationPeriods"])
    return AlarmRule(
        alarm["AlarmName"].removeprefix(f"{stack}-"),
        alarm.get("AlarmDescription", ""),
        ([one["Metric"] for one in parts] or [own]) if is_above else (),
        str(first["Stat"]),
        int(first["Period"]),
        periods,
        int(alarm.get("DatapointsToAlarm") or periods),
        float(alarm["Threshold"]),
        alarm["StateValue"],
        alarm["StateUpdatedTimestamp"].timestamp(),
    )


def _sums(
    cloudwatch: Any,
    rules: Sequence[AlarmRule],
    now: float,
    *,
    back_s: int = SHOWN_S + HOUR_S,
    period_s: int = 0,
) -> dict[str, dict[str, Counter[float]]]:
    """Alarm → what its metrics were. `period_s`: instead of its own."""
    names = {
        f"a{number}m{part}": (rule, metric)
        for number, rule in enumerate(rules)
        for part, metric in enumerate(rule.metrics)
    }
    if not names:
        return {}
    aligned_s = max(HOUR_S, *(rule.period_s for rule in rules))
    pages = cloudwatch.get_paginator("get_metric_data").paginate(
        MetricDataQueries=[
            {
                "Id": id_,
                "MetricStat": {
                    "Metric": metric,
                    "Period": period_s or rule.period_s,
                    "Stat": rule.statistic,
                },
            }
            for id_, (rule, metric) in names.items()
        ],
        StartTime=datetime.fromtimestamp((now - back_s) // aligned_s * aligned_s, UTC),
        EndTime=datetime.fromtimestamp(now + 60, UTC),
    )
    found: dict[str, dict[str, Counter[float]]] = {}
    for result in metric_data(pages, names):
        rule, metric = names[result["Id"]]
        values = found.setdefault(rule.name, {}).setdefault(_label(metric), Counter())
        for at, value in zip(result["Timestamps"], result["Values"], strict=True):
            values[at.timestamp()] += value
    return found


def _total(values: MetricValues) -> Counter[float]:
    """Begin of a period → the sum of all metrics in it."""
    found: Counter[float] = Counter()
    for of_metric in values.values():
        found.update(of_metric)
    return found


def _label(metric: Mapping[str, Any]) -> str:
    """`Throttles of import-relay-submit-imports`; the relay's own metrics are the whole stack's."""
    of = [one["Value"] for one in metric.get("Dimensions", ()) if one["Name"] != "service"]
    return " of ".join([metric["MetricName"], *of[:1]])


def _in_words(rule: AlarmRule, values: MetricValues, since: float) -> list[str]:
    """What each metric was since then: a sum, or the greatest."""
    shown = []
    for label, of_metric in sorted(values.items()):
        lately = [value for at, value in of_metric.items() if at >= since]
        value = sum(lately) if rule.statistic == "Sum" else max(lately, default=0.0)
        is_age = label.startswith(AGES)
        if value > 0:
            shown.append(f"{label}: {f'{value / SHOWN_S:.1f} days' if is_age else f'{value:,.0f}'}")
    return shown


def _raised_periods(rule: AlarmRule, sums: Mapping[float, float], now: float) -> list[float]:
    """The periods of the last day at whose end it was raised, by their begin."""
    above = {at for at, value in sums.items() if value > rule.threshold}
    return [
        at
        for at in sorted(above)
        if at + rule.period_s > now - SHOWN_S
        and sum(at - back * rule.period_s in above for back in range(rule.periods)) >= rule.needed
    ]
