run "publish" {
  assert {
    condition     = layerbuild_version.deps.code_sha256 == layerbuild_package.deps.source_code_hash
    error_message = "AWS has other bytes than those that were built."
  }
  assert {
    condition     = length(output.layers) == 2
    error_message = "Not both Python layers are published."
  }
}
