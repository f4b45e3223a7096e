run "apply" {
  assert {
    condition     = layerbuild_version.deps.code_sha256 == output.hash
    error_message = "AWS has other bytes than those that were built."
  }
}

run "a_later_plan_changes_nothing" {
  command = plan

  assert {
    condition     = layerbuild_version.deps.version == 1
    error_message = "A later plan publishes another version."
  }
}
