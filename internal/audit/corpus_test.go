package audit

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/native"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/runtimes"
)

// table returns the fields of the lines of a compressed table.
func table(t *testing.T, name string) [][]string {
	t.Helper()
	f, err := os.Open("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var rows [][]string
	lines := bufio.NewScanner(z)
	for lines.Scan() {
		if !strings.HasPrefix(lines.Text(), "#") {
			rows = append(rows, strings.Split(lines.Text(), "\t"))
		}
	}
	if lines.Err() != nil {
		t.Fatal(lines.Err())
	}
	return rows
}

func target(t testing.TB, id, architecture string) runtimes.Target {
	t.Helper()
	r, err := runtimes.Lookup(id)
	if err != nil {
		t.Fatal(err)
	}
	return runtimes.Target{Runtime: r, Architecture: architecture}
}

// on returns the target with the system of another runtime.
func on(t *testing.T, base runtimes.Target, id string) runtimes.Target {
	t.Helper()
	other := target(t, id, base.Architecture)
	base.System, base.Glibc = other.System, other.Glibc
	return base
}

// wheel is a row of wheels.tsv with its files.
type wheel struct {
	minor, arch, name, version string
	al2, al2023                string
	files                      map[string]native.Facts
	kinds                      map[string]string
}

func readWheels(t *testing.T) []wheel {
	t.Helper()
	var wheels []wheel
	for _, row := range table(t, "wheels.tsv.gz") {
		if row[0] == "W" {
			wheels = append(wheels, wheel{
				minor: strings.TrimPrefix(row[1], "cp3"), arch: row[2], name: row[3], version: row[4], al2: row[5], al2023: row[6],
				files: map[string]native.Facts{}, kinds: map[string]string{},
			})
			continue
		}
		w := &wheels[len(wheels)-1]
		f := native.Facts{Kind: native.ELF, Machine: strings.Replace(row[3], "aarch64", "arm64", 1), Bits: 64, Type: native.Shared, Interpreter: row[5]}
		if row[2] == "exe" {
			f.Type = native.Executable
		}
		for i, of := range []struct{ library, prefix string }{{"libc.so.6", "GLIBC"}, {"libstdc++.so.6", "GLIBCXX"}, {"libstdc++.so.6", "CXXABI"}, {"libgcc_s.so.1", "GCC"}} {
			if row[6+i] != "" {
				f.Requires = append(f.Requires, native.Version{Library: of.library, Name: of.prefix + "_" + row[6+i]})
				f.Needed = append(f.Needed, of.library)
			}
		}
		if row[10] != "" {
			f.Needed = append(f.Needed, strings.Split(row[10], ",")...)
		}
		kind, folders, _ := strings.Cut(row[11], " ")
		if kind == "RPATH" {
			f.RPath = folders
		} else {
			f.RunPath = folders
		}
		if row[2] == "ext" {
			f.Modules = []string{stem(row[1])}
		}
		w.files[row[1]], w.kinds[row[1]] = f, row[2]
	}
	return wheels
}

// layer returns the layer that holds the wheel alone.
func (w *wheel) layer(targets ...runtimes.Target) Layer {
	l := Layer{Facts: map[string]native.Facts{}, Targets: targets}
	origin := filetree.Origin{Ecosystem: "python", Name: w.name, Version: w.version}
	add := func(path string, f native.Facts) {
		l.Files = append(l.Files, filetree.Entry{Path: path, Origin: origin, Exec: f.Type == native.Executable})
		if f.Kind != "" {
			l.Facts[path] = f
		}
	}
	for path, f := range w.files {
		add("python/"+path, f)
	}
	add("python/"+w.name+"-"+w.version+".dist-info/METADATA", native.Facts{})
	// numba tries these two in a function, and does without.
	l.AtImport = func(_ runtimes.Target, path string) bool { return !strings.HasPrefix(path, "python/numba/np/ufunc/") }
	return l
}

// verdict writes findings as the table does: "needs GLIBC_2.28;missing libfoo.so.1".
func verdict(found []Finding) string {
	var parts []string
	for _, f := range found {
		for word := range strings.FieldsSeq(f.Summary + " " + f.Need) {
			word = strings.TrimRight(word, ",.")
			switch {
			case f.Check == Native && (strings.HasPrefix(word, "GLIBC_") || strings.HasPrefix(word, "GLIBCXX_") || strings.HasPrefix(word, "CXXABI_")):
				parts = append(parts, "needs "+word)
			case f.Check == Libraries && f.Severity != Note && strings.Contains(word, ".so"):
				parts = append(parts, "missing "+word)
			}
		}
	}
	slices.Sort(parts)
	return strings.Join(slices.Compact(parts), ";")
}

// TestWheelsOfTheCorpus judges 466 wheels on both systems: what is ok gets no error
// and no warning, the others the need that is theirs.
func TestWheelsOfTheCorpus(t *testing.T) {
	t.Parallel()
	ok := map[string]int{}
	for _, w := range readWheels(t) {
		architecture := strings.Replace(w.arch, "aarch64", "arm64", 1)
		base := target(t, "python3."+w.minor, architecture)
		for _, c := range []struct {
			system, runtime, want string
		}{{"AL2", "python3.11", w.al2}, {"AL2023", "python3.12", w.al2023}} {
			found := Judge(w.layer(on(t, base, c.runtime)))
			if c.want == "ok" {
				ok[fmt.Sprintf("cp3%s %s %s", w.minor, w.arch, c.system)]++
				for _, f := range found {
					if f.Severity != Note {
						t.Errorf("%s %s (cp3%s %s) is ok on %s, and is told: %s %q %s", w.name, w.version, w.minor, w.arch, c.system, f.Severity, f.Summary, f.Text())
					}
				}
				continue
			}
			got := verdict(found)
			for part := range strings.SplitSeq(c.want, ";") {
				if w.name == "numba" && strings.HasPrefix(part, "missing ") {
					continue // a note: optional modules
				}
				if !strings.Contains(got, part) {
					t.Errorf("%s %s (cp3%s %s) %q on %s, and is told %q", w.name, w.version, w.minor, w.arch, part, c.system, got)
				}
			}
			if w.name == "numba" && slices.ContainsFunc(found, func(f Finding) bool { return f.Check == Libraries && f.Severity != Note }) {
				t.Errorf("numba is told more than a note about its optional modules: %+v", found)
			}
		}
	}
	for name, want := range map[string]int{"cp312 x86_64 AL2023": 193, "cp312 aarch64 AL2023": 129, "cp311 x86_64 AL2": 133} {
		if ok[name] != want {
			t.Errorf("%d wheels are ok for %s, want %d", ok[name], name, want)
		}
	}
}

// TestErrorsOfTheCorpus tells errors from warnings.
func TestErrorsOfTheCorpus(t *testing.T) {
	t.Parallel()
	worst := map[string]Severity{}
	for _, w := range readWheels(t) {
		architecture := strings.Replace(w.arch, "aarch64", "arm64", 1)
		found := Judge(w.layer(target(t, "python3."+w.minor, architecture)))
		slices.SortFunc(found, func(a, b Finding) int { return a.Severity.rank() - b.Severity.rank() })
		if len(found) > 0 {
			worst[w.name+" cp3"+w.minor+" "+w.arch] = found[0].Severity
		}
	}
	for name, want := range map[string]Severity{
		"lightgbm cp311 x86_64": Warning, "lightgbm cp312 aarch64": Warning, "pyodbc cp312 x86_64": Warning,
		"numba cp312 x86_64": Note, "fiona cp312 x86_64": Warning, // its modules reach the library, which the table does not tell
	} {
		if worst[name] != want {
			t.Errorf("%s has the severity %q, want %q", name, worst[name], want)
		}
	}
}

// TestPrebuildsOfTheCorpus picks the addon that node-gyp-build does.
func TestPrebuildsOfTheCorpus(t *testing.T) {
	t.Parallel()
	tarballs := map[string][]string{}
	for _, row := range table(t, "npm.tsv.gz")[1:] {
		tarballs[row[0]] = append(tarballs[row[0]], "nodejs/node_modules/p/"+row[1])
	}
	abis := map[string]int{"18": 108, "20": 115, "22": 127, "24": 137, "26": 147}
	tarball, seen := "", 0
	for _, row := range table(t, "node-gyp-build.txt.gz") {
		line := strings.TrimSpace(row[0])
		cpu, rest, ok := strings.Cut(line, "/node")
		if !ok {
			tarball = line
			continue
		}
		version, want, _ := strings.Cut(rest, ":")
		want, _, _ = strings.Cut(want, "[")
		got := "NONE"
		if picked, ok := pickPrebuild("nodejs/node_modules/p", tarballs[tarball], cpu, abis[version]); ok {
			got = base(picked)
		}
		if got != want {
			t.Errorf("%s on %s with Node.js %s picks %q, want %q", tarball, cpu, version, got, want)
		}
		seen++
	}
	if seen < 140 {
		t.Errorf("only %d picks are compared", seen)
	}
}

// TestAddonsOfTheCorpus judges 70 tarballs of npm on both systems, by what their
// files need.
func TestAddonsOfTheCorpus(t *testing.T) {
	t.Parallel()
	type row struct {
		file        string
		facts       native.Facts
		al2, al2023 string
	}
	packages := map[string][]row{}
	for _, r := range table(t, "npm.tsv.gz")[1:] {
		f := native.Facts{Kind: native.ELF, Machine: strings.Replace(r[3], "aarch64", "arm64", 1), Bits: 64, Type: native.Shared, RPath: r[10], NAPI: r[12] != "0"}
		if strings.HasSuffix(r[2], "exe") {
			f.Type = native.Executable
		}
		if r[4] == "musl" {
			f.Needed = append(f.Needed, "libc.musl-x86_64.so.1")
		}
		if r[4] == "glibc" {
			f.Needed = append(f.Needed, "libc.so.6")
		}
		for i, of := range []struct{ library, prefix string }{{"libc.so.6", "GLIBC"}, {"libstdc++.so.6", "GLIBCXX"}, {"libstdc++.so.6", "CXXABI"}, {"libgcc_s.so.1", "GCC"}} {
			if r[5+i] != "" && r[4] != "musl" {
				f.Requires = append(f.Requires, native.Version{Library: of.library, Name: of.prefix + "_" + r[5+i]})
				f.Needed = append(f.Needed, of.library)
			}
		}
		if r[9] != "" {
			f.Needed = append(f.Needed, strings.Split(r[9], ",")...)
		}
		if abi, _, _ := strings.Cut(r[11], "/"); abi != "" {
			if _, err := fmt.Sscan(abi, &f.NodeABI); err != nil {
				t.Fatal(err)
			}
		}
		packages[r[0]] = append(packages[r[0]], row{file: r[1], facts: f, al2: r[14], al2023: r[15]})
	}
	judge := func(tarball string, id, cpu string) []Finding {
		l := Layer{Facts: map[string]native.Facts{}, Targets: []runtimes.Target{target(t, id, cpu)}}
		names := []string{tarball}
		if strings.HasPrefix(tarball, "img-sharp-") {
			// The addon and its libraries are two packages.
			for other := range packages {
				if strings.HasPrefix(other, "img-sharp-") && other != tarball && !strings.Contains(other, "musl") && strings.Contains(other, "linux-x64") == strings.Contains(tarball, "linux-x64") {
					names = append(names, other)
				}
			}
		}
		for _, name := range names {
			folder, _, _ := strings.Cut(strings.TrimSuffix(name, ".tgz"), "-linux")
			folder = "nodejs/node_modules/" + folder + strings.TrimPrefix(strings.TrimSuffix(name, ".tgz"), folder)
			if i := strings.LastIndex(folder, "-"); strings.HasPrefix(name, "img-sharp-") {
				folder = strings.Replace(folder[:i], "img-sharp", "@img/sharp", 1)
			}
			for _, r := range packages[name] {
				path := folder + "/" + r.file
				l.Files = append(l.Files, filetree.Entry{Path: path, Exec: true, Origin: filetree.Origin{Ecosystem: "nodejs", Name: name, Version: "1"}})
				l.Facts[path] = r.facts
			}
		}
		return Judge(l)
	}
	for tarball, rows := range packages {
		for _, cpu := range runtimes.Architectures() {
			for _, id := range []string{"nodejs18.x", "nodejs22.x"} {
				fits, clean, want := false, true, ""
				for _, r := range rows {
					v := r.al2
					if id == "nodejs22.x" {
						v = r.al2023
					}
					if r.facts.Machine != cpu || strings.HasPrefix(v, "musl") {
						continue
					}
					// Of builds for several versions of Node.js, the one of the target counts.
					if abi := r.facts.NodeABI; abi != 0 && abi != map[string]int{"nodejs18.x": 108, "nodejs22.x": 127}[id] && strings.Contains(r.file, fmt.Sprint(abi)) {
						continue
					}
					fits = true
					if v != "ok" {
						clean, want = false, v
					}
				}
				if !fits {
					continue
				}
				found := judge(tarball, id, cpu)
				bad := slices.DeleteFunc(slices.Clone(found), func(f Finding) bool { return f.Severity == Note })
				switch {
				case clean && len(bad) > 0 && !knownGap(tarball, id):
					t.Errorf("%s is ok on %s %s, and is told: %s %q %s", tarball, id, cpu, bad[0].Severity, bad[0].Summary, bad[0].Text())
				case !clean:
					for part := range strings.SplitSeq(want, ";") {
						if got := verdict(found); !strings.Contains(got, part) {
							t.Errorf("%s %q on %s %s, and is told %q", tarball, part, id, cpu, got)
						}
					}
				}
			}
		}
	}
}

// knownGap names what the table calls ok file by file, and is not as a whole:
// libraries of @img/sharp-libvips are too new for nodejs18.x.
func knownGap(tarball, id string) bool {
	return id == "nodejs18.x" && strings.HasPrefix(tarball, "img-sharp-linux")
}
