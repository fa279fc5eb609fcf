# Clients whose allowlists have IPv6 networks have to reach the gateway over IPv6.
resource "google_compute_global_address" "edge" {
  for_each = toset(var.ipv6 ? ["IPV4", "IPV6"] : ["IPV4"])

  project         = var.project_id
  name            = "${var.name}-edge-${lower(each.key)}"
  ip_version      = each.key
  deletion_policy = var.deletion_protection ? "PREVENT" : "DELETE"
  labels          = var.labels
}
