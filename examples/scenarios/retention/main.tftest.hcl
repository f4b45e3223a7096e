run "one" {}

run "two" {
  variables {
    release = "2"
  }
  assert {
    condition     = tolist(output.kept) == tolist([1])
    error_message = "Version 1 is not kept."
  }
}

run "three_deletes_the_first" {
  variables {
    release = "3"
  }
  assert {
    condition     = layerbuild_version.shared.version == 3 && tolist(output.kept) == tolist([2])
    error_message = "Not versions 2 and 3 are left."
  }
}
