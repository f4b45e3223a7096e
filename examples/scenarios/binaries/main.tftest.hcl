run "publish" {
  assert {
    condition     = layerbuild_version.ffmpeg.code_sha256 == layerbuild_package.ffmpeg.source_code_hash
    error_message = "AWS has other bytes than those that were built."
  }
  assert {
    condition     = data.layerbuild_inspection.ffmpeg.file_count == 2
    error_message = "The layer does not hold the two programs alone."
  }
  assert {
    condition     = length(data.layerbuild_inspection.ffmpeg.findings) == 0
    error_message = "The programs would not run on Lambda."
  }
}
