terraform {
  required_version = ">= 1.8"
  required_providers {
    layerbuild = { source = "layerbuild/layerbuild" }
  }
}

provider "layerbuild" {
  region = "us-east-1"
}

# Versions and digests from a file that pip reads, too.
resource "layerbuild_package" "deps" {
  runtimes = ["python3.12"]
  python = {
    requirements_file = "${path.module}/requirements.txt"
    require_hashes    = true
  }
}

output "contents" {
  value = layerbuild_package.deps.contents
}

output "sha256" {
  value = layerbuild_package.deps.sha256
}
