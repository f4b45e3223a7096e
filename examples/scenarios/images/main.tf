terraform {
  required_version = ">= 1.8"
  required_providers {
    layerbuild = { source = "layerbuild/layerbuild" }
  }
}

provider "layerbuild" {
  region = "us-east-1"
}

variable "image" {
  description = "An image of the system that the runtime has."
  type        = string
  default     = "public.ecr.aws/amazonlinux/amazonlinux:2023"
}

# A shared library that Lambda's Python lacks, out of an image of its system. No
# container engine is needed: the files come from the registry. The tag is pinned
# to a digest by the first plan.
resource "layerbuild_package" "expat" {
  runtimes = ["python3.12"]
  images   = [{ image = var.image, files = { "/usr/lib64/libexpat.so.1" = "lib/" } }]
}

resource "layerbuild_version" "expat" {
  layer_name = "expat"
  package    = layerbuild_package.expat
}

output "contents" {
  value = layerbuild_package.expat.contents
}
