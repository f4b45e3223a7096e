terraform {
  required_version = ">= 1.8"
  required_providers {
    layerbuild = { source = "layerbuild/layerbuild" }
  }
}

provider "layerbuild" {
  region = "us-east-1"
}

# Libraries for two runtimes, with exact versions.
resource "layerbuild_package" "deps" {
  runtimes      = ["python3.11", "python3.12"]
  architectures = ["x86_64"]
  python = {
    requirements = ["requests==2.31.0", "python-dateutil==2.8.2", "aws-lambda-powertools[tracer]==2.30.0"]

    exclude_runtime_sdk = true # the runtime brings boto3 and botocore
  }
}

resource "layerbuild_version" "deps" {
  layer_name  = "my-python-utilities"
  package     = layerbuild_package.deps
  description = "Common Python utilities including requests and powertools"
}

output "layer" {
  value = layerbuild_version.deps.arn
}
