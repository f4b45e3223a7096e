run "pinned" {
  command = plan

  assert {
    condition     = output.contents["python:requests"] == "2.31.0" && length(output.contents) == 5
    error_message = "The layer does not hold requests and its four dependencies."
  }
  # Exact versions, exact bytes: this hash is the same on every machine, every day.
  assert {
    condition     = output.sha256 == "e9dd7033ab3529494ca47379e793d7f90a5f56b0f78d88efb66d50c70665b7a5"
    error_message = "The layer has the hash ${output.sha256}."
  }
}
