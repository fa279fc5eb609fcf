# One key for everything, turned every three months. Without it nothing can be read any more, so that Terraform never takes it away.
module "kms_api" {
  source = "../../modules/apis"

  project_id = var.project_id
  apis       = ["cloudkms.googleapis.com"]
}

resource "google_kms_key_ring" "platform" {
  project  = var.project_id
  location = var.region
  name     = "puerta"

  depends_on = [module.kms_api]
}

resource "google_kms_crypto_key" "platform" {
  name                       = "platform"
  key_ring                   = google_kms_key_ring.platform.id
  rotation_period            = "7776000s" # 90 days, written out so that checkov can read it
  destroy_scheduled_duration = "${30 * 24 * 3600}s"

  lifecycle {
    prevent_destroy = true
  }
}
