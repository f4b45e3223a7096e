package audit

import (
	"encoding/binary"
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
	// libraries are the indexes of the files whose names end as those of native code.
	libraries []int
	// slots are a table of hashes with open addresses. A slot has the high half of a hash,
	// and in its low half one more than the index of the first file of that hash. It is 0
	// where there is none. others are the files that come later with a hash, by path.
	slots  []uint64
	others map[string]int32
	// twins are files whose paths differ in case alone, by that of small letters.
	twins map[string][]int32
}

func newFiles(tree filetree.Tree) files {
	f := files{tree: tree, others: map[string]int32{}, slots: make([]uint64, 1<<bits.Len(uint(2*len(tree)))), twins: map[string][]int32{}}
	var of uint64 // the hash of the folder, with its slash
	var plain bool
	for i := range tree {
		name := tree[i].Path
		slash := strings.LastIndexByte(name, '/')
		if n := len(f.runs); n > 0 && f.runs[n-1].dir == name[:max(0, slash)] {
			f.runs[n-1].to = i + 1
		} else {
			f.runs = append(f.runs, run{parent(name), i, i + 1})
			of, plain = fold(seed, name[:slash+1])
		}
		if strings.HasSuffix(name, ".so") || strings.HasSuffix(name, ".node") {
			f.libraries = append(f.libraries, i)
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
	slot, met := f.slot(key)
	if met == nil {
		f.slots[slot] = key&highHalf | uint64(i+1)
		return
	}
	name, other := f.tree[i].Path, met.Path
	f.others[name] = i
	small := strings.ToLower(name)
	if other == name || strings.ToLower(other) != small {
		return
	}
	if f.twins[small] == nil {
		f.twins[small] = []int32{int32(f.slots[slot]&^highHalf) - 1}
	}
	f.twins[small] = append(f.twins[small], i)
}

const highHalf uint64 = 0xffffffff << 32

// slot returns where the first file of a hash stands in the table and that file, or
// where it would stand.
func (f *files) slot(key uint64) (slot uint64, met *filetree.Entry) {
	mask := uint64(len(f.slots) - 1)
	for slot = key & mask; f.slots[slot] != 0; slot = (slot + 1) & mask {
		if (f.slots[slot]^key)&highHalf == 0 {
			return slot, &f.tree[f.slots[slot]&^highHalf-1]
		}
	}
	return slot, nil
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
	if _, met := f.slot(foldedHash(name)); met != nil && met.Path == name {
		return met
	}
	if i, ok := f.others[name]; ok {
		return &f.tree[i]
	}
	return nil
}

// seed begins a hash, and factor is an odd number that spreads what is added to it
// (2^64 divided by the golden ratio).
const seed, factor = 1, 0x9e3779b97f4a7c15

// foldedHash is the hash of a path in small letters.
func foldedHash(name string) uint64 {
	slash := strings.LastIndexByte(name, '/')
	dir, plain := fold(seed, name[:slash+1])
	h, all := fold(dir, name[slash+1:])
	if !plain || !all {
		return foldedHash(ascii(strings.ToLower(name)))
	}
	return h
}

// fold adds a part of a path to a hash in small letters, eight bytes at a time, and
// reports whether it is ASCII.
func fold(h uint64, part string) (uint64, bool) {
	var all uint64
	for ; len(part) >= 8; part = part[8:] {
		word := binary.LittleEndian.Uint64([]byte(part[:8]))
		all |= word
		h = mix(h, word)
	}
	word := uint64(len(part)) // so that what follows in the next part stands apart
	for i := range len(part) {
		word = word<<8 | uint64(part[i])
	}
	return mix(h, word), (all|word)&(each*0x80) == 0
}

// each times a byte is eight of that byte.
const each = 0x0101010101010101

// mix adds eight bytes of ASCII to a hash, capital letters as small ones. A sum of two
// bytes has its high bit where the byte is 'A' or more, and where it is more than 'Z'.
func mix(h, word uint64) uint64 {
	capitals := (word + each*(0x80-'A')) &^ (word + each*(0x7f-'Z')) & (each * 0x80)
	h = (h ^ (word | capitals>>2)) * factor
	return h ^ h>>32
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
