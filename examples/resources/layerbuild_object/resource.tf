resource "layerbuild_package" "api" {
  kind     = "function"
  runtimes = ["python3.12"]
  python   = { requirements = ["requests==2.31.0"] }
  files    = [{ source = "${path.module}/src/api" }]
}

# The zip in S3, rebuilt from the package's lock on whatever machine applies.
resource "layerbuild_object" "api" {
  bucket    = aws_s3_bucket.artifacts.id
  prefix    = "functions/"
  package   = layerbuild_package.api
  keep_last = 5
}

resource "aws_lambda_function" "api" {
  function_name     = "api"
  role              = aws_iam_role.api.arn
  runtime           = "python3.12"
  handler           = "app.lambda_handler"
  s3_bucket         = layerbuild_object.api.bucket
  s3_key            = layerbuild_object.api.key
  s3_object_version = layerbuild_object.api.object_version_id
  source_code_hash  = layerbuild_object.api.source_code_hash
}
