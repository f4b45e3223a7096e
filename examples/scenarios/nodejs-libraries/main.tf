terraform {
  required_version = ">= 1.8"
  required_providers {
    layerbuild = { source = "layerbuild/layerbuild" }
  }
}

provider "layerbuild" {
  region = "us-east-1"
}

# npm packages for two runtimes. Ranges are locked in the state.
resource "layerbuild_package" "deps" {
  runtimes      = ["nodejs20.x", "nodejs22.x"]
  architectures = ["x86_64", "arm64"]
  nodejs = {
    dependencies = { lodash = "^4.17.21", axios = "^1.7.0", uuid = "^9.0.0", dayjs = "^1.11.0" }
  }
  checks = { runtime_dates = "off" } # nodejs20.x is deprecated
}

resource "layerbuild_version" "deps" {
  layer_name  = "my-node-utilities"
  package     = layerbuild_package.deps
  description = "Common Node.js utilities including lodash and axios"
}

output "layer" {
  value = layerbuild_version.deps.arn
}

output "hash" {
  value = layerbuild_package.deps.source_code_hash
}
