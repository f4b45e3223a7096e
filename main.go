// Terraform-provider-layerbuild builds and publishes AWS Lambda layers.
package main

import (
	"context"
	"flag"
	"log"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider"
)

// version is set when a release is built.
var version = "dev"

func main() {
	debug := flag.Bool("debug", false, "wait for a debugger and print how to reattach")
	flag.Parse()
	err := providerserver.Serve(context.Background(), provider.New(version), providerserver.ServeOpts{
		Address: "registry.terraform.io/layerbuild/layerbuild",
		Debug:   *debug,
	})
	if err != nil {
		log.Fatal(err)
	}
}
