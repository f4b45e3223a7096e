import {
  to = layerbuild_version.deps
  identity = {
    layer_name = "python-dependencies"
    region     = "eu-west-1"    # default: the provider's
    account_id = "123456789012" # default: that of the credentials
  }
}
