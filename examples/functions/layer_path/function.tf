resource "layerbuild_package" "shared" {
  runtimes = ["python3.12"]
  files = [{
    source = "${path.module}/src/shared_utils"
    target = "${provider::layerbuild::layer_path("python3.12", "packages")}/shared_utils"
  }]
}
