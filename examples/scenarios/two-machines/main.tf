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
  description = "The bucket for the code of functions."
  type        = string
  default     = "acme-artifacts"
}

# Plan and apply on different machines, as in HCP Terraform: only this folder and
# the plan file get from one to the other. Each resource below builds the planned
# bytes again, from the lock in the plan.
resource "layerbuild_package" "deps" {
  runtimes = ["python3.12"]
  python   = { requirements = ["idna==3.7"] }
}

resource "layerbuild_version" "deps" {
  layer_name = "two-machines"
  package    = layerbuild_package.deps
}

# The code of a function goes through S3: aws_lambda_function.filename would need
# the zip on the machine that applies.
resource "layerbuild_package" "api" {
  kind     = "function"
  runtimes = ["python3.12"]
  files    = [{ source = "${path.module}/src" }]
}

resource "layerbuild_object" "api" {
  bucket  = var.bucket
  prefix  = "functions/"
  package = layerbuild_package.api
}

# What aws_lambda_function takes.
output "function" {
  value = {
    s3_bucket         = layerbuild_object.api.bucket
    s3_key            = layerbuild_object.api.key
    s3_object_version = layerbuild_object.api.object_version_id
    source_code_hash  = layerbuild_object.api.source_code_hash
    layers            = [layerbuild_version.deps.arn]
  }
}
