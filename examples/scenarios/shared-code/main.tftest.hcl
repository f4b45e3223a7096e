run "publish" {
  assert {
    condition     = layerbuild_version.shared.code_sha256 == layerbuild_package.shared.source_code_hash
    error_message = "AWS has other bytes than those that were built."
  }
  assert {
    condition     = length(layerbuild_package.shared.findings) == 0
    error_message = "The checks found something."
  }
}
