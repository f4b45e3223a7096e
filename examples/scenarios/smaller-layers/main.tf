terraform {
  required_version = ">= 1.8"
  required_providers {
    layerbuild = { source = "layerbuild/layerbuild" }
  }
}

provider "layerbuild" {
  region = "us-east-1"
}

# Without tests, stubs and what the runtime brings; and a limit of its own.
variable "limit" {
  description = "How many bytes the layer may have, unzipped. AWS allows 262,144,000 for all layers of a function."
  type        = number
  default     = 50000000
}

resource "layerbuild_package" "deps" {
  runtimes = ["python3.12"]
  python   = { requirements = ["aws-xray-sdk==2.14.0"], exclude_runtime_sdk = true }
  prune    = ["tests", "docs", "bytecode", "type_stubs"]

  lifecycle {
    postcondition {
      condition     = self.unzipped_size <= var.limit
      error_message = "The layer has ${self.unzipped_size} bytes."
    }
  }
}
