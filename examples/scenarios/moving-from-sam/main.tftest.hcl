run "publish" {
  assert {
    condition     = layerbuild_package.deps.contents["python:requests"] == "2.31.0"
    error_message = "The layer lacks what requirements.txt asks for."
  }
  assert {
    condition     = layerbuild_version.deps.code_sha256 == layerbuild_package.deps.source_code_hash
    error_message = "AWS has other bytes than those that were built."
  }
}
