terraform {
  required_version = ">= 1.8"
  required_providers {
    layerbuild = { source = "layerbuild/layerbuild" }
  }
}

provider "layerbuild" {
  region = "us-east-1"
}

# In place of serverless-python-requirements with "layer: true": the plugin's
# settings on the left, what replaces them on the right.
#
#   fileName: requirements.txt   requirements_file
#   dockerizePip: true           not needed, wheels are chosen for Lambda
#   slim: true                   prune
#   noDeploy: [pytest]           exclude
#   zip: true                    not needed
resource "layerbuild_package" "requirements" {
  runtimes = ["python3.12"]
  python = {
    requirements_file = "${path.module}/requirements.txt"
    exclude           = ["pytest"]
  }
  prune = ["tests", "docs", "bytecode"]
}

# serverless.yml reads the ARN from this parameter.
resource "layerbuild_version" "requirements" {
  layer_name    = "serverless-requirements"
  package       = layerbuild_package.requirements
  ssm_parameter = { name = "/layers/serverless-requirements" }
}
