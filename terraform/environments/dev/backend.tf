# The bucket is the one that bootstrap has made: -backend-config="bucket=..." -backend-config="prefix=puerta/dev".
terraform {
  backend "gcs" {}
}
