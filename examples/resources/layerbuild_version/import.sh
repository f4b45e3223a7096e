# The import ID is the ARN of a layer version, or that of a layer for its newest version.
terraform import layerbuild_version.deps arn:aws:lambda:eu-west-1:123456789012:layer:python-dependencies:7
