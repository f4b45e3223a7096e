terraform {
  required_version = ">= 1.8"
  required_providers {
    layerbuild = { source = "layerbuild/layerbuild" }
  }
}

provider "layerbuild" {
  region = "us-east-1"
}

variable "python_index" {
  description = "The private index. Its user and password are in UV_INDEX_ACME_USERNAME and UV_INDEX_ACME_PASSWORD, beside UV_INDEX=acme=<address>."
  type        = string
  default     = "https://pypi.example.com/simple/"
}

# Names that begin with acme- are taken from the private index alone, all others
# from the public one.
resource "layerbuild_package" "python" {
  runtimes = ["python3.12"]
  python = {
    requirements = ["acme-utils==1.2.0"]
    index        = [{ url = var.python_index, packages = ["acme-*"] }]
  }
}

# .npmrc beside this file names the registry of @acme, and the variable with its
# token. It is never packed.
resource "layerbuild_package" "nodejs" {
  runtimes = ["nodejs22.x"]
  nodejs   = { dependencies = { "@acme/utils" = "1.2.0" } }
}

output "contents" {
  value = merge(layerbuild_package.python.contents, layerbuild_package.nodejs.contents)
}
