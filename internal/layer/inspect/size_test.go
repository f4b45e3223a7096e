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
