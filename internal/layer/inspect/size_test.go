package inspect

import (
	"errors"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// TestLayerOverTheLimit names what is large, and nothing that AWS refuses.
func TestLayerOverTheLimit(t *testing.T) {
	t.Parallel()
	files := filetree.Origin{Ecosystem: "files"}
	tree := filetree.Tree{
		{Path: "python/torch/lib/a.so", Size: runtimes.MaxUnzipped, Origin: filetree.Origin{Ecosystem: "python", Name: "torch", Version: "2.3.0"}},
		{Path: "python/models/deep/a.bin", Size: 3 << 20, Origin: files}, {Path: "python/models/b.bin", Size: 2 << 20, Origin: files},
		{Path: "bin/ffmpeg", Size: 4 << 20, Origin: files},
	}
	_, err := CheckSize(tree, fault.SeverityError)
	over, ok := errors.AsType[*fault.Error](err)
	if !ok {
		t.Fatalf("no fault: %v", err)
	}
	text := over.Detail
	for _, want := range []string{"  262144000  python:torch 2.3.0", "    5242880  files[0] (python/models/)", "    4194304  files[0] (bin/ffmpeg)", "prune, exclude", "container image"} {
		if !strings.Contains(text, want) {
			t.Errorf("%s\nwant %q", text, want)
		}
	}
	if strings.Contains(text, "checks = {") {
		t.Errorf("AWS refuses what this advises: %s", text)
	}
}

// TestArchivesOverTheLimit refuses before anything is fetched.
func TestArchivesOverTheLimit(t *testing.T) {
	t.Parallel()
	torch := filetree.Origin{Ecosystem: "python", Name: "torch", Version: "2.9.0"}
	cuda := filetree.Origin{Ecosystem: "python", Name: "nvidia-cublas", Version: "13.1.0"}
	small := filetree.Origin{Ecosystem: "python", Name: "six", Version: "1.17.0"}
	sizes := map[filetree.Origin]int64{cuda: 400_000_000, torch: 900_000_000, small: 11_000}
	err := CheckArchives(sizes, fault.SeverityError)
	over, ok := errors.AsType[*fault.Error](err)
	if !ok || over.Summary != "The wheels of the layer have 1300011000 bytes, over the limit of 262144000" {
		t.Fatalf("got %v", err)
	}
	want := "Nothing was fetched. The largest wheels:\n     900000000  python:torch 2.9.0\n     400000000  python:nvidia-cublas 13.1.0\n         11000  python:six 1.17.0"
	if !strings.HasSuffix(over.Detail, want) {
		t.Errorf("got %s\nwant at its end %s", over.Detail, want)
	}
	if err := CheckArchives(sizes, ""); !fault.Tied(err) {
		t.Errorf("without a severity: %v, want an error", err)
	}
	// Up to twice the limit the files themselves are judged.
	for name, c := range map[string]struct {
		sizes    map[filetree.Origin]int64
		severity fault.Severity
	}{
		"twice the limit": {map[filetree.Origin]int64{torch: 2 * runtimes.MaxUnzipped}, fault.SeverityError},
		"a warning":       {sizes, fault.SeverityWarning},
		"off":             {sizes, fault.SeverityOff},
		"no wheel":        {nil, fault.SeverityError},
	} {
		if err := CheckArchives(c.sizes, c.severity); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
