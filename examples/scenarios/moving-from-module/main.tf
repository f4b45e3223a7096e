terraform {
  required_version = ">= 1.8"
  required_providers {
    layerbuild = { source = "layerbuild/layerbuild" }
  }
}

provider "layerbuild" {
  region = "us-east-1"
}

# Before, with terraform-aws-modules/lambda/aws:
#
#   module "layer" {
#     source              = "terraform-aws-modules/lambda/aws"
#     create_layer        = true
#     layer_name          = "module-dependencies"
#     runtime             = "python3.12"
#     compatible_runtimes = ["python3.12"]
#     source_path = [{
#       pip_requirements = "${path.module}/requirements.txt"
#       prefix_in_zip    = "python"
#     }]
#   }
resource "layerbuild_package" "deps" {
  runtimes = ["python3.12"]
  python   = { requirements_file = "${path.module}/requirements.txt" }
}

resource "layerbuild_version" "deps" {
  layer_name = "module-dependencies"
  package    = layerbuild_package.deps
}

# Adopts the version that the module has published. Remove the block once it is
# applied in every state.
moved {
  from = module.layer.aws_lambda_layer_version.this[0]
  to   = layerbuild_version.deps
}

# module.layer.lambda_layer_arn becomes layerbuild_version.deps.arn.
output "layer" {
  value = layerbuild_version.deps.arn
}
