resource "layerbuild_package" "deps" {
  runtimes = ["python3.11", "python3.12"]
  python   = { requirements = ["requests==2.31.0"] }
}

resource "layerbuild_version" "deps" {
  layer_name  = "python-dependencies"
  package     = layerbuild_package.deps
  description = "HTTP and date utilities"
}

# Any zip can be published, no matter what built it.
resource "layerbuild_version" "vendored" {
  layer_name          = "vendored"
  filename            = "${path.module}/vendored.zip"
  source_code_hash    = filebase64sha256("${path.module}/vendored.zip")
  compatible_runtimes = ["provided.al2023"]
}

# Several regions, shared, signed and kept tidy.
resource "layerbuild_version" "shared" {
  layer_name = "shared-utils"
  package    = layerbuild_package.deps
  regions    = ["eu-central-1", "us-east-1"]

  retention     = { keep_last = 5, max_age_days = 90 }
  sharing       = { account_ids = ["210987654321"], organization_ids = ["o-a1b2c3d4e5"] }
  s3            = { bucket = "acme-artifacts-{region}", prefix = "layers/" }
  signing       = { profile_name = "layers" }
  ssm_parameter = { name = "/layers/shared-utils" }
}
