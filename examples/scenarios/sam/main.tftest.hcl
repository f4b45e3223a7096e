run "publish" {
  assert {
    condition     = layerbuild_version.deps.ssm_parameter.name == "/layers/sam-dependencies"
    error_message = "The parameter has another name."
  }
  assert {
    condition     = layerbuild_version.deps.code_sha256 == layerbuild_package.deps.source_code_hash
    error_message = "AWS has other bytes than those that were built."
  }
}

# A refresh reads the parameter, and finds nothing to put right.
run "nothing_to_do" {
  command = plan

  assert {
    condition     = layerbuild_version.deps.version == 1
    error_message = "A second version is planned."
  }
}
