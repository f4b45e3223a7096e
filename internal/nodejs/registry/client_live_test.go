//go:build live

package registry

import (
	"encoding/json"
	"os"
	"os/exec"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fetch"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/nodejs/manifest"
)

// TestPickIsWhatNPMViewShows asks npm's registry for ranges that no release will
// change any more, and the npm of this machine for what it says of the versions.
func TestPickIsWhatNPMViewShows(t *testing.T) {
	t.Parallel()
	config, err := LoadNpmrc("", os.Environ())
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewClient(newFetcher(t, fetch.Options{}), config)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []struct{ Name, Spec, want string }{
		{"lodash", "4.17.20", "4.17.20"}, {"express", "~4.17", "4.17.3"}, {"react", "^17.0.0-rc.0", "17.0.2"}, {"typescript", "~4.9", "4.9.5"},
		{"sharp", "~0.33", "0.33.5"}, {"@aws-sdk/client-s3", "~3.600.0", "3.600.0"}, {"uuid", "9", "9.0.1"}, {"debug", "~2.6", "2.6.9"},
		{"aws-cdk-lib", "~2.100", "2.100.0"}, {"@babel/core", "7.0.0-beta.44", "7.0.0-beta.44"},
	} {
		p, err := c.Packument(t.Context(), d.Name)
		if err != nil {
			t.Error(err)
			continue
		}
		spec, err := manifest.ParseSpec(d.Name, d.Spec)
		if err != nil {
			t.Fatal(err)
		}
		at, err := Pick(p, spec, PickOptions{})
		if err != nil {
			t.Error(err)
			continue
		}
		got, err := p.Manifest(t.Context(), at)
		if err != nil {
			t.Error(err)
			continue
		}
		want := viewed(t, d.Name+"@"+d.want)
		if got.Version != want.Version || got.Integrity != want.Integrity || len(got.Dependencies) != len(want.Dependencies) {
			t.Errorf("%s@%s is %s %s with %d dependencies, npm shows %s %s with %d",
				d.Name, d.Spec, got.Version, got.Integrity, len(got.Dependencies), want.Version, want.Integrity, len(want.Dependencies))
		}
		alone, err := c.Manifest(t.Context(), d.Name, got.Version)
		if err != nil {
			t.Error(err)
		} else if alone.Integrity != got.Integrity || alone.Tarball != got.Tarball {
			t.Errorf("%s@%s: the version's own document has %s, the package's %s", d.Name, got.Version, alone.Integrity, got.Integrity)
		}
	}
}

type view struct {
	Version      string
	Integrity    string `json:"dist.integrity"`
	Dependencies map[string]string
}

// viewed is what "npm view" shows of a version.
func viewed(t *testing.T, version string) view {
	t.Helper()
	command := exec.CommandContext(t.Context(), "npm", "view", "--json", version, "version", "dist.integrity", "dependencies")
	text, err := command.Output()
	if err != nil {
		t.Fatalf("running npm view: %v", err)
	}
	var one view
	if err := json.Unmarshal(text, &one); err != nil {
		t.Fatalf("reading npm view: %v", err)
	}
	return one
}
