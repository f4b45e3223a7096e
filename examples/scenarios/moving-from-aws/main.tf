terraform {
  required_version = ">= 1.8"
  required_providers {
    layerbuild = { source = "layerbuild/layerbuild" }
  }
}

provider "layerbuild" {
  region = "us-east-1"
}

# Takes over a version that something else published. Nothing is published anew
# as long as the zip is the same.
import {
  to = layerbuild_version.deps
  id = "arn:aws:lambda:us-east-1:123456789012:layer:imported:1"
}

resource "layerbuild_version" "deps" {
  layer_name          = "imported"
  filename            = "${path.module}/layer.zip"
  source_code_hash    = filebase64sha256("${path.module}/layer.zip")
  description         = "HTTP and date utilities"
  compatible_runtimes = ["python3.12"]
}

output "layer" {
  value = layerbuild_version.deps.arn
}
