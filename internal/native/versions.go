package native

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
)

// weakVersion is VER_FLG_WEAK: a load does not fail without the version.
const weakVersion = 2

// readVersions notes the symbol versions that a load fails without (LSB,
// "Symbol Versioning", Elfxx_Verneed and Elfxx_Vernaux).
func (m *image) readVersions(f *Facts, t tags) error {
	if t.versions == 0 {
		return nil
	}
	at := t.versions
	seen := 0
	for range min(t.many, maxVersion) {
		need, err := m.table(at, 1, 16)
		if err != nil {
			return err
		}
		library, err := m.text(int64(binary.LittleEndian.Uint32(need[4:])))
		if err != nil {
			return err
		}
		one := at + int64(binary.LittleEndian.Uint32(need[8:]))
		for range binary.LittleEndian.Uint16(need[2:]) {
			if seen++; seen > maxVersion {
				return faultError("needs more symbol versions than can be read")
			}
			aux, err := m.table(one, 1, 16)
			if err != nil {
				return err
			}
			name, err := m.text(int64(binary.LittleEndian.Uint32(aux[8:])))
			if err != nil {
				return err
			}
			if binary.LittleEndian.Uint16(aux[4:])&weakVersion == 0 {
				f.require(Version{Library: library, Name: name})
			}
			next := int64(binary.LittleEndian.Uint32(aux[12:]))
			if next == 0 {
				break
			}
			one += next
		}
		next := int64(binary.LittleEndian.Uint32(need[12:]))
		if next == 0 {
			break
		}
		at += next
	}
	slices.SortFunc(f.Requires, func(a, b Version) int {
		return cmp.Or(cmp.Compare(a.Library, b.Library), cmp.Compare(a.Name, b.Name))
	})
	return nil
}

// require adds a version, or raises one of the same library and prefix.
func (f *Facts) require(v Version) {
	prefix, number, ok := SplitVersion(v.Name)
	for i, had := range f.Requires {
		if had == v {
			return
		}
		known, low, numbered := SplitVersion(had.Name)
		if had.Library != v.Library || !ok || !numbered || known != prefix {
			continue
		}
		if CompareVersions(number, low) > 0 {
			f.Requires[i] = v
		}
		return
	}
	f.Requires = append(f.Requires, v)
}

// SplitVersion parts a symbol version such as "GLIBC_2.28" into its prefix and
// its number. It reports false for one without a number, such as
// "GLIBC_PRIVATE".
func SplitVersion(name string) (prefix, number string, ok bool) {
	i := strings.LastIndexByte(name, '_')
	if i < 0 || i+1 == len(name) {
		return name, "", false
	}
	for _, c := range name[i+1:] {
		if (c < '0' || c > '9') && c != '.' {
			return name, "", false
		}
	}
	return name[:i], name[i+1:], true
}

// CompareVersions compares dotted numbers, such as "2.9" and "2.17", number by
// number; it returns a negative number, 0 or a positive one.
func CompareVersions(a, b string) int {
	for a != "" || b != "" {
		var x, y string
		x, a, _ = strings.Cut(a, ".")
		y, b, _ = strings.Cut(b, ".")
		n, _ := strconv.ParseUint(x, 10, 32) // "" counts as 0
		k, _ := strconv.ParseUint(y, 10, 32)
		if c := cmp.Compare(n, k); c != 0 {
			return c
		}
	}
	return 0
}

// noteISA and isaNeeded are NT_GNU_PROPERTY_TYPE_0 and
// GNU_PROPERTY_X86_ISA_1_NEEDED (x86-64 psABI, "Program Property").
const (
	noteISA   = 5
	isaNeeded = 0xc0008002
	maxNotes  = 64 << 10
)

// isaLevel returns the x86-64 level that a segment of notes asks for, or 0.
func (m *image) isaLevel(s segment) (int, error) {
	b := make([]byte, clamp(s.length, maxNotes))
	if err := readFull(m.in, b, s.offset); err != nil {
		return 0, err
	}
	level := 0
	for len(b) >= 12 {
		name, size := int(binary.LittleEndian.Uint32(b)), int(binary.LittleEndian.Uint32(b[4:]))
		kind := binary.LittleEndian.Uint32(b[8:])
		b = b[12:]
		if name < 0 || size < 0 || name > len(b) || align(name, 4)+size > len(b) {
			return level, nil
		}
		owner, body := string(b[:name]), b[align(name, 4):align(name, 4)+size]
		if kind == noteISA && owner == "GNU\x00" {
			level = max(level, isaOf(body))
		}
		b = b[min(len(b), align(align(name, 4)+size, 8)):]
	}
	return level, nil
}

// isaOf reads the properties of one note.
func isaOf(b []byte) int {
	level := 0
	for len(b) >= 8 {
		kind, size := binary.LittleEndian.Uint32(b), int(binary.LittleEndian.Uint32(b[4:]))
		b = b[8:]
		if size < 0 || size > len(b) {
			break
		}
		if kind == isaNeeded && size >= 4 {
			for bits := binary.LittleEndian.Uint32(b); bits > 0; bits >>= 1 {
				level++
			}
		}
		b = b[min(len(b), align(size, 8)):]
	}
	if level < 2 || level > 4 {
		return 0
	}
	return level
}

func align(n, to int) int { return (n + to - 1) / to * to }
