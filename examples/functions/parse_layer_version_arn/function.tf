output "version" {
  value = provider::layerbuild::parse_layer_version_arn("arn:aws:lambda:eu-west-1:123456789012:layer:deps:7").version
}
