terraform {
  required_version = ">= 1.8"
  required_providers {
    layerbuild = { source = "layerbuild/layerbuild" }
  }
}

provider "layerbuild" {
  region = "us-east-1"
}

# In place of an AWS::Serverless::LayerVersion that "sam build" makes of
# ContentUri: dependencies/, with a requirements.txt in it.
resource "layerbuild_package" "deps" {
  runtimes = ["python3.12"]
  python   = { requirements_file = "${path.module}/dependencies/requirements.txt" }
}

# The template reads the ARN from this parameter. The versions that
# CloudFormation published stay as long as its stack has them.
resource "layerbuild_version" "deps" {
  layer_name    = "sam-layer"
  package       = layerbuild_package.deps
  ssm_parameter = { name = "/layers/sam-layer" }
}
