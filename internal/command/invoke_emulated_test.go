//go:build live && emulated

package command

import (
	"os"
	"path/filepath"
	"testing"
)

// TestEmulatedHandlerOfTheArticle runs the article's complete function on arm64.
func TestEmulatedHandlerOfTheArticle(t *testing.T) {
	bed := os.Getenv("LAYERBUILD_ARM64")
	if bed == "" {
		t.Fatal("LAYERBUILD_ARM64 is not set: run this by make test-arm64")
	}
	a := newArticle(t, "python3.11")
	deps := a.deps("arm64.zip", "aws-lambda-powertools[tracer]==2.30.0", "--architecture", "arm64")
	for _, c := range calls(deps) {
		t.Run(c.name, func(t *testing.T) {
			a.try(t, c, "--arch", "arm64", "--root", filepath.Join(bed, "root"), "--emulator", filepath.Join(bed, "emulator"), "--timeout", "2m")
		})
	}
}
