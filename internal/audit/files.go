package audit

import (
	"math/bits"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
)

// files are the files of a layer by path. The index is by a hash that takes letters
// of both cases for one, so that paths that differ in case alone meet while it is
// made.
type files struct {
	tree filetree.Tree
	runs []run
	// slots are a table of hashes with open addresses: one more than the index of the
	// first file of each hash, 0 where there is none. hashes are those of the files.
	// others are the files that come later with a hash, by path.
	slots  []int32
	hashes []uint64
	others map[string]int32
	// twins are files whose paths differ in case alone, by that of small letters.
	twins map[string][]int32
}

func newFiles(tree filetree.Tree) files {
	f := files{tree: tree, hashes: make([]uint64, len(tree)), others: map[string]int32{}, slots: make([]int32, 1<<bits.Len(uint(2*len(tree)))), twins: map[string][]int32{}}
	var of uint64 // the hash of the folder, with its slash
	var plain bool
	for i := range tree {
		name := tree[i].Path
		slash := strings.LastIndexByte(name, '/')
		if n := len(f.runs); n > 0 && f.runs[n-1].dir == name[:max(0, slash)] {
			f.runs[n-1].to = i + 1
		} else {
			f.runs = append(f.runs, run{parent(name), i, i + 1})
			of, plain = fold(offsetFNV, name[:slash+1])
		}
		key, all := fold(of, name[slash+1:])
		if !plain || !all {
			key = foldedHash(name)
		}
		f.put(key, int32(i))
	}
	return f
}

// put adds the file at an index to those of its hash.
func (f *files) put(key uint64, i int32) {
	f.hashes[i] = key
	slot, met := f.slot(key)
	if !met {
		f.slots[slot] = i + 1
		return
	}
	before := f.slots[slot] - 1
	name, other := f.tree[i].Path, f.tree[before].Path
	f.others[name] = i
	small := strings.ToLower(name)
	if other == name || strings.ToLower(other) != small {
		return
	}
	if f.twins[small] == nil {
		f.twins[small] = []int32{before}
	}
	f.twins[small] = append(f.twins[small], i)
}

// slot returns where the first file of a hash stands in the table, or where it would.
func (f *files) slot(key uint64) (slot uint64, met bool) {
	mask := uint64(len(f.slots) - 1)
	for slot = (key ^ key>>32) & mask; f.slots[slot] != 0; slot = (slot + 1) & mask {
		if f.hashes[f.slots[slot]-1] == key {
			return slot, true
		}
	}
	return slot, false
}

// sortedTwins returns pairs of files whose paths differ in case alone: each with the
// next of its kind.
func (f *files) sortedTwins() [][2]int32 {
	var pairs [][2]int32
	for _, alike := range f.twins {
		slices.SortFunc(alike, func(x, y int32) int { return strings.Compare(f.tree[x].Path, f.tree[y].Path) })
		for i := range alike[1:] {
			pairs = append(pairs, [2]int32{alike[i], alike[i+1]})
		}
	}
	return pairs
}

// at returns the file at a path, nil where there is none.
func (f *files) at(name string) *filetree.Entry {
	if slot, ok := f.slot(foldedHash(name)); ok && f.tree[f.slots[slot]-1].Path == name {
		return &f.tree[f.slots[slot]-1]
	}
	if i, ok := f.others[name]; ok {
		return &f.tree[i]
	}
	return nil
}

// offsetFNV and primeFNV are those of FNV-1a with 64 bits.
const offsetFNV, primeFNV = 14695981039346656037, 1099511628211

// foldedHash is FNV-1a of a path in small letters.
func foldedHash(name string) uint64 {
	h, plain := fold(offsetFNV, name)
	if !plain {
		h, _ = fold(offsetFNV, ascii(strings.ToLower(name)))
	}
	return h
}

// fold adds a part of a path to a hash, and reports whether it is ASCII.
func fold(h uint64, part string) (uint64, bool) {
	for i := range len(part) {
		c := part[i]
		switch {
		case 'A' <= c && c <= 'Z':
			c |= 0x20
		case c >= 0x80:
			return 0, false
		}
		h = (h ^ uint64(c)) * primeFNV
	}
	return h, true
}

// ascii writes bytes beyond ASCII in hexadecimal.
func ascii(name string) string {
	const digits = "0123456789abcdef"
	out := make([]byte, 0, 2*len(name))
	for i := range len(name) {
		if c := name[i]; c >= 0x80 {
			out = append(out, digits[c>>4], digits[c&15])
		} else {
			out = append(out, c)
		}
	}
	return string(out)
}

// isFolder reports whether a path is a folder of the layer.
func (f *files) isFolder(name string) bool {
	return slices.ContainsFunc(f.runs, func(r run) bool {
		rest, ok := strings.CutPrefix(r.dir, name)
		return ok && (rest == "" || rest[0] == '/')
	})
}

// run are files of one folder that follow each other in the layer.
type run struct {
	dir      string
	from, to int
}
