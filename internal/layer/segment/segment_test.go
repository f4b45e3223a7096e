package segment

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/native"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/store"
)

func newCache(t *testing.T) *Cache {
	t.Helper()
	s, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return New(s)
}

// adder gives files to a packer, each as "path content"; a path that ends in "*" is
// executable.
func adder(ctx context.Context, files ...string) func(filetree.Packer) error {
	return func(out filetree.Packer) error {
		for _, file := range files {
			name, content, _ := strings.Cut(file, " ")
			bare, exec := strings.CutSuffix(name, "*")
			if err := out.Add(ctx, bare, exec, int64(len(content)), strings.NewReader(content)); err != nil {
				return err
			}
		}
		return nil
	}
}

func TestConfirmComparesEveryFile(t *testing.T) {
	t.Parallel()
	c := newCache(t)
	kept, err := c.Deflate(t.Context(), adder(t.Context(), "a.py A = 1", "bin/run* #!/bin/sh"))
	if err != nil {
		t.Fatal(err)
	}
	for _, of := range []struct {
		files []string
		same  bool
	}{
		{[]string{"a.py A = 1", "bin/run* #!/bin/sh"}, true},
		{[]string{"bin/run* #!/bin/sh", "a.py A = 1"}, true},
		{[]string{"a.py A = 2", "bin/run* #!/bin/sh"}, false},
		{[]string{"a.py A = 10", "bin/run* #!/bin/sh"}, false},
		{[]string{"a.py A = 1", "bin/run #!/bin/sh"}, false},
		{[]string{"a.py A = 1"}, false},
		{[]string{"a.py A = 1", "bin/run* #!/bin/sh", "b.py B"}, false},
	} {
		if same, err := c.Confirm(t.Context(), kept, adder(t.Context(), of.files...)); err != nil || same != of.same {
			t.Errorf("Confirm with %q = %t, %v, want %t", of.files, same, err, of.same)
		}
	}
	broken := errors.New("the source cannot be read")
	if _, err := c.Confirm(t.Context(), kept, func(filetree.Packer) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("Confirm with a broken source = %v, want its error", err)
	}
}

// TestSignedSegmentsNeedOnlyTheirDigest: where records are signed, nobody else has
// said which segment there is. Its bytes may be damaged or gone all the same.
func TestSignedSegmentsNeedOnlyTheirDigest(t *testing.T) {
	t.Parallel()
	s, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SignRecords("the key of the trusted jobs"); err != nil {
		t.Fatal(err)
	}
	c := New(s)
	kept, err := c.Deflate(t.Context(), adder(t.Context(), "a.py A = 1"))
	if err != nil {
		t.Fatal(err)
	}
	unread := func(filetree.Packer) error { return errors.New("the source was read") }
	if same, err := c.Confirm(t.Context(), kept, unread); err != nil || !same {
		t.Errorf("Confirm of a whole segment = %t, %v, want true", same, err)
	}
	for _, harm := range []func() error{
		func() error { return os.WriteFile(s.Path(kept), []byte("something else"), 0o600) },
		func() error { return os.Remove(s.Path(kept)) },
	} {
		if kept, err = c.Deflate(t.Context(), adder(t.Context(), "a.py A = 1")); err != nil {
			t.Fatal(err)
		}
		if err := harm(); err != nil {
			t.Fatal(err)
		}
		if same, err := c.Confirm(t.Context(), kept, unread); err != nil || same {
			t.Errorf("Confirm of a segment that was harmed = %t, %v, want false", same, err)
		}
	}
}

func TestMadeFilesAreMadeOnce(t *testing.T) {
	t.Parallel()
	c := newCache(t)
	calls := 0
	files := func() (map[string][]byte, error) {
		calls++
		return map[string][]byte{"a.py": []byte("A = 1\n")}, nil
	}
	var paths []string
	for _, doubt := range []bool{false, false, true} {
		a, err := c.Made(t.Context(), "key", doubt, files)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, a.Path)
	}
	if calls != 2 || paths[0] != paths[1] || paths[1] != paths[2] {
		t.Errorf("the files were made %d times, to %q; want once, and once more with doubt", calls, paths)
	}
	evil, err := c.Deflate(t.Context(), adder(t.Context(), "a.py EVIL"))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Note(madeKey("key"), evil); err != nil {
		t.Fatal(err)
	}
	if a, err := c.Made(t.Context(), "key", true, files); err != nil || a.Path != paths[0] {
		t.Errorf("with doubt a planted segment is taken: %v, %v", a, err)
	}
}

func TestFactsOfASegmentAreNotedOnTheWay(t *testing.T) {
	t.Parallel()
	c := newCache(t)
	kept, err := c.Deflate(t.Context(), adder(t.Context(), "lib/a.so \x7fELF\x02\x01\x01"+strings.Repeat("\x00", 9)+"\x03\x00\xb7"+strings.Repeat("\x00", 45), "bin/run* #!/bin/sh\n", "a.txt x"))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.store.GetRecord("native", fmt.Sprintf("%d %s", native.Format, kept.Hex())); err != nil {
		t.Errorf("nothing is noted of the segment: %v", err)
	}
	tree, err := c.Files(kept, filetree.Origin{Ecosystem: "files"})
	if err != nil {
		t.Fatal(err)
	}
	known, err := c.Facts(t.Context(), tree)
	if err != nil || len(known.Native) != 2 || known.Native["lib/a.so"].Machine != "arm64" || known.Native["bin/run"].Kind != native.Script {
		t.Errorf("Facts() = %v, %v, want those of the library and the script", known, err)
	}
}

// TestLastFileOfAPathIsNoted packs paths that come again, from a packer and from the
// disk, with other content.
func TestLastFileOfAPathIsNoted(t *testing.T) {
	t.Parallel()
	c := newCache(t)
	const script, metadata = "#!/bin/sh\n", "Name: Old\nVersion: 1\n"
	kept, err := c.Deflate(t.Context(), adder(t.Context(),
		"bin/gone "+script, "bin/stays text", "python/a-1.dist-info/METADATA "+metadata, "bin/gone text", "bin/stays "+script, "python/a-1.dist-info/METADATA Name: New\nVersion: 1\n", "a.py "+script))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var files []filetree.File
	for _, name := range []string{"bin/stays", "b.txt"} {
		file := filepath.Join(dir, filepath.Base(name))
		if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, filetree.File{Path: name, Source: file, Size: int64(len(script)), SHA256: store.Sum([]byte(script))})
	}
	ofDisk, err := c.DeflateFiles(t.Context(), files)
	if err != nil {
		t.Fatal(err)
	}
	for digest, distributions := range map[store.Digest]int{kept: 1, ofDisk: 0} {
		tree, err := c.Files(digest, filetree.Origin{Ecosystem: "files"})
		if err != nil {
			t.Fatal(err)
		}
		known, err := c.Facts(t.Context(), tree)
		if err != nil || len(known.Native) != 1 || known.Native["bin/stays"].Kind != native.Script {
			t.Errorf("Facts() = %v, %v, want the script that stays", known.Native, err)
		}
		if len(known.Described) != distributions || distributions > 0 && known.Described[0].Name != "new" {
			t.Errorf("the tree describes %v, want %d distributions, the newer", known.Described, distributions)
		}
	}
}

// TestNotesSurviveTheirRecord writes and reads what is noted of an archive, and refuses
// what is cut.
func TestNotesSurviveTheirRecord(t *testing.T) {
	t.Parallel()
	notes := archiveNotes{
		Files:     []nativeFile{{Header: 7, Facts: native.Facts{Kind: native.ELF, Soname: "liba.so"}}},
		Described: []describedFile{{Header: 1 << 33, Described: python.Described{Name: "a", Needs: []python.DeclaredNeed{{Name: "b", Extras: []string{"x"}, Marker: `os_name == "nt"`}}}}},
		Sources:   Sources{Modules: []string{"a"}, Imports: []string{"b", "c"}},
	}
	written := notes.encode()
	if read, err := decodeNotes(string(written)); err != nil || !reflect.DeepEqual(read, notes) {
		t.Errorf("read %+v, %v, want %+v", read, err, notes)
	}
	for cut := range len(written) {
		if read, err := decodeNotes(string(written[:cut])); err == nil {
			t.Errorf("a record that is cut after %d bytes is read as %+v", cut, read)
		}
	}
	if _, err := decodeNotes(string(append(written, 0))); err == nil {
		t.Error("a record with something behind it is read")
	}
}

// TestNotesOfALayerAreKeptTogether finds them where those of each archive are gone, and
// reads the archives where the set is damaged.
func TestNotesOfALayerAreKeptTogether(t *testing.T) {
	t.Parallel()
	c := newCache(t)
	var tree filetree.Tree
	var digests []store.Digest
	for i := range minSet {
		kept, err := c.Deflate(t.Context(), adder(t.Context(), fmt.Sprintf("bin/run%d* #!/bin/sh\n", i)))
		if err != nil {
			t.Fatal(err)
		}
		files, err := c.Files(kept, filetree.Origin{Ecosystem: "files", Element: i})
		if err != nil {
			t.Fatal(err)
		}
		tree, digests = append(tree, files...), append(digests, kept)
	}
	facts := func() int {
		t.Helper()
		known, err := c.Facts(t.Context(), tree)
		if err != nil {
			t.Fatal(err)
		}
		return len(known.Native)
	}
	if n := facts(); n != minSet {
		t.Errorf("%d of %d scripts are known", n, minSet)
	}
	var empty archiveNotes
	for _, digest := range digests {
		if err := c.noteNative(digest, &empty); err != nil {
			t.Fatal(err)
		}
	}
	if n := facts(); n != minSet {
		t.Errorf("of the set %d of %d scripts are known", n, minSet)
	}
	var archives []*filetree.Archive
	for i := range tree {
		archives = append(archives, tree[i].Archive)
	}
	if few := c.setKey(archives[1:]); few != "" {
		t.Errorf("a set of few archives is kept under %q", few)
	}
	if err := c.store.PutRecord(setBucket, c.setKey(archives), []byte("damaged")); err != nil {
		t.Fatal(err)
	}
	if n := facts(); n != 0 {
		t.Errorf("with a damaged set %d scripts are known, want what the archives' own records say", n)
	}
}
