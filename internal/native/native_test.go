package native_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/native"
)

// elfFile lays out an ELF file for these tests: one segment, whose start is the
// start of the file.
type elfFile struct {
	machine                 uint16
	kind                    uint16
	needed                  []string
	soname, rpath, runpath  string
	interp                  string
	versions                map[string][]string // names that begin with "weak:" are weak
	exports, imports        []string
	pie, gnuHash            bool
	misaligned, noStringLen bool
}

const base = 0x400000

func (e elfFile) bytes() []byte {
	text := []byte{0}
	name := func(s string) uint64 {
		at := len(text)
		text = append(append(text, s...), 0)
		return uint64(at)
	}
	dyn := [][2]uint64{}
	for _, n := range e.needed {
		dyn = append(dyn, [2]uint64{1, name(n)})
	}
	for _, t := range []struct {
		tag  uint64
		text string
	}{{14, e.soname}, {15, e.rpath}, {29, e.runpath}} {
		if t.text != "" {
			dyn = append(dyn, [2]uint64{t.tag, name(t.text)})
		}
	}
	if e.pie {
		dyn = append(dyn, [2]uint64{0x6ffffffb, 0x08000000})
	}
	var symbols []byte
	add := func(s string, section uint16) {
		b := make([]byte, 24)
		binary.LittleEndian.PutUint32(b, uint32(name(s)))
		b[4] = 0x12
		binary.LittleEndian.PutUint16(b[6:], section)
		symbols = append(symbols, b...)
	}
	symbols = append(symbols, make([]byte, 24)...)
	for _, s := range e.imports {
		add(s, 0)
	}
	first := uint32(1 + len(e.imports))
	for _, s := range e.exports {
		add(s, 7)
	}
	count := first + uint32(len(e.exports))
	var verneed []byte
	libraries := make([]string, 0, len(e.versions))
	for library := range e.versions {
		libraries = append(libraries, library)
	}
	slices.Sort(libraries)
	for i, library := range libraries {
		b := make([]byte, 16)
		binary.LittleEndian.PutUint16(b, 1)
		binary.LittleEndian.PutUint16(b[2:], uint16(len(e.versions[library])))
		binary.LittleEndian.PutUint32(b[4:], uint32(name(library)))
		binary.LittleEndian.PutUint32(b[8:], 16)
		if i+1 < len(libraries) {
			binary.LittleEndian.PutUint32(b[12:], uint32(16+16*len(e.versions[library])))
		}
		verneed = append(verneed, b...)
		for k, version := range e.versions[library] {
			b := make([]byte, 16)
			if v, weak := strings.CutPrefix(version, "weak:"); weak {
				version = v
				binary.LittleEndian.PutUint16(b[4:], 2)
			}
			binary.LittleEndian.PutUint32(b[8:], uint32(name(version)))
			if k+1 < len(e.versions[library]) {
				binary.LittleEndian.PutUint32(b[12:], 16)
			}
			verneed = append(verneed, b...)
		}
	}
	var hash []byte
	if e.gnuHash {
		for _, v := range []uint32{1, first, 1, 0, 0, 0} {
			hash = binary.LittleEndian.AppendUint32(hash, v)
		}
		last := first
		if count == first {
			last = 0
		}
		hash = binary.LittleEndian.AppendUint32(hash, last)
		for i := first; i < count; i++ {
			v := uint32(2)
			if i+1 == count {
				v = 3
			}
			hash = binary.LittleEndian.AppendUint32(hash, v)
		}
	} else {
		for _, v := range []uint32{1, count} {
			hash = binary.LittleEndian.AppendUint32(hash, v)
		}
	}
	const programs = 3
	at := uint64(64 + 56*programs)
	var body []byte
	put := func(b []byte) uint64 {
		for len(body)%8 != 0 {
			body = append(body, 0)
		}
		where := at + uint64(len(body))
		body = append(body, b...)
		return where
	}
	symbolsAt, hashAt, versionsAt := put(symbols), put(hash), put(verneed)
	interpAt := put(append([]byte(e.interp), 0))
	stringsAt := put(text)
	dyn = append(dyn, [2]uint64{5, base + stringsAt}, [2]uint64{6, base + symbolsAt})
	if !e.noStringLen {
		dyn = append(dyn, [2]uint64{10, uint64(len(text))})
	}
	if e.gnuHash {
		dyn = append(dyn, [2]uint64{0x6ffffef5, base + hashAt})
	} else {
		dyn = append(dyn, [2]uint64{4, base + hashAt})
	}
	if len(verneed) > 0 {
		dyn = append(dyn, [2]uint64{0x6ffffffe, base + versionsAt}, [2]uint64{0x6fffffff, uint64(len(libraries))})
	}
	dyn = append(dyn, [2]uint64{0, 0})
	var table []byte
	for _, d := range dyn {
		table = binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(table, d[0]), d[1])
	}
	dynAt := put(table)
	size := at + uint64(len(body))
	out := make([]byte, 64, size)
	copy(out, "\x7fELF\x02\x01\x01")
	binary.LittleEndian.PutUint16(out[16:], e.kind)
	binary.LittleEndian.PutUint16(out[18:], e.machine)
	binary.LittleEndian.PutUint64(out[32:], 64)
	binary.LittleEndian.PutUint16(out[54:], 56)
	binary.LittleEndian.PutUint16(out[56:], programs)
	program := func(kind uint32, offset, length uint64) {
		b := make([]byte, 56)
		binary.LittleEndian.PutUint32(b, kind)
		binary.LittleEndian.PutUint64(b[8:], offset)
		address := base + offset
		if e.misaligned {
			address += 16
		}
		binary.LittleEndian.PutUint64(b[16:], address)
		binary.LittleEndian.PutUint64(b[32:], length)
		binary.LittleEndian.PutUint64(b[48:], 4096)
		out = append(out, b...)
	}
	program(1, 0, size)
	program(2, dynAt, uint64(len(table)))
	if e.interp == "" {
		program(4, 0, 0) // an empty note
	} else {
		program(3, interpAt, uint64(len(e.interp)+1))
	}
	return append(out, body...)
}

const (
	x86, arm           = 62, 183
	executable, shared = 2, 3
)

func read(t *testing.T, b []byte) native.Facts {
	t.Helper()
	f, err := native.Read(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestReadTellsWhatALoaderWants(t *testing.T) {
	t.Parallel()
	for _, gnu := range []bool{false, true} {
		f := read(t, elfFile{
			machine: x86, kind: shared, needed: []string{"libfoo.so.1", "libc.so.6"}, soname: "libme.so.2", rpath: "$ORIGIN/../me.libs",
			versions: map[string][]string{"libc.so.6": {"GLIBC_2.9", "GLIBC_2.17", "GLIBC_2.2.5", "weak:GLIBC_2.34", "GLIBC_PRIVATE"}, "libstdc++.so.6": {"GLIBCXX_3.4.29", "CXXABI_1.3"}},
			imports:  []string{"PyErr_GetRaisedException", "Py_NewRef", "_PyErr_Fetch", "PyCode_New", "napi_create_object", "printf"}, exports: []string{"PyInit__me", "node_register_module_v127", "other"}, gnuHash: gnu,
		}.bytes())
		if f.Kind != native.ELF || f.Machine != "x86_64" || f.Bits != 64 || f.Type != native.Shared || f.Soname != "libme.so.2" || f.RPath != "$ORIGIN/../me.libs" || f.RunPath != "" || f.Fault != "" {
			t.Errorf("facts are %+v", f)
		}
		if !slices.Equal(f.Needed, []string{"libfoo.so.1", "libc.so.6"}) {
			t.Errorf("needed is %q", f.Needed)
		}
		want := []native.Version{{"libc.so.6", "GLIBC_2.17"}, {"libc.so.6", "GLIBC_PRIVATE"}, {"libstdc++.so.6", "CXXABI_1.3"}, {"libstdc++.so.6", "GLIBCXX_3.4.29"}}
		if !slices.Equal(f.Requires, want) {
			t.Errorf("requires %v, want %v", f.Requires, want)
		}
		if !slices.Equal(f.Modules, []string{"_me"}) || f.NodeABI != 127 || !f.NAPI || f.PythonMinor != 12 || f.PythonSymbol != "PyErr_GetRaisedException" || f.PythonLast != 11 || f.PythonGone != "PyCode_New" {
			t.Errorf("symbols tell %+v", f)
		}
	}
}

func TestReadTellsKindsApart(t *testing.T) {
	t.Parallel()
	pe := make([]byte, 400)
	copy(pe, "MZ")
	pe[60] = 128
	copy(pe[128:], "PE\x00\x00")
	binary.LittleEndian.PutUint16(pe[128+22:], 0x2000)
	for _, c := range []struct {
		name string
		body []byte
		want native.Facts
	}{
		{"program", elfFile{machine: arm, kind: shared, interp: "/lib/ld-linux-aarch64.so.1", needed: []string{"libc.so.6"}}.bytes(), native.Facts{Kind: native.ELF, Machine: "arm64", Bits: 64, Type: native.Executable, Interpreter: "/lib/ld-linux-aarch64.so.1", Needed: []string{"libc.so.6"}}},
		{"static pie", elfFile{machine: x86, kind: shared, pie: true}.bytes(), native.Facts{Kind: native.ELF, Machine: "x86_64", Bits: 64, Type: native.Executable}},
		{"static", elfFile{machine: x86, kind: executable, noStringLen: true}.bytes(), native.Facts{Kind: native.ELF, Machine: "x86_64", Bits: 64, Type: native.Executable}},
		{"object", []byte("\x7fELF\x02\x01\x01" + strings.Repeat("\x00", 9) + "\x01\x00\x3e\x00" + strings.Repeat("\x00", 44)), native.Facts{Kind: native.ELF, Machine: "x86_64", Bits: 64, Type: native.Object}},
		{"32 bits", []byte("\x7fELF\x01\x01\x01" + strings.Repeat("\x00", 9) + "\x03\x00\x03\x00" + strings.Repeat("\x00", 44)), native.Facts{Kind: native.ELF, Machine: "386", Bits: 32, Type: native.Shared}},
		{"freebsd", []byte("\x7fELF\x02\x01\x01\x09" + strings.Repeat("\x00", 8) + "\x01\x00\xb7\x00" + strings.Repeat("\x00", 44)), native.Facts{Kind: native.ELF, Machine: "arm64", Bits: 64, Type: native.Object, System: "freebsd"}},
		{"macho", []byte("\xcf\xfa\xed\xfe\x0c\x00\x00\x01"), native.Facts{Kind: native.MachO}},
		{"fat macho", []byte("\xca\xfe\xba\xbe\x00\x00\x00\x02"), native.Facts{Kind: native.MachO}},
		{"java class", []byte("\xca\xfe\xba\xbe\x00\x00\x00\x34"), native.Facts{}},
		{"windows library", pe, native.Facts{Kind: native.PE, Library: true}},
		{"MZ alone", []byte("MZ" + strings.Repeat(" ", 80)), native.Facts{}},
		{"ar", []byte("!<arch>\nfoo.o/"), native.Facts{Kind: native.Archive}},
		{"script", []byte("#! /usr/bin/env node \nrun()"), native.Facts{Kind: native.Script, Interpreter: "/usr/bin/env node"}},
		{"text", []byte("import os\n"), native.Facts{}},
		{"empty", nil, native.Facts{}},
		{"cut header", []byte("\x7fELF\x02"), native.Facts{Kind: native.ELF, Fault: "is truncated"}},
	} {
		got := read(t, c.body)
		if !equal(got, c.want) {
			t.Errorf("%s: facts are %+v, want %+v", c.name, got, c.want)
		}
		var r native.Recorder
		r.Reset(int64(len(c.body)))
		if _, err := r.Write(c.body); err != nil {
			t.Fatal(err)
		}
		if streamed, err := r.Facts(); err != nil || !equal(streamed, got) {
			t.Errorf("%s: a stream of it tells %+v, %v; the file %+v", c.name, streamed, err, got)
		}
	}
}

func equal(a, b native.Facts) bool {
	same := slices.Equal(a.Needed, b.Needed) && slices.Equal(a.Requires, b.Requires) && slices.Equal(a.Modules, b.Modules)
	a.Needed, a.Requires, a.Modules, b.Needed, b.Requires, b.Modules = nil, nil, nil, nil, nil, nil
	return same && a.Kind == b.Kind && a.Machine == b.Machine && a.Bits == b.Bits && a.Type == b.Type && a.System == b.System &&
		a.Interpreter == b.Interpreter && a.Soname == b.Soname && a.RPath == b.RPath && a.RunPath == b.RunPath &&
		a.PythonMinor == b.PythonMinor && a.PythonLast == b.PythonLast && a.NodeABI == b.NodeABI && a.NAPI == b.NAPI && a.ISA == b.ISA && a.Managed == b.Managed && a.Library == b.Library && a.Fault == b.Fault && a.Partial == b.Partial
}

func TestReadNamesTheFaultOfADamagedFile(t *testing.T) {
	t.Parallel()
	whole := elfFile{machine: x86, kind: shared, needed: []string{"libc.so.6"}}.bytes()
	if f := read(t, whole[:len(whole)-20]); f.Fault != "is truncated: a segment reaches beyond its end" {
		t.Errorf("a cut file has the fault %q", f.Fault)
	}
	f := read(t, elfFile{machine: x86, kind: shared, misaligned: true}.bytes())
	if !strings.Contains(f.Fault, "not properly aligned") {
		t.Errorf("a misaligned file has the fault %q", f.Fault)
	}
}

func TestRecorderKeepsTheTablesOfALargeFile(t *testing.T) {
	t.Parallel()
	small := elfFile{machine: x86, kind: shared, needed: []string{"libfar.so.1"}}.bytes()
	// Padding after all tables: they lie in the head.
	large := append(slices.Clone(small), make([]byte, 40<<20)...)
	var r native.Recorder
	for _, step := range []int{1 << 20, 65_521} {
		r.Reset(int64(len(large)))
		for b := large; len(b) > 0; b = b[min(step, len(b)):] {
			if _, err := r.Write(b[:min(step, len(b))]); err != nil {
				t.Fatal(err)
			}
		}
		f, err := r.Facts()
		if err != nil || f.Partial || !slices.Equal(f.Needed, []string{"libfar.so.1"}) {
			t.Errorf("facts are %+v, %v", f, err)
		}
		b := make([]byte, 1)
		if _, err := r.ReadAt(b, 5<<20); !errors.Is(err, native.ErrNotKept) {
			t.Errorf("reading the middle of the file gives %v", err)
		}
		if _, err := r.ReadAt(b, int64(len(large)-1)); err != nil {
			t.Errorf("reading the last byte gives %v", err)
		}
	}
}

func TestRecorderKeepsTheDynamicSection(t *testing.T) {
	t.Parallel()
	// The dynamic section lies between the head and the tail, the tables in the
	// tail, as patchelf leaves them.
	const size, dynamic, tables = 30 << 20, 10 << 20, 29 << 20
	b := make([]byte, size)
	copy(b, "\x7fELF\x02\x01\x01")
	binary.LittleEndian.PutUint16(b[16:], shared)
	binary.LittleEndian.PutUint16(b[18:], x86)
	binary.LittleEndian.PutUint64(b[32:], 64)
	binary.LittleEndian.PutUint16(b[54:], 56)
	binary.LittleEndian.PutUint16(b[56:], 2)
	for i, p := range [][3]uint64{{1, 0, size}, {2, dynamic, 64}} {
		at := 64 + 56*i
		binary.LittleEndian.PutUint32(b[at:], uint32(p[0]))
		binary.LittleEndian.PutUint64(b[at+8:], p[1])
		binary.LittleEndian.PutUint64(b[at+16:], p[1])
		binary.LittleEndian.PutUint64(b[at+32:], p[2])
	}
	for i, v := range []uint64{1, 1, 5, tables, 10, 20, 0, 0} {
		binary.LittleEndian.PutUint64(b[dynamic+8*i:], v)
	}
	copy(b[tables:], "\x00libfar.so.1\x00")
	var r native.Recorder
	r.Reset(size)
	for rest := b; len(rest) > 0; rest = rest[min(99_991, len(rest)):] {
		if _, err := r.Write(rest[:min(99_991, len(rest))]); err != nil {
			t.Fatal(err)
		}
	}
	f, err := r.Facts()
	if err != nil || f.Partial || !slices.Equal(f.Needed, []string{"libfar.so.1"}) {
		t.Errorf("facts are %+v, %v", f, err)
	}
	tail := make([]byte, 1<<20)
	if _, err := r.ReadAt(tail, size-1<<20); err != nil || !bytes.Equal(tail, b[size-1<<20:]) {
		t.Errorf("the last bytes are not those that were written (%v)", err)
	}
}

func TestCompareVersions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want int
	}{{"2.9", "2.17", -1}, {"2.17", "2.17", 0}, {"3.4.30", "3.4.4", 1}, {"2.2.5", "2.3", -1}, {"3.4", "3.4.1", -1}} {
		if got := native.CompareVersions(c.a, c.b); got != c.want {
			t.Errorf("CompareVersions(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(elfFile{machine: x86, kind: shared, needed: []string{"libc.so.6"}, versions: map[string][]string{"libc.so.6": {"GLIBC_2.17"}}, exports: []string{"PyInit_a"}, gnuHash: true}.bytes())
	f.Add(elfFile{machine: arm, kind: executable, interp: "/lib/ld-linux-aarch64.so.1"}.bytes())
	f.Add([]byte("#!/bin/sh\n"))
	f.Add([]byte("MZ"))
	f.Fuzz(func(t *testing.T, b []byte) {
		defer indextest.Budget(t, len(b))()
		got, err := native.Read(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatalf("a file in memory gives the error %v", err)
		}
		var r native.Recorder
		r.Reset(int64(len(b)))
		if _, err := r.Write(b); err != nil {
			t.Fatal(err)
		}
		if streamed, err := r.Facts(); err != nil || len(b) < keptWhole && !equal(got, streamed) {
			t.Fatalf("a stream tells %+v, %v; the file %+v", streamed, err, got)
		}
	})
}

const keptWhole = 8 << 20

func BenchmarkRead(b *testing.B) {
	paths, err := filepath.Glob("/usr/lib/x86_64-linux-gnu/*.so.*")
	if err != nil || len(paths) == 0 {
		b.Fatal("no libraries to read", err)
	}
	var files [][]byte
	for _, p := range paths[:min(len(paths), 40)] {
		body, err := os.ReadFile(p)
		if err != nil {
			b.Fatal(err)
		}
		files = append(files, body)
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, body := range files {
			if _, err := native.Read(bytes.NewReader(body), int64(len(body))); err != nil {
				b.Fatal(err)
			}
		}
	}
}
