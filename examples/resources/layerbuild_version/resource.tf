resource "layerbuild_package" "deps" {
  runtimes = ["python3.11", "python3.12"]
  python   = { requirements = ["requests==2.31.0"] }
}

resource "layerbuild_version" "deps" {
  layer_name  = "python-dependencies"
  package     = layerbuild_package.deps
  description = "HTTP and date utilities"
}

# Any zip can be published, whoever built it.
resource "layerbuild_version" "vendored" {
  layer_name          = "vendored"
  filename            = "${path.module}/vendored.zip"
  source_code_hash    = filebase64sha256("${path.module}/vendored.zip")
  compatible_runtimes = ["provided.al2023"]
}
