run "publish" {
  assert {
    condition     = layerbuild_package.native["x86_64"].source_code_hash != layerbuild_package.native["arm64"].source_code_hash
    error_message = "Both architectures have the same bytes."
  }
  assert {
    condition     = tolist(layerbuild_version.native["arm64"].compatible_architectures) == tolist(["arm64"])
    error_message = "The version does not declare its architecture."
  }
}
