terraform {
  required_version = ">= 1.8"
  required_providers {
    layerbuild = { source = "layerbuild/layerbuild" }
  }
}

provider "layerbuild" {
  region = "us-east-1"
}

# A program that must be compiled. Docker or Podman builds the image while
# Terraform plans, on the system that the runtime has; the program is taken out of
# it. This is the only input that needs a container engine.
resource "layerbuild_package" "checksum" {
  runtimes = ["python3.12"]
  builds = [{
    context = "${path.module}/native"
    files   = { "/opt/bin/tool" = "bin/checksum" }
  }]
}

resource "layerbuild_version" "checksum" {
  layer_name = "checksum"
  package    = layerbuild_package.checksum
}

output "contents" {
  value = layerbuild_package.checksum.contents
}
