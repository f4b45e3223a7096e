terraform {
  required_version = ">= 1.8"
  required_providers {
    layerbuild = { source = "layerbuild/layerbuild" }
  }
}

provider "layerbuild" {
  region = "us-east-1"
}

# One layer for each purpose, each built and published by the same two blocks.
locals {
  layers = {
    python-http = ["requests==2.31.0", "httpx==0.27.0"]
    python-data = ["python-dateutil==2.8.2", "pytz==2024.1"]
  }
}

resource "layerbuild_package" "layer" {
  for_each = local.layers
  runtimes = ["python3.12"]
  python   = { requirements = each.value }
}

resource "layerbuild_version" "layer" {
  for_each   = local.layers
  layer_name = each.key
  package    = layerbuild_package.layer[each.key]
}

output "layers" {
  value = { for name, version in layerbuild_version.layer : name => version.arn }
}
