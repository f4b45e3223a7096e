run "plan_knows_the_hash" {
  command = plan

  assert {
    condition     = length(layerbuild_package.deps.source_code_hash) == 44
    error_message = "The plan does not know the hash."
  }
  assert {
    condition     = layerbuild_package.deps.contents["python:requests"] == "2.31.0"
    error_message = "The layer does not have the pinned version of requests."
  }
  assert {
    condition     = !contains(keys(layerbuild_package.deps.contents), "python:botocore")
    error_message = "The layer has botocore, which the runtime brings."
  }
}

run "publish" {
  assert {
    condition     = layerbuild_version.deps.code_sha256 == layerbuild_package.deps.source_code_hash
    error_message = "AWS has other bytes than those that were built."
  }
  assert {
    condition     = toset(layerbuild_version.deps.compatible_runtimes) == toset(["python3.11", "python3.12"])
    error_message = "The version does not declare its runtimes."
  }
}
