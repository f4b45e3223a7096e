terraform {
  required_version = ">= 1.8"
  required_providers {
    layerbuild = { source = "layerbuild/layerbuild" }
  }
}

provider "layerbuild" {
  region = "us-east-1"
}

variable "release" {
  type    = string
  default = "1"
}

resource "layerbuild_package" "shared" {
  runtimes = ["python3.12"]
  files    = [{ content = "RELEASE = ${jsonencode(var.release)}\n", target = "python/shared_utils.py" }]
}

# The newest two versions stay, and every version that a function uses.
resource "layerbuild_version" "shared" {
  layer_name = "retention-shared"
  package    = layerbuild_package.shared
  retention  = { keep_last = 2, max_age_days = 90 }
}

output "kept" {
  value = layerbuild_version.shared.retained_versions
}
