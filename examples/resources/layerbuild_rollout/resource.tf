# The canary gets the new version first and is invoked. The function "items"
# moves in the same apply, after the canary has answered as expected.
resource "layerbuild_rollout" "deps" {
  version_arn = layerbuild_version.deps.arn
  canary = {
    function_name = aws_lambda_function.canary.function_name
    payload       = jsonencode({ item_id = "42" })
    expect = {
      status_code     = 200
      json            = { "body.success" = "true" }
      max_duration_ms = 3000
    }
  }
}

resource "aws_lambda_function" "canary" {
  function_name = "items-canary"
  role          = aws_iam_role.items.arn
  runtime       = "python3.12"
  handler       = "app.handler"
  filename      = "items.zip"
  layers        = [layerbuild_version.deps.arn]
}

resource "aws_lambda_function" "items" {
  function_name = "items"
  role          = aws_iam_role.items.arn
  runtime       = "python3.12"
  handler       = "app.handler"
  filename      = "items.zip"
  layers        = [layerbuild_rollout.deps.arn]
}

# Functions that Terraform does not manage here move by name, in batches. They
# get their former version again where one of them cannot move.
resource "layerbuild_rollout" "others" {
  version_arn = layerbuild_rollout.deps.arn
  functions   = ["orders-read", "orders-write"]
  batch_size  = 5
  on_failure  = "rollback"
}
