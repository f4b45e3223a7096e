run "import" {
  assert {
    condition     = output.layer == "arn:aws:lambda:us-east-1:123456789012:layer:imported:1"
    error_message = "A new version was published."
  }
}
