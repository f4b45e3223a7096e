# Warns a year before the runtime is deprecated.
check "runtime" {
  assert {
    condition     = timecmp(plantimestamp(), timeadd("${provider::layerbuild::runtime("python3.12").deprecated}T00:00:00Z", "-8760h")) < 0
    error_message = "python3.12 is deprecated within a year."
  }
}
