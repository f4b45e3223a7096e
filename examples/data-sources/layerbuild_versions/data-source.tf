# The newest version for a runtime.
data "layerbuild_versions" "deps" {
  layer_name              = "python-dependencies"
  compatible_runtime      = "python3.12"
  compatible_architecture = "arm64"
  newest                  = 1
}

resource "aws_lambda_function" "api" {
  function_name = "api"
  role          = aws_iam_role.api.arn
  runtime       = "python3.12"
  architectures = ["arm64"]
  handler       = "app.lambda_handler"
  filename      = "api.zip"
  layers        = data.layerbuild_versions.deps.arns
}
