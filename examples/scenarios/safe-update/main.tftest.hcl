run "first_version" {
  assert {
    condition     = toset(values(output.moved)) == toset([1])
    error_message = "Not every function has version 1."
  }
}

run "new_version_in_one_apply" {
  variables {
    release = "2"
  }
  assert {
    condition     = toset(values(output.moved)) == toset([2]) && length(output.moved) >= 2
    error_message = "Not every function has version 2."
  }
}
