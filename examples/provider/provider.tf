terraform {
  required_providers {
    layerbuild = {
      source  = "layerbuild/layerbuild"
      version = "~> 0.1"
    }
  }
}

# The AWS settings have the names of the aws provider. A configuration that only
# builds packages needs none of them.
provider "layerbuild" {
  region = "eu-west-1"
}

resource "layerbuild_package" "deps" {
  runtimes = ["python3.12"]
  python   = { requirements = ["requests==2.31.0"] }
}

resource "layerbuild_version" "deps" {
  layer_name = "python-dependencies"
  package    = layerbuild_package.deps
}
