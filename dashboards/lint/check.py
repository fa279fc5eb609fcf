"""Every rule on a dashboard."""

from collections.abc import Iterator, Mapping, Sequence

from dashboards.lint import panel_rules, target_rules, variable_rules
from dashboards.lint.exclusions import EXCLUSIONS, Exclusion
from dashboards.lint.model import Complaint, DashboardRule, Json, PanelRule, TargetRule, panels, targets

DASHBOARD_RULES: Mapping[str, DashboardRule] = {
    "template-datasource-rule": variable_rules.template_datasource,
    "template-job-rule": variable_rules.template_job,
    "template-instance-rule": variable_rules.template_instance,
    "template-label-promql-rule": variable_rules.template_label_promql,
    "template-on-time-change-reload-rule": variable_rules.template_on_time_change_reload,
    "uneditable-dashboard": variable_rules.uneditable,
}
PANEL_RULES: Mapping[str, PanelRule] = {
    "panel-datasource-rule": panel_rules.panel_datasource,
    "panel-title-description-rule": panel_rules.panel_title_description,
    "panel-units-rule": panel_rules.panel_units,
    "panel-no-targets-rule": panel_rules.panel_no_targets,
}
TARGET_RULES: Mapping[str, TargetRule] = {
    "target-logql-rule": target_rules.target_logql,
    "target-logql-auto-rule": target_rules.target_logql_auto,
    "target-promql-rule": target_rules.target_promql,
    "target-rate-interval-rule": target_rules.target_rate_interval,
    "target-job-rule": target_rules.target_job,
    "target-instance-rule": target_rules.target_instance,
    "target-counter-agg-rule": target_rules.target_counter_agg,
}


def complaints(dashboard: Json, excused: Sequence[Exclusion] = EXCLUSIONS) -> list[Complaint]:
    """What a dashboard's JSON breaks, and is not excused."""
    return [one for one in _all(dashboard) if not any(exclusion.covers(one) for exclusion in excused)]


def _all(dashboard: Json) -> Iterator[Complaint]:
    title = dashboard.get("title", "")
    for name, of_dashboard in DASHBOARD_RULES.items():
        yield from (Complaint(name, title, "", "", what) for what in of_dashboard(dashboard))
    for panel in panels(dashboard):
        of = panel.get("title", "")
        for name, of_panel in PANEL_RULES.items():
            yield from (Complaint(name, title, of, "", what) for what in of_panel(dashboard, panel))
        for target in targets(panel):
            for name, of_target in TARGET_RULES.items():
                found = of_target(dashboard, panel, target)
                yield from (Complaint(name, title, of, target.get("refId", ""), what) for what in found)
