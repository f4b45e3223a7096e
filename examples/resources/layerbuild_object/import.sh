# The object that a key has now, or one version of it. The resource owns it from then on.
terraform import layerbuild_object.api s3://artifacts/functions/api.zip
