run "publish" {
  assert {
    condition     = layerbuild_package.requirements.contents["python:requests"] == "2.31.0"
    error_message = "The layer lacks what requirements.txt asks for."
  }
  assert {
    condition     = !contains(keys(layerbuild_package.requirements.contents), "python:pytest")
    error_message = "pytest is in the layer."
  }
  assert {
    condition     = layerbuild_version.requirements.code_sha256 == layerbuild_package.requirements.source_code_hash
    error_message = "AWS has other bytes than those that were built."
  }
}
