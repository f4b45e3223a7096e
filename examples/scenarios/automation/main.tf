terraform {
  required_version = ">= 1.8"
  required_providers {
    layerbuild = { source = "layerbuild/layerbuild" }
  }
}

variable "cache_bucket" {
  description = "The bucket that all workers share as a cache."
  type        = string
  default     = "acme-layer-cache"
}

# Workers that start empty: plan and apply resolve as of the same time, and look
# into the bucket before they fetch.
provider "layerbuild" {
  region        = "us-east-1"
  exclude_newer = plantimestamp()
  cache = {
    s3 = { bucket = var.cache_bucket, prefix = "layerbuild/" }
  }
}

resource "layerbuild_package" "deps" {
  runtimes = ["python3.12"]
  python   = { requirements = ["idna>=3.6,<4"] }
}

resource "layerbuild_version" "deps" {
  layer_name = "automation"
  package    = layerbuild_package.deps
}

output "hash" {
  value = layerbuild_package.deps.source_code_hash
}
