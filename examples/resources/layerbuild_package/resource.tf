# Libraries from the package index. The plan shows the hash and each version.
resource "layerbuild_package" "deps" {
  runtimes      = ["python3.11", "python3.12"]
  architectures = ["x86_64"]
  python = {
    requirements = ["requests==2.31.0", "python-dateutil==2.8.2", "aws-lambda-powertools==2.30.0"]
  }
}

# The same from a requirements file, one package for each architecture.
resource "layerbuild_package" "native" {
  for_each = toset(["x86_64", "arm64"])

  runtimes      = ["python3.12"]
  architectures = [each.key]
  python = {
    requirements_file = "${path.module}/requirements.txt"
  }
}

# What a lock file holds, of npm, Yarn or pnpm.
resource "layerbuild_package" "node" {
  runtimes = ["nodejs22.x"]
  nodejs = {
    lock_file = "${path.module}/package-lock.json"
  }
}

# Code of your own.
resource "layerbuild_package" "shared" {
  runtimes = ["python3.11", "python3.12"]
  files = [
    { source = "${path.module}/src/shared_utils", target = "python/shared_utils", exclude = ["**/*_test.py"] },
    { content = jsonencode({ stage = "prod" }), target = "python/shared_utils/settings.json" },
  ]
}

# The zip and its hash fit any resource that takes them.
resource "aws_lambda_layer_version" "shared" {
  layer_name       = "shared-utils"
  filename         = layerbuild_package.shared.filename
  source_code_hash = layerbuild_package.shared.source_code_hash
}

# The code of a function: packages at the root, without tests and stubs.
resource "layerbuild_package" "api" {
  kind     = "function"
  runtimes = ["python3.12"]
  python   = { requirements = ["requests==2.31.0"] }
  files    = [{ source = "${path.module}/src/api" }]
  prune    = ["tests", "type_stubs"]
}

resource "aws_lambda_function" "api" {
  function_name    = "api"
  role             = aws_iam_role.api.arn
  runtime          = "python3.12"
  handler          = "app.lambda_handler"
  filename         = layerbuild_package.api.filename
  source_code_hash = layerbuild_package.api.source_code_hash
}
