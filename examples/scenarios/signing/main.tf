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
  description = "A versioned bucket in the region of the layer."
  type        = string
  default     = "acme-artifacts"
}

variable "profile" {
  description = "A signing profile of the platform AWSLambda-SHA384-ECDSA."
  type        = string
  default     = "layers"
}

resource "layerbuild_package" "shared" {
  runtimes = ["python3.12"]
  files    = [{ content = "RELEASE = 1\n", target = "python/shared_utils.py" }]
}

resource "layerbuild_version" "shared" {
  layer_name = "signing-shared"
  package    = layerbuild_package.shared
  s3         = { bucket = var.bucket, prefix = "layers/" }
  signing    = { profile_name = var.profile }
}
