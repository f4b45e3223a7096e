# Run it with: terraform apply -invoke=action.layerbuild_invoke.items
action "layerbuild_invoke" "items" {
  config {
    function_name = "items"
    qualifier     = "live"
    payload       = jsonencode({ item_id = "42" })
    expect = {
      status_code     = 200
      json            = { "body.success" = "true" }
      max_duration_ms = 3000
    }
  }
}
