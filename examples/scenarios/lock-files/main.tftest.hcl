run "locked" {
  command = plan

  assert {
    condition     = output.contents == tomap({ "python:idna" = "3.7", "python:certifi" = "2024.7.4", "nodejs:dayjs" = "1.11.23" })
    error_message = "The layers hold something else than the lock files say."
  }
}
