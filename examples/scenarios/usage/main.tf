terraform {
  required_version = ">= 1.8"
  required_providers {
    layerbuild = { source = "layerbuild/layerbuild" }
  }
}

provider "layerbuild" {
  region = "us-east-1"
}

variable "function" {
  description = "A function that uses the layer."
  type        = string
  default     = "usage"
}

resource "layerbuild_package" "shared" {
  runtimes = ["python3.12"]
  files    = [{ content = "RELEASE = 1\n", target = "python/shared_utils.py" }]
}

resource "layerbuild_version" "shared" {
  layer_name = "usage-shared"
  package    = layerbuild_package.shared
}

resource "layerbuild_rollout" "shared" {
  version_arn = layerbuild_version.shared.arn
  functions   = [var.function]
}

# Which functions use which version, and what each version holds.
data "layerbuild_layer" "shared" {
  layer_name = layerbuild_version.shared.layer_name
  depends_on = [layerbuild_rollout.shared]
}

output "users" {
  value = { for version in data.layerbuild_layer.shared.versions : version.version => version.users }
}
