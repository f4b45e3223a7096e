run "publish" {
  assert {
    condition     = toset(keys(output.layers)) == toset(["us-east-1", "eu-central-1", "eu-west-1"])
    error_message = "Not every region has the layer."
  }
  assert {
    condition     = layerbuild_version.shared.replicas["eu-west-1"].code_sha256 == layerbuild_package.shared.source_code_hash
    error_message = "A region has other bytes."
  }
}
