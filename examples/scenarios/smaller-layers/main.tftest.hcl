run "small" {
  command = plan

  assert {
    condition     = layerbuild_package.deps.contents == tomap({ "python:aws-xray-sdk" = "2.14.0", "python:wrapt" = layerbuild_package.deps.contents["python:wrapt"] })
    error_message = "The layer holds more than the SDK and what it needs beside botocore."
  }
}

run "too_large" {
  command = plan
  variables {
    limit = 1000
  }
  expect_failures = [layerbuild_package.deps]
}
