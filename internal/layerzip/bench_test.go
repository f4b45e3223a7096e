package layerzip

import (
	"fmt"
	"io"
	"runtime"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
)

// wheels returns ten archives with 5,000 files of 50 MB in all.
func wheels(b *testing.B) []*filetree.Archive {
	b.Helper()
	content := noise(1, 1<<20)
	var out []*filetree.Archive
	for i := range 10 {
		var members []member
		for k := range 500 {
			members = append(members, member{name: fmt.Sprintf("pkg%d/sub%d/file%d.py", i, k/20, k), data: content[:20*k+5000]})
		}
		out = append(out, archiveOf(b, fmt.Sprintf("pkg%d.whl", i), members...))
	}
	return out
}

func BenchmarkDigest(b *testing.B) {
	var trees []filetree.Tree
	for _, a := range wheels(b) {
		trees = append(trees, treeOf(b, a))
	}
	l := layoutOf(b, trees...)
	b.SetBytes(l.Size())
	for b.Loop() {
		if _, err := l.Digest(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFromZipAndLayout(b *testing.B) {
	archives := wheels(b)
	for b.Loop() {
		var all filetree.Tree
		for _, a := range archives {
			all = append(all, treeOf(b, a)...)
		}
		layoutOf(b, all)
	}
}

func BenchmarkVet(b *testing.B) {
	archive := inMemory("segment", segmentOf(b, sources()))
	b.SetBytes(archive.Size)
	for b.Loop() {
		if err := filetree.Vet(archive); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSegment(b *testing.B) {
	files := scanned(b, sources())
	var size int64
	for _, f := range files {
		size += f.Size
	}
	b.SetBytes(size)
	packer := NewStreamer(openStore(b), runtime.GOMAXPROCS(0))
	for b.Loop() {
		if err := segment(b.Context(), packer, io.Discard, files); err != nil {
			b.Fatal(err)
		}
	}
}
