package audit

import (
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
)

// files are the files of a layer by path. The index is by a hash that takes letters
// of both cases for one, so that paths that differ in case alone meet while it is
// made.
type files struct {
	tree filetree.Tree
	// first is the first file of each hash, others are those that come later, by
	// path.
	first  map[uint64]int32
	others map[string]int32
	// twins are files whose paths differ in case alone, by that of small letters.
	twins map[string][]int32
}

func newFiles(tree filetree.Tree) files {
	f := files{tree: tree, first: make(map[uint64]int32, len(tree)), others: map[string]int32{}, twins: map[string][]int32{}}
	for i := range tree {
		name := tree[i].Path
		key := foldedHash(name)
		before, met := f.first[key]
		if !met {
			f.first[key] = int32(i)
			continue
		}
		f.others[name] = int32(i)
		small := strings.ToLower(name)
		if other := tree[before].Path; other == name || strings.ToLower(other) != small {
			continue
		}
		if f.twins[small] == nil {
			f.twins[small] = []int32{before}
		}
		f.twins[small] = append(f.twins[small], int32(i))
	}
	return f
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
	i, ok := f.first[foldedHash(name)]
	if ok && f.tree[i].Path == name {
		return &f.tree[i]
	}
	if i, ok = f.others[name]; ok {
		return &f.tree[i]
	}
	return nil
}

// foldedHash is FNV-1a of a path in small letters.
func foldedHash(name string) uint64 {
	const offset, prime = 14695981039346656037, 1099511628211
	h := uint64(offset)
	for i := range len(name) {
		c := name[i]
		switch {
		case 'A' <= c && c <= 'Z':
			c |= 0x20
		case c >= 0x80:
			return foldedHash(ascii(strings.ToLower(name)))
		}
		h = (h ^ uint64(c)) * prime
	}
	return h
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
