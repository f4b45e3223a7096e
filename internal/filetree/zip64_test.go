package filetree

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// end64 is a zip64 end record with its locator. What is nil is honest.
type end64 struct {
	magic, disk             uint32
	length                  uint64
	count, countHere        *uint64
	size, offset, locatedAt *uint64
	plain                   bool // keep the values of the plain end record
}

// widened puts a zip64 end record and its locator before the end record of z.
func widened(z []byte, e end64) []byte {
	at := len(z) - 22
	end := append([]byte(nil), z[at:]...)
	count := uint64(binary.LittleEndian.Uint16(end[10:]))
	size := uint64(binary.LittleEndian.Uint32(end[12:]))
	offset := uint64(binary.LittleEndian.Uint32(end[16:]))
	b := le32(append([]byte(nil), z[:at]...), 0x06064b50+e.magic)
	b = binary.LittleEndian.AppendUint64(b, 44+e.length)
	b = le32(le16(b, 45, 45), e.disk, 0)
	for _, v := range []uint64{or(e.countHere, or(e.count, count)), or(e.count, count), or(e.size, size), or(e.offset, offset)} {
		b = binary.LittleEndian.AppendUint64(b, v)
	}
	b = le32(b, 0x07064b50, 0)
	b = binary.LittleEndian.AppendUint64(b, or(e.locatedAt, uint64(at)))
	b = le32(b, 1)
	if !e.plain {
		copy(end[8:], "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")
	}
	return append(b, end...)
}

func TestFromZipReadsZip64EndRecords(t *testing.T) {
	t.Parallel()
	z := makeZip(t, raw{name: "a", data: "aa"}, raw{name: "b", data: "b"})
	for name, e := range map[string]end64{"needed": {}, "beside a plain one": {plain: true}} {
		tree, err := FromZip(inMemory("wide.whl", widened(z, e)))
		if err != nil || paths(tree) != "a b" {
			t.Errorf("%s: got %q, %v; want a and b", name, paths(tree), err)
		}
	}
}

func TestFromZipRefusesZip64Lies(t *testing.T) {
	t.Parallel()
	z := makeZip(t, raw{name: "a", data: "aa"}, raw{name: "b", data: "b"})
	const lie = "zip64 end record that cannot be true"
	for name, c := range map[string]struct {
		end    end64
		reason string
	}{
		"signature":      {end64{magic: 1}, lie},
		"length":         {end64{length: 1}, lie},
		"located beyond": {end64{locatedAt: new(uint64(1 << 40))}, lie},
		"located before": {end64{locatedAt: new(uint64(1<<64 - 1))}, lie},
		"located askew":  {end64{locatedAt: new(uint64(3))}, lie},
		"other count":    {end64{plain: true, count: new(uint64(3))}, lie},
		"other size":     {end64{plain: true, size: new(uint64(3))}, lie},
		"other offset":   {end64{plain: true, offset: new(uint64(3))}, lie},
		"disk":           {end64{disk: 1}, "is split"},
		"count here":     {end64{countHere: new(uint64(1))}, "is split"},
		"directory size": {end64{size: new(uint64(1))}, "does not lie where"},
		"huge size":      {end64{size: new(uint64(1 << 63))}, "does not lie where"},
		"huge offset":    {end64{offset: new(uint64(1<<64 - 1))}, "does not lie where"},
		"many entries":   {end64{count: new(uint64(1 << 40))}, "262144 are the limit"},
		"more entries":   {end64{count: new(uint64(3))}, "damaged directory"},
	} {
		_, err := FromZip(inMemory("bad.whl", widened(z, c.end)))
		var refused *ArchiveError
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%s: got %v, want an ArchiveError that says %q", name, err, c.reason)
		}
	}
}

func TestFromZipLimitsTheDirectory(t *testing.T) {
	t.Parallel()
	comment := strings.Repeat("x", 65_000)
	entries := make([]raw, 600)
	for i := range entries {
		entries[i] = raw{name: "a", centralAdd: append(le16(nil, 0x9999, uint16(len(comment))), comment...)}
	}
	_, err := FromZip(inMemory("bad.whl", makeZip(t, entries...)))
	var refused *ArchiveError
	if !errors.As(err, &refused) || !strings.Contains(err.Error(), "33554432 are the limit") {
		t.Errorf("got %v, want an ArchiveError about the size of the directory", err)
	}
}

func TestFileArchive(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "a.whl")
	if err := os.WriteFile(file, makeZip(t, raw{name: "a.py", data: "1"}), 0o644); err != nil {
		t.Fatal(err)
	}
	archive, err := FileArchive("shown.whl", file)
	if err != nil {
		t.Fatal(err)
	}
	tree, err := FromZip(archive)
	if err != nil || paths(tree) != "a.py" || archive.Name != "shown.whl" {
		t.Errorf("got %q of %q, %v; want a.py of shown.whl", paths(tree), archive.Name, err)
	}
	var fault *PathError
	if _, err := FileArchive("x", filepath.Join(dir, "nowhere")); !errors.As(err, &fault) || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing: got %v, want a PathError that wraps fs.ErrNotExist", err)
	}
	if _, err := FileArchive("x", dir); !errors.As(err, &fault) {
		t.Errorf("directory: got %v, want a PathError", err)
	}
}
