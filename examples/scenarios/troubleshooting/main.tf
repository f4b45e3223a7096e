terraform {
  required_version = ">= 1.8"
  required_providers {
    layerbuild = { source = "layerbuild/layerbuild" }
  }
}

provider "layerbuild" {
  region = "us-east-1"
}

# The findings of the checks. By default the first two are errors, and the plan fails.
resource "layerbuild_package" "wrong_folder" {
  runtimes = ["python3.12"]
  files    = [{ content = "x = 1\n", target = "shared_utils/__init__.py" }]
  checks   = { layout = "warning" }
}

resource "layerbuild_package" "wrong_interpreter" {
  runtimes = ["python3.12"]
  files    = [{ content = "#!/usr/local/bin/python\nprint(1)\n", target = "bin/tool" }]
  checks   = { executables = "warning" }
}

# Right: a folder that Python looks into, and an interpreter that Lambda has.
resource "layerbuild_package" "right" {
  runtimes = ["python3.12"]
  files = [
    { content = "x = 1\n", target = "python/shared_utils/__init__.py" },
    { content = "#!/usr/bin/env python3\nprint(1)\n", target = "bin/tool" },
  ]
}

output "findings" {
  value = {
    wrong_folder      = layerbuild_package.wrong_folder.findings[*].text
    wrong_interpreter = layerbuild_package.wrong_interpreter.findings[*].text
    right             = layerbuild_package.right.findings[*].text
  }
}
