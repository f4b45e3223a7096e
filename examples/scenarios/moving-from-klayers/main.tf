terraform {
  required_version = ">= 1.8"
  required_providers {
    layerbuild = { source = "layerbuild/layerbuild" }
  }
}

provider "layerbuild" {
  region = "us-east-1"
}

# A layer of your own in place of a public one of Klayers:
#
#   arn:aws:lambda:us-east-1:770693421928:layer:Klayers-p312-requests:18
#
# You choose the version and when it moves, and nobody else can delete it.
resource "layerbuild_package" "requests" {
  runtimes = ["python3.12"]
  python   = { requirements = ["requests==2.31.0"] }
}

resource "layerbuild_version" "requests" {
  layer_name = "requests"
  package    = layerbuild_package.requests
}

# In functions: layers = [layerbuild_version.requests.arn]
output "layer" {
  value = layerbuild_version.requests.arn
}
