run "publish" {
  assert {
    condition     = layerbuild_version.expat.code_sha256 == layerbuild_package.expat.source_code_hash
    error_message = "AWS has other bytes than those that were built."
  }
  assert {
    condition     = length(output.contents) == 1 && startswith(keys(output.contents)[0], "images:")
    error_message = "The layer holds more than the library of the image."
  }
}

# The tag may point to another image by then: the digest is pinned.
run "nothing_to_do" {
  command = plan

  assert {
    condition     = layerbuild_version.expat.version == 1
    error_message = "A second version is planned."
  }
}
