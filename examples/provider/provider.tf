terraform {
  required_providers {
    layerbuild = {
      source = "layerbuild/layerbuild"
    }
  }
}

# The AWS settings are those of the aws provider, with its names and precedence.
# A configuration that only builds packages needs none of them.
provider "layerbuild" {
  region = "eu-west-1"

  assume_role {
    role_arn = "arn:aws:iam::123456789012:role/layers"
  }

  # Plan and apply see the package index of one moment, on any two machines.
  exclude_newer = plantimestamp()
}
