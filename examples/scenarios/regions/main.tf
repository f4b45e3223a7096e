terraform {
  required_version = ">= 1.8"
  required_providers {
    layerbuild = { source = "layerbuild/layerbuild" }
  }
}

provider "layerbuild" {
  region = "us-east-1"
}

# The same layer in three regions, and its ARN in a parameter of each.
resource "layerbuild_package" "shared" {
  runtimes = ["python3.12"]
  files    = [{ content = "RELEASE = 1\n", target = "python/shared_utils.py" }]
}

resource "layerbuild_version" "shared" {
  layer_name    = "regions-shared"
  package       = layerbuild_package.shared
  regions       = ["eu-central-1", "eu-west-1"]
  ssm_parameter = { name = "/layers/regions-shared" }
}

output "layers" {
  value = layerbuild_version.shared.arns
}
