run "apply" {
  assert {
    condition     = layerbuild_version.deps.code_sha256 == output.hash
    error_message = "AWS has other bytes than those that were built."
  }
}

run "a_later_plan_changes_nothing" {
  command = plan

  assert {
    condition     = output.hash == run.apply.hash
    error_message = "A later plan has another hash."
  }
}
