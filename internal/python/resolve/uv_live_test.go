//go:build live

package resolve

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep508"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

// liveSets are what Lambda users ask for; each is resolved once by us and once
// by uv against the real index.
var liveSets = []string{
	"requests",
	"requests==2.31.0 python-dateutil==2.8.2 aws-lambda-powertools==2.30.0",
	"boto3",
	"pandas numpy<2.3",
	"fastapi mangum",
	"aws-lambda-powertools[all]",
	"awswrangler",
	"pydantic[email] cryptography",
	"sqlalchemy psycopg2-binary",
	"opentelemetry-distro opentelemetry-exporter-otlp",
	"s3fs boto3",
	"scikit-learn pillow",
}

// TestAnswersEqualUv resolves live. Both sides see the index as it was at the
// last midnight but one.
func TestAnswersEqualUv(t *testing.T) {
	t.Parallel()
	bed := os.Getenv("LAYERBUILD_TESTBED")
	if bed == "" {
		t.Fatal("LAYERBUILD_TESTBED is not set: run the live tests by make test")
	}
	moment := time.Now().UTC().Truncate(24 * time.Hour).Add(-24 * time.Hour)
	cache := t.TempDir()
	s, err := store.Open(cache)
	if err != nil {
		t.Fatal(err)
	}
	client := fetch.New(fetch.Options{Store: s, UserAgent: "terraform-provider-layerbuild/test"})
	uvCache := t.TempDir()
	for _, set := range liveSets {
		t.Run(strings.ReplaceAll(set, " ", ","), func(t *testing.T) {
			requirements := strings.Fields(set)
			got := resolveLive(t, client, requirements, moment)
			want := uvCompile(t, filepath.Join(bed, "bin", "uv"), uvCache, requirements, moment)
			if !slices.Equal(got, want) {
				t.Errorf("got  %s\nuv   %s", strings.Join(got, " "), strings.Join(want, " "))
			}
		})
	}
}

func resolveLive(t *testing.T, client *fetch.Client, requirements []string, moment time.Time) []string {
	t.Helper()
	spec := Spec{
		Targets:      []wheel.Target{{Runtime: "python3.12", Minor: 12, Arch: "x86_64", Glibc: 34}},
		ExcludeNewer: moment,
	}
	for _, text := range requirements {
		in, err := pep508.ParseInput(text, "set")
		if err != nil {
			t.Fatal(err)
		}
		spec.Requirements = append(spec.Requirements, in)
	}
	lock, err := Resolve(t.Context(), client, spec)
	if err != nil {
		t.Fatal(err)
	}
	var pins []string
	for _, w := range lock.Wheels {
		pins = append(pins, w.Name+"=="+w.Version)
	}
	slices.Sort(pins)
	return pins
}

func uvCompile(t *testing.T, uv, cache string, requirements []string, moment time.Time) []string {
	t.Helper()
	command := exec.CommandContext(t.Context(), uv, "pip", "compile", "--quiet", "--no-config", "--no-header", "--no-annotate",
		"--only-binary", ":all:", "--python-version", "3.12", "--python-platform", "x86_64-manylinux_2_34",
		"--exclude-newer", moment.Format(time.RFC3339), "--cache-dir", cache, "-")
	command.Env = append(os.Environ(), "UV_PYTHON_DOWNLOADS=never")
	command.Stdin = strings.NewReader(strings.Join(requirements, "\n"))
	out, err := command.Output()
	if err != nil {
		text := err.Error()
		if exit, ok := err.(*exec.ExitError); ok {
			text += "\n" + string(exit.Stderr)
		}
		t.Fatal(fmt.Errorf("uv pip compile: %s", text))
	}
	pins := strings.Fields(string(out))
	slices.Sort(pins)
	return pins
}
