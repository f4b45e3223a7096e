# The ARN of a version, or that of a layer for its newest version.
import {
  to = layerbuild_version.deps
  id = "arn:aws:lambda:eu-west-1:123456789012:layer:python-dependencies:7"
}
