run "publish" {
  assert {
    condition     = endswith(output.layer, ":layer:requests:1")
    error_message = "The layer is not a new one of this account."
  }
  assert {
    condition     = layerbuild_version.requests.code_sha256 == layerbuild_package.requests.source_code_hash
    error_message = "AWS has other bytes than those that were built."
  }
}
