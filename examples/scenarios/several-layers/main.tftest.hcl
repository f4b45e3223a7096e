run "publish" {
  assert {
    condition     = toset(keys(output.layers)) == toset(["python-http", "python-data"])
    error_message = "Not every layer is published."
  }
  assert {
    condition     = layerbuild_package.layer["python-data"].contents["python:pytz"] == "2024.1"
    error_message = "The layer does not hold its own libraries."
  }
}
