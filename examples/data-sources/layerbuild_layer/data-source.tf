# Who uses which version of a layer.
data "layerbuild_layer" "deps" {
  layer_name = "python-dependencies"
}

output "newest" {
  value = data.layerbuild_layer.deps.latest.arn
}

# Functions that are not on the newest version yet.
output "behind" {
  value = flatten([for version in data.layerbuild_layer.deps.versions : version.users if version.version != data.layerbuild_layer.deps.latest.version])
}

# A version that another account shares: its list cannot be read, the version can.
data "layerbuild_layer" "shared" {
  layer_name = "arn:aws:lambda:eu-west-1:210987654321:layer:shared-utils:7"
}
