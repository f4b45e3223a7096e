package native

import (
	"debug/elf"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
)

// maxModules bounds how many PyInit_ names of one file are noted.
const maxModules = 16

// readSymbols looks for the names by which Python and Node.js know their
// modules.
func (m *image) readSymbols(f *Facts, t tags) error {
	if t.symbols == 0 {
		return nil
	}
	count, err := m.symbolCount(t)
	if err != nil {
		return err
	}
	const step = 2048
	for first := int64(0); first < count; first += step {
		n := min(step, count-first)
		b, err := m.table(t.symbols+first*symbolSize, n, symbolSize)
		if err != nil {
			return err
		}
		for ; len(b) > 0; b = b[symbolSize:] {
			at := int64(binary.LittleEndian.Uint32(b))
			if at == 0 || !m.starts(at) {
				continue
			}
			name, err := m.text(at)
			if err != nil {
				return err
			}
			defined := elf.SectionIndex(binary.LittleEndian.Uint16(b[6:])) != elf.SHN_UNDEF
			weak := b[4]>>4 == byte(elf.STB_WEAK)
			f.noteSymbol(name, defined, weak)
		}
	}
	slices.Sort(f.Modules)
	return nil
}

// starts reports whether a name can be one that is looked for, by its first
// letters: most are not, and need no string.
func (m *image) starts(at int64) bool {
	if at+2 > int64(len(m.strings)) {
		return true // its fault is reported
	}
	switch b := m.strings[at:]; b[0] {
	case 'P':
		return b[1] == 'y'
	case '_':
		return b[1] == 'P'
	case 'n':
		return b[1] == 'a' || b[1] == 'o'
	}
	return false
}

func (f *Facts) noteSymbol(name string, defined, weak bool) {
	if !defined {
		if strings.HasPrefix(name, "napi_") {
			f.NAPI = true
		}
		if !weak && (strings.HasPrefix(name, "Py") || strings.HasPrefix(name, "_Py")) {
			f.notePython(name)
		}
		return
	}
	if module, ok := strings.CutPrefix(name, "PyInit_"); ok && len(f.Modules) < maxModules && !slices.Contains(f.Modules, module) {
		f.Modules = append(f.Modules, module)
	}
	if abi, ok := strings.CutPrefix(name, "node_register_module_v"); ok {
		if n, err := strconv.Atoi(abi); err == nil {
			f.NodeABI = n
		}
	}
	if name == "napi_register_module_v1" || name == "node_api_module_get_api_version_v1" {
		f.NAPI = true
	}
}

// symbolCount returns how many symbols there are, which no tag tells: one table
// of hashes counts them, the other ends with the last of them.
func (m *image) symbolCount(t tags) (int64, error) {
	if t.hash != 0 {
		b, err := m.table(t.hash, 2, 4)
		if err != nil {
			return 0, err
		}
		return min(int64(binary.LittleEndian.Uint32(b[4:])), maxSymbols), nil
	}
	if t.gnuHash == 0 {
		return 0, nil
	}
	head, err := m.table(t.gnuHash, 4, 4)
	if err != nil {
		return 0, err
	}
	buckets, first, bloom := int64(binary.LittleEndian.Uint32(head)), int64(binary.LittleEndian.Uint32(head[4:])), int64(binary.LittleEndian.Uint32(head[8:]))
	if buckets > maxSymbols || bloom > maxSymbols || first > maxSymbols {
		return 0, faultError("has a table of hashes that cannot be read")
	}
	start := t.gnuHash + 16 + bloom*8
	b, err := m.table(start, buckets, 4)
	if err != nil {
		return 0, err
	}
	last := int64(0)
	for ; len(b) > 0; b = b[4:] {
		last = max(last, int64(binary.LittleEndian.Uint32(b)))
	}
	if last < first {
		return first, nil // nothing is exported
	}
	return m.chainEnd(start+buckets*4, last, first)
}

// chainEnd follows the last chain of hashes to its end: the one with the lowest
// bit set.
func (m *image) chainEnd(chains, last, first int64) (int64, error) {
	const step = 256
	for last < maxSymbols {
		at := chains + (last-first)*4
		s, ok := m.find(at)
		if !ok || s.length < 4 {
			return 0, faultError("has a table of hashes that lies outside of its segments")
		}
		b, err := m.table(at, min(step, s.length/4), 4)
		if err != nil {
			return 0, err
		}
		for ; len(b) > 0; b = b[4:] {
			last++
			if binary.LittleEndian.Uint32(b)&1 != 0 {
				return last, nil
			}
		}
	}
	return maxSymbols, nil
}
