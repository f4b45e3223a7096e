data "layerbuild_inspection" "vendor" {
  layer_version_arn = "arn:aws:lambda:eu-west-1:123456789012:layer:vendor-tools:7"
  runtimes          = ["python3.12"]
  architectures     = ["arm64"]
}

check "vendor_layer_loads" {
  assert {
    condition     = length([for f in data.layerbuild_inspection.vendor.findings : f if f.severity == "error"]) == 0
    error_message = join("\n", data.layerbuild_inspection.vendor.findings[*].text)
  }
}
