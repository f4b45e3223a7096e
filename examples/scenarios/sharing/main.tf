terraform {
  required_version = ">= 1.8"
  required_providers {
    layerbuild = { source = "layerbuild/layerbuild" }
  }
}

provider "layerbuild" {
  region = "us-east-1"
}

# Every version of the layer is shared with an account and an organization.
resource "layerbuild_package" "shared" {
  runtimes = ["python3.12"]
  files    = [{ content = "RELEASE = 1\n", target = "python/shared_utils.py" }]
}

resource "layerbuild_version" "shared" {
  layer_name = "sharing-shared"
  package    = layerbuild_package.shared
  sharing    = { account_ids = ["210987654321"], organization_ids = ["o-a1b2c3d4e5"] }
}
