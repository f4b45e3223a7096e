run "publish" {
  assert {
    condition     = layerbuild_version.checksum.code_sha256 == layerbuild_package.checksum.source_code_hash
    error_message = "AWS has other bytes than those that were built."
  }
  assert {
    condition     = length(output.contents) == 1 && startswith(keys(output.contents)[0], "builds:")
    error_message = "The layer holds more than what was built."
  }
}

# The context is unchanged, so nothing is built again.
run "nothing_to_do" {
  command = plan

  assert {
    condition     = layerbuild_version.checksum.version == 1
    error_message = "A second version is planned."
  }
}
