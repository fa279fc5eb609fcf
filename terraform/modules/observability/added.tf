# What no objective says, or says too late: the gateway as a whole, instances that die, the drift job, events that get lost.

locals {
  gateway_latency_metric = "logging_googleapis_com:user_${replace(local.gateway_metrics.latency, "-", "_")}"
  instance_metric        = "logging_googleapis_com:user_${replace(local.instance_metric_name, "-", "_")}"

  gateway_latency_series = "{monitored_resource=\"${local.gateway_resource}\",route!~\"(?i)health_live|health_ready|server_live|server_ready\"}[1h]"
  job_series             = "run_googleapis_com:job_completed_execution_count{monitored_resource=\"cloud_run_job\",job_name=\"${coalesce(var.drift_job_name, "-")}\""

  own = {
    GatewaySlow = {
      slo     = "latency-tail"
      runbook = "latency-tail"
      subject = "Callers wait too long at the gateway"
      content = "Of an hour's answers more than 1 in 100 took over ${var.gateway_latency_seconds} s, with the gateway's own part. Is the service's latency (LatencyTailBudgetTicket) well, the time goes by in the gateway or on the way to it."
      queries = {
        "the 99th percentile of an hour" = <<-EOT
          histogram_quantile(0.99, sum by (le) (increase(${local.gateway_latency_metric}_bucket${local.gateway_latency_series}))) > ${var.gateway_latency_seconds}
          and on ()
          sum(increase(${local.gateway_latency_metric}_count${local.gateway_latency_series})) >= 500
        EOT
      }
    }

    InstanceFailed = {
      slo     = "service-availability"
      runbook = "service-availability"
      subject = "Instances of the service die or don't start"
      content = "Cloud Run says so in its system log: over the memory limit, exit before a probe was answered, a probe that failed. The log's filter is that of the metric ${local.instance_metric_name}."
      queries = {
        "Cloud Run's system log has errors" = "sum(increase(${local.instance_metric}{monitored_resource=\"cloud_run_revision\"}[10m])) > 0"
      }
    }

    DriftJobFailed = {
      slo     = "drift-freshness"
      runbook = "drift-freshness"
      subject = "The drift job fails or does not run"
      content = "Drift and quality are not known. An alert inside a report is no failure of the job (--exit-zero). A new deployment has no run yet: start one by hand."
      queries = var.drift_job_name == null ? {} : {
        "an execution failed" = "sum(increase(${local.job_series},result=\"failed\"}[1h])) > 0"
        # as long as slo/specs/drift-freshness.yaml gives a report
        "none succeeded for 26 hours" = "(sum(increase(${local.job_series},result=\"succeeded\"}[26h])) or vector(0)) < 0.5"
      }
    }

    PredictionsLost = {
      slo     = "prediction-log"
      runbook = "prediction-log"
      subject = "Logged predictions don't reach BigQuery"
      content = "They are in Cloud Logging for as long as its bucket keeps them, or in the dead-letter topic, and nowhere else: drift and quality don't count them."
      queries = merge(
        var.event_sink_name == null ? {} : {
          "the sink could not deliver" = "sum(increase(logging_googleapis_com:exports_error_count{monitored_resource=\"logging_sink\",name=\"${var.event_sink_name}\"}[1h])) > 0"
        },
        length(var.event_subscriptions) == 0 ? {} : {
          "messages were given up" = "sum(increase(pubsub_googleapis_com:subscription_dead_letter_message_count{monitored_resource=\"pubsub_subscription\",subscription_id=~\"${join("|", sort(var.event_subscriptions))}\"}[1h])) > 0"
        },
      )
    }
  }

  added = {
    for name, policy in local.own : name => {
      display_name = "${var.name}/${name}"
      combiner     = "OR"
      severity     = local.severities.ticket
      user_labels  = { owner = "platform", service = var.service_name, severity = "ticket", slo = policy.slo }
      runbook      = policy.runbook
      documentation = {
        subject   = policy.subject
        mime_type = "text/markdown"
        content   = "${policy.content}\n\nWhat to do: monitoring/runbooks/${policy.runbook}.md."
      }
      conditions = [
        for title, query in policy.queries : {
          display_name        = title
          query               = trimspace(query)
          duration            = "0s"
          evaluation_interval = "300s"
          labels              = { severity = "ticket" }
          rule_group          = var.name
          alert_rule          = name
        }
      ]
    } if length(policy.queries) > 0
  }
}
