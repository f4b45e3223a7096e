// Terraform-provider-layerbuild builds and publishes AWS Lambda layers.
package main

import (
	"context"
	"log"
	"os"
	"os/signal"
	"slices"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/command"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/provider"
)

// version is set when a release is built.
var version = "dev"

// handshake is the variable by which Terraform says that it runs a plugin.
const handshake = "TF_PLUGIN_MAGIC_COOKIE"

func main() {
	debug := slices.Contains(os.Args[1:], "-debug") || slices.Contains(os.Args[1:], "--debug")
	if os.Getenv(handshake) == "" && !debug {
		os.Exit(runCommand())
	}
	if err := provider.Serve(version, "registry.terraform.io/layerbuild/layerbuild", debug); err != nil {
		log.Fatal(err)
	}
}

// runCommand carries out the command line of a person, and ends it at the first
// interrupt.
func runCommand() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	args := os.Args[1:]
	if len(args) == 0 {
		args = []string{"--help"}
	}
	return command.Run(ctx, args, version, os.Stdout, os.Stderr)
}
