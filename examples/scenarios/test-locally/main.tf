terraform {
  required_version = ">= 1.8"
  required_providers {
    layerbuild = { source = "layerbuild/layerbuild" }
  }
}

provider "layerbuild" {
  region = "us-east-1"
}

# A layer to try before it is published. Lambda mounts a layer at /opt:
#
#   terraform apply
#   unzip -qo layer.zip -d opt
#   docker run --rm -v "$PWD/opt:/opt:ro" -v "$PWD/app:/var/task:ro" \
#     public.ecr.aws/lambda/python:3.12 app.lambda_handler
resource "layerbuild_package" "deps" {
  runtimes    = ["python3.12"]
  output_path = "${path.module}/layer.zip"
  write_zip   = "always"
  python      = { requirements = ["requests==2.31.0"] }
}

# What the checks find in the zip, for the runtime.
data "layerbuild_inspection" "deps" {
  filename   = layerbuild_package.deps.filename
  runtimes   = layerbuild_package.deps.runtimes
  depends_on = [layerbuild_package.deps]
}
