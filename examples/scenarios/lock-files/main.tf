terraform {
  required_version = ">= 1.8"
  required_providers {
    layerbuild = { source = "layerbuild/layerbuild" }
  }
}

provider "layerbuild" {
  region = "us-east-1"
}

# The versions of a lock file, never resolved again: uv.lock and package-lock.json.
resource "layerbuild_package" "python" {
  runtimes = ["python3.12"]
  python   = { lock_file = "${path.module}/uv.lock" }
}

resource "layerbuild_package" "nodejs" {
  runtimes = ["nodejs22.x"]
  nodejs   = { lock_file = "${path.module}/package-lock.json" }
}

output "contents" {
  value = merge(layerbuild_package.python.contents, layerbuild_package.nodejs.contents)
}
