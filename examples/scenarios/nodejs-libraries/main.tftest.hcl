run "publish" {
  assert {
    condition     = layerbuild_version.deps.code_sha256 == layerbuild_package.deps.source_code_hash
    error_message = "AWS has other bytes than those that were built."
  }
  assert {
    condition     = startswith(layerbuild_package.deps.contents["nodejs:uuid"], "9.")
    error_message = "uuid is outside of its range."
  }
}

run "nothing_moves" {
  command = plan

  assert {
    condition     = layerbuild_version.deps.version == 1
    error_message = "A second plan publishes another version."
  }
}
