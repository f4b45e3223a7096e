run "resolve" {
  assert {
    condition     = output.contents == tomap({ "python:acme-utils" = "1.2.0", "nodejs:@acme/utils" = "1.2.0" })
    error_message = "The packages are not those of the private registries."
  }
}
