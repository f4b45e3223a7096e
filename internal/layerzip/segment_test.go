package layerzip

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/klauspost/compress/flate"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
)

func sources() map[string]string {
	contents := map[string]string{
		"empty": "", "byte": "1", "stored": noise(1, 70_000),
		"exactly-small": prose(2, smallFile)[:smallFile], "just-large": prose(3, smallFile)[:smallFile] + "x",
		"large": prose(4, 3*smallFile), "large-noise": noise(5, 2*smallFile), "zeros": strings.Repeat("\x00", 2*smallFile),
	}
	for i := range 60 {
		contents[fmt.Sprintf("src/%03d.py", i)] = prose(uint64(100+i), 200*i)
	}
	return contents
}

func TestSegmentRoundTrip(t *testing.T) {
	t.Parallel()
	contents := sources()
	b := segmentOf(t, contents)
	if err := filetree.Vet(inMemory("segment", b)); err != nil {
		t.Errorf("Vet: %v", err)
	}
	got := unzipped(t, b)
	if len(got) != len(contents) {
		t.Errorf("got %d files, want %d", len(got), len(contents))
	}
	for name, want := range contents {
		if got[name] != want {
			t.Errorf("%s: content differs", name)
		}
	}
	for _, e := range treeOf(t, inMemory("segment", b)) {
		if e.Exec || e.PackedSize > e.Size || (e.Method == filetree.Stored) != (e.PackedSize == e.Size) {
			t.Errorf("%s: exec=%t method=%d, %d bytes packed from %d", e.Path, e.Exec, e.Method, e.PackedSize, e.Size)
		}
	}
}

// TestSegmentStreamsAreThoseOfAFreshEncoder guards against streams that depend
// on what was packed before, or on how the content was cut into writes.
func TestSegmentStreamsAreThoseOfAFreshEncoder(t *testing.T) {
	t.Parallel()
	contents := sources()
	b := segmentOf(t, contents)
	r, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.File {
		if f.Method == zip.Store {
			continue
		}
		raw, err := f.OpenRaw()
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(raw)
		if err != nil {
			t.Fatal(err)
		}
		if want := freshly(t, contents[f.Name]); !bytes.Equal(got, want) {
			t.Errorf("%s: %d packed bytes differ from the %d of a fresh encoder", f.Name, len(got), len(want))
		}
	}
}

func freshly(t *testing.T, content string) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, 6)
	if err != nil {
		t.Fatal(err)
	}
	for piece := range strings.SplitAfterSeq(content, "\n") {
		if _, err := io.WriteString(w, piece); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWorkersDoNotMatter(t *testing.T) {
	t.Parallel()
	files := scanned(t, sources())
	var first []byte
	for _, workers := range []int{1, 2, 3, 16} {
		var b bytes.Buffer
		if err := segment(t.Context(), NewStreamer(openStore(t), workers), &b, files); err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = b.Bytes()
		}
		if !bytes.Equal(b.Bytes(), first) {
			t.Errorf("%d workers: other bytes than with one", workers)
		}
	}
}

func TestSegmentNoticesChanges(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1000, 2 * smallFile} {
		for name, change := range map[string]func(string) string{
			"content": func(s string) string { return s[:len(s)-1] + "\x01" },
			"longer":  func(s string) string { return s + "more" },
			"shorter": func(s string) string { return s[:len(s)/2] },
			"empty":   func(string) string { return "" },
		} {
			content := prose(1, size)
			files := scanned(t, map[string]string{"a/culprit": content, "b": "b"})
			if err := os.WriteFile(files[0].Source, []byte(change(content)), 0o644); err != nil {
				t.Fatal(err)
			}
			err := segment(t.Context(), NewStreamer(openStore(t), 2), io.Discard, files)
			var changed *ChangedError
			if !errors.As(err, &changed) || changed.Path != "a/culprit" || !strings.Contains(err.Error(), "changed while being packed") {
				t.Errorf("%s, %d bytes: got %v, want a ChangedError on a/culprit", name, size, err)
			}
		}
	}
}

// TestSegmentNoticesChangesBetweenItsTwoReads changes a large file that does not get
// smaller while it is read once more, when the first of its bytes were written.
func TestSegmentNoticesChangesBetweenItsTwoReads(t *testing.T) {
	t.Parallel()
	content := noise(1, 2*smallFile)
	for name, changed := range map[string]string{
		"content": content[:len(content)-1] + "\x01",
		"longer":  content + "more",
		"shorter": content[:len(content)-1],
	} {
		files := scanned(t, map[string]string{"large": content})
		var written int
		w := writerFunc(func(b []byte) (int, error) {
			written += len(b)
			return len(b), os.WriteFile(files[0].Source, []byte(changed), 0o644)
		})
		err := segment(t.Context(), NewStreamer(openStore(t), 2), w, files)
		if wrong, ok := errors.AsType[*ChangedError](err); !ok || wrong.Path != "large" || written == 0 {
			t.Errorf("%s: got %v after %d bytes, want a ChangedError", name, err, written)
		}
	}
}

func TestSegmentRefuses(t *testing.T) {
	t.Parallel()
	files := scanned(t, sources())
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	gone := append([]filetree.File(nil), files...)
	gone[len(gone)/2].Source += ".gone"
	unclean := append([]filetree.File(nil), files...)
	unclean[3].Path = "../x"
	broken := errors.New("broken pipe")
	var path *filetree.PathError
	for name, c := range map[string]struct {
		ctx   context.Context
		w     io.Writer
		files []filetree.File
		is    func(error) bool
	}{
		"cancelled":     {cancelled, io.Discard, files, func(err error) bool { return errors.Is(err, context.Canceled) }},
		"gone":          {t.Context(), io.Discard, gone, func(err error) bool { return errors.Is(err, fs.ErrNotExist) }},
		"unclean path":  {t.Context(), io.Discard, unclean, func(err error) bool { return errors.As(err, &path) }},
		"broken writer": {t.Context(), writerFunc(func([]byte) (int, error) { return 0, broken }), files, func(err error) bool { return errors.Is(err, broken) }},
	} {
		if err := segment(c.ctx, NewStreamer(openStore(t), 3), c.w, c.files); !c.is(err) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
