run "build" {
  assert {
    condition     = filesha256(layerbuild_package.deps.filename) == layerbuild_package.deps.sha256
    error_message = "The file is not the zip of the plan."
  }
  assert {
    condition     = length(data.layerbuild_inspection.deps.findings) == 0
    error_message = "The layer does not load on its runtime."
  }
}
