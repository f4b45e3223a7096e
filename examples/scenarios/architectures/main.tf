terraform {
  required_version = ">= 1.8"
  required_providers {
    layerbuild = { source = "layerbuild/layerbuild" }
  }
}

provider "layerbuild" {
  region = "us-east-1"
}

# Native code: one package and one version for each architecture.
locals {
  architectures = toset(["x86_64", "arm64"])
}

resource "layerbuild_package" "native" {
  for_each      = local.architectures
  runtimes      = ["python3.12"]
  architectures = [each.key]
  python        = { requirements = ["markupsafe==3.0.2"] }
}

resource "layerbuild_version" "native" {
  for_each   = local.architectures
  layer_name = "markupsafe-${each.key}"
  package    = layerbuild_package.native[each.key]
}

output "layers" {
  value = { for a in local.architectures : a => layerbuild_version.native[a].arn }
}
