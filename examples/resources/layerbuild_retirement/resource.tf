# Runs after the function has the new version, and deletes the one that it left.
resource "layerbuild_retirement" "deps" {
  version_arn = layerbuild_version.deps.arn
  versions    = layerbuild_version.deps.retiring_versions
  depends_on  = [aws_lambda_function.items]
}
