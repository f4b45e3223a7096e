run "sign" {
  assert {
    condition     = layerbuild_version.shared.unsigned_sha256 == layerbuild_package.shared.source_code_hash
    error_message = "Other bytes were signed."
  }
  assert {
    condition     = layerbuild_version.shared.signing_job_arn != null
    error_message = "There was no signing job."
  }
}
