run "look" {
  assert {
    condition     = output.users["1"] == tolist(["usage"])
    error_message = "The function is not named as a user."
  }
}
