terraform {
  required_version = ">= 1.8"
  required_providers {
    layerbuild = { source = "layerbuild/layerbuild" }
  }
}

provider "layerbuild" {
  region = "us-east-1"
}

# template.yaml, a SAM template, reads the layer's ARN from this parameter.
resource "layerbuild_package" "deps" {
  runtimes = ["python3.12"]
  python   = { requirements = ["requests==2.31.0"] }
}

resource "layerbuild_version" "deps" {
  layer_name    = "sam-dependencies"
  package       = layerbuild_package.deps
  ssm_parameter = { name = "/layers/sam-dependencies" }
}
