terraform {
  required_version = ">= 1.8"
  required_providers {
    layerbuild = { source = "layerbuild/layerbuild" }
  }
}

provider "layerbuild" {
  region = "us-east-1"
}

variable "bucket" {
  description = "A versioned bucket for the code of functions."
  type        = string
  default     = "acme-artifacts"
}

# The function of the article with its two layers: the libraries, the shared code
# and the function's own code, each built and put where Lambda reads it.
resource "layerbuild_package" "deps" {
  runtimes = ["python3.11"]
  python   = { requirements = ["requests==2.31.0", "aws-lambda-powertools[tracer]==2.30.0"], exclude_runtime_sdk = true }
}

resource "layerbuild_package" "shared" {
  runtimes = ["python3.11"]
  files    = [{ source = "${path.module}/src/shared_utils", target = "python/shared_utils" }]
}

resource "layerbuild_package" "api" {
  kind     = "function"
  runtimes = ["python3.11"]
  files    = [{ source = "${path.module}/src/api" }]
}

resource "layerbuild_version" "layer" {
  for_each   = { deps = layerbuild_package.deps, shared = layerbuild_package.shared }
  layer_name = "api-${each.key}"
  package    = each.value
}

resource "layerbuild_object" "api" {
  bucket  = var.bucket
  prefix  = "functions/"
  package = layerbuild_package.api
}

# What aws_lambda_function takes.
output "function" {
  value = {
    runtime          = "python3.11"
    handler          = "app.lambda_handler"
    s3_bucket        = layerbuild_object.api.bucket
    s3_key           = layerbuild_object.api.key
    source_code_hash = layerbuild_object.api.source_code_hash
    layers           = [layerbuild_version.layer["deps"].arn, layerbuild_version.layer["shared"].arn]
  }
}
