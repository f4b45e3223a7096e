run "deploy" {
  assert {
    condition     = length(output.function.layers) == 2
    error_message = "The function does not get both layers."
  }
  assert {
    condition     = output.function.source_code_hash == layerbuild_package.api.source_code_hash
    error_message = "S3 has other bytes than those that were built."
  }
  assert {
    condition     = startswith(output.function.s3_key, "functions/")
    error_message = "The object lies outside of the prefix."
  }
}
