terraform {
  required_version = ">= 1.8"
  required_providers {
    layerbuild = { source = "layerbuild/layerbuild" }
  }
}

provider "layerbuild" {
  region = "us-east-1"
}

variable "canary" {
  description = "The function that gets a new version first."
  type        = string
  default     = "items-canary"
}

variable "functions" {
  description = "The functions that follow."
  type        = list(string)
  default     = ["items-read", "items-write"]
}

variable "release" {
  description = "Release of the shared code. A new one publishes a new version."
  type        = string
  default     = "1"
}

resource "layerbuild_package" "shared" {
  runtimes = ["python3.12"]
  files    = [{ content = "RELEASE = ${jsonencode(var.release)}\n", target = "python/shared_utils.py" }]
}

resource "layerbuild_version" "shared" {
  layer_name = "items-shared"
  package    = layerbuild_package.shared
  retention  = { keep_last = 3 }
}

# The canary gets the version and is invoked. The others follow if it answers 200.
resource "layerbuild_rollout" "shared" {
  version_arn = layerbuild_version.shared.arn
  functions   = var.functions
  canary = {
    function_name = var.canary
    payload       = jsonencode({ item_id = "42" })
    expect        = { status_code = 200 }
  }
}

output "moved" {
  value = layerbuild_rollout.shared.function_versions
}
