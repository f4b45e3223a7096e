run "module_not_found" {
  command = plan

  assert {
    condition     = strcontains(join("", output.findings.wrong_folder), "python/shared_utils")
    error_message = "The finding does not name the folder to use."
  }
  assert {
    condition     = length(output.findings.wrong_interpreter) == 1
    error_message = "The interpreter is not found."
  }
  assert {
    condition     = length(output.findings.right) == 0
    error_message = "The right layer has findings."
  }
}
