terraform {
  required_version = ">= 1.8"
  required_providers {
    layerbuild = { source = "layerbuild/layerbuild" }
  }
}

provider "layerbuild" {
  region = "us-east-1"
}

# Code that many functions share: "from shared_utils import api_response".
resource "layerbuild_package" "shared" {
  runtimes      = ["python3.11", "python3.12"]
  architectures = ["x86_64", "arm64"]
  files = [{
    source  = "${path.module}/src/shared_utils"
    target  = "python/shared_utils"
    exclude = ["**/*_test.py"]
  }]
}

resource "layerbuild_version" "shared" {
  layer_name  = "shared-utils"
  package     = layerbuild_package.shared
  description = "Shared utility functions for Lambda"
}

output "layer" {
  value = layerbuild_version.shared.arn
}
