terraform {
  required_providers {
    layerbuild = {
      source = "layerbuild/layerbuild"
    }
  }
}

provider "layerbuild" {
  region = "us-east-1"
}

# Third-party libraries, chosen and verified for Lambda's Python.
resource "layerbuild_package" "deps" {
  runtimes = ["python3.11", "python3.12"]
  python = {
    requirements = ["requests==2.31.0", "python-dateutil==2.8.2", "aws-lambda-powertools[tracer]==2.30.0"]

    exclude_runtime_sdk = true # the runtime brings boto3 and botocore

    # What handlers import: the plan fails if something is missing.
    imports = ["requests", "dateutil.parser", "aws_lambda_powertools.Tracer"]
  }
}

# Node.js packages, resolved and placed as npm does, one layer for both architectures.
resource "layerbuild_package" "node" {
  runtimes      = ["nodejs20.x", "nodejs22.x"]
  architectures = ["x86_64", "arm64"]
  nodejs = {
    dependencies = { lodash = "^4.17.21", axios = "^1.7.0", uuid = "^9.0.0", dayjs = "^1.11.0" }
    imports      = ["lodash", "axios", "uuid", "dayjs/plugin/utc"]
  }
  checks = { runtime_dates = "off" }
}

# Code of our own that many functions share.
resource "layerbuild_package" "shared" {
  runtimes = ["python3.11", "python3.12"]
  files    = [{ source = "${path.module}/src/shared_utils", target = "python/shared_utils" }]
  python   = { imports = ["shared_utils", "shared_utils.response.success"] }
}

resource "layerbuild_version" "deps" {
  layer_name  = "python-dependencies"
  package     = layerbuild_package.deps
  description = "HTTP and date utilities"
}

resource "layerbuild_version" "shared" {
  layer_name  = "shared-utils"
  package     = layerbuild_package.shared
  description = "Shared utility functions for Lambda"
}

resource "layerbuild_version" "node" {
  layer_name  = "node-utilities"
  package     = layerbuild_package.node
  description = "Common Node.js utilities"
}

# What a function's `layers` argument takes.
output "layers" {
  value = [layerbuild_version.deps.arn, layerbuild_version.shared.arn]
}

output "node_layer" {
  value = layerbuild_version.node.arn
}
