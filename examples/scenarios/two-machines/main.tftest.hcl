run "deploy" {
  assert {
    condition     = output.function.source_code_hash == layerbuild_package.api.source_code_hash
    error_message = "S3 has other bytes than those that were built."
  }
  assert {
    condition     = layerbuild_version.deps.code_sha256 == layerbuild_package.deps.source_code_hash
    error_message = "AWS has other bytes than those that were built."
  }
}
