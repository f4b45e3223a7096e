package container

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/fstest"
)

// TestFilesOfWindowsCanBeRun: a layer that was unpacked where there are no run bits has
// them in the container.
func TestFilesOfWindowsCanBeRun(t *testing.T) {
	t.Parallel()
	var packed bytes.Buffer
	out := tar.NewWriter(&packed)
	files := fstest.MapFS{"bin/tool": {Data: []byte("#!/bin/sh\n"), Mode: 0o666}}
	if err := errors.Join(out.AddFS(runnable{files}), out.Close()); err != nil {
		t.Fatal(err)
	}
	modes := map[string]int64{}
	for in := tar.NewReader(&packed); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		modes[h.Name] = h.Mode & 0o777
	}
	if modes["bin/tool"] != 0o777 || modes["bin/"]&0o111 != 0o111 {
		t.Errorf("the modes are %v", modes)
	}
}
