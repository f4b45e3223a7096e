package layerzip

import (
	"bytes"
	"maps"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
)

// FuzzRepack packs whatever archive is let in: the layer must again be an
// archive that is let in, with the contents that the standard library reads.
func FuzzRepack(f *testing.F) {
	f.Add(segmentOf(f, map[string]string{"a/b": "text text text text text", "c": ""}))
	whole := wheel(f)
	b := make([]byte, whole.Size)
	file, err := whole.Open()
	if err != nil {
		f.Fatal(err)
	}
	if _, err := file.ReadAt(b, 0); err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		defer indextest.Budget(t, len(b))()
		in := inMemory("fuzz", b)
		tree, err := filetree.FromZip(in)
		if err != nil || len(tree) == 0 || filetree.Vet(in) != nil {
			return
		}
		l := layoutOf(t, tree)
		out := written(t, l)
		if int64(len(out)) != l.Size() {
			t.Errorf("wrote %d bytes, want %d", len(out), l.Size())
		}
		if err := filetree.Vet(inMemory("layer", out)); err != nil {
			t.Errorf("the layer is refused: %v", err)
		}
		want := map[string]string{}
		for _, e := range tree {
			want[e.Path] = content(t, e)
		}
		if got := unzipped(t, out); !maps.Equal(got, want) {
			t.Errorf("got %d files with other contents, want %d", len(got), len(want))
		}
	})
}

func content(t *testing.T, e filetree.Entry) string {
	t.Helper()
	r, err := e.OpenContent()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	var b bytes.Buffer
	if _, err := b.ReadFrom(r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
