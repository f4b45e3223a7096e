run "share" {}

# A refresh reads the policy from AWS.
run "policy_is_there" {
  command = plan

  assert {
    condition     = tolist(layerbuild_version.shared.sharing.account_ids) == tolist(["210987654321"])
    error_message = "The version is not shared with the account."
  }
  assert {
    condition     = layerbuild_version.shared.version == 1
    error_message = "Sharing published another version."
  }
}
