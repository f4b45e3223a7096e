package sdist

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/backend"
)

// Wheel is the content of a wheel that is made of a source distribution.
type Wheel struct {
	DistInfo string            // folder of the metadata
	Metadata []byte            // METADATA, which is among Files too
	Files    map[string][]byte // by path, without RECORD
	// Recorded says that the requirements are those of the machine that made the
	// source distribution, whose setup.py looks at it.
	Recorded bool
}

func (s *Sdist) newWheel() *Wheel {
	stem := strings.ReplaceAll(s.name, "-", "_") + "-" + strings.ReplaceAll(s.version.String(), "-", "_")
	return &Wheel{DistInfo: stem + ".dist-info", Files: map[string][]byte{}}
}

// Make makes the wheel, and runs nothing for it. What only running code of the
// distribution would tell is a *NotPure.
func Make(filename string, r io.Reader) (*Wheel, error) {
	s, err := Read(filename, r)
	if err != nil {
		return nil, err
	}
	w := s.wheel()
	for name, body := range w.Files {
		if bytes.HasPrefix(body, []byte("\x7fELF")) || slices.Contains(compiled, path.Ext(name)) {
			s.refuse("it holds native code, %q", name)
		}
	}
	w.put("WHEEL", []byte("Wheel-Version: 1.0\nGenerator: layerbuild\nRoot-Is-Purelib: true\nTag: py3-none-any\n\n"))
	if s.fault != nil {
		return nil, s.fault
	}
	return w, nil
}

// wheel returns what there is of a wheel: where there is a fault, it counts for nothing.
func (s *Sdist) wheel() *Wheel {
	if dir := s.findEggInfo(); dir != "" {
		return s.ofEggInfo(dir)
	}
	if _, ok := s.files["pyproject.toml"]; ok && s.files["setup.py"] == nil {
		return s.ofBackend()
	}
	return s.ofDistutils()
}

// put adds a file of the metadata.
func (w *Wheel) put(name string, body []byte) {
	w.Files[w.DistInfo+"/"+name] = body
	if name == "METADATA" {
		w.Metadata = body
	}
}

// WithRecord returns the files with their RECORD (the "Recording installed
// projects" specification).
func (w *Wheel) WithRecord() map[string][]byte {
	name := w.DistInfo + "/RECORD"
	var out strings.Builder
	for _, p := range slices.Sorted(maps.Keys(w.Files)) {
		sum := sha256.Sum256(w.Files[p])
		fmt.Fprintf(&out, "%s,sha256=%s,%d\n", quoted(p), base64.RawURLEncoding.EncodeToString(sum[:]), len(w.Files[p]))
	}
	fmt.Fprintf(&out, "%s,,\n", name)
	files := maps.Clone(w.Files)
	files[name] = []byte(out.String())
	return files
}

// quoted returns a field of a CSV file.
func quoted(s string) string {
	if strings.ContainsAny(s, ",\"\n") {
		return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
	}
	return s
}

// ofBackend makes the wheel of a distribution whose build backend says in
// pyproject.toml what it packs, and in PKG-INFO what it needs.
func (s *Sdist) ofBackend() *Wheel {
	w := s.newWheel()
	if fault := s.readHead("PKG-INFO").moving(); fault != "" {
		s.refuse("its PKG-INFO leaves %s to a run of its build backend", fault)
	}
	s.refuseNative(nil)
	fsys := newMemory(s.files)
	plan, err := backend.Read(fsys, s.name, s.version.String(), fsys, ".")
	if err != nil {
		s.refuse("%v", err)
		return w
	}
	for to, from := range plan.Files {
		w.Files[to] = s.files[from]
	}
	for name, body := range plan.Info {
		w.put(name, body)
	}
	w.put("METADATA", s.files["PKG-INFO"])
	return w
}

// ofDistutils makes the wheel of an old distribution of distutils, which has no
// requirements: its modules, and its packages.
func (s *Sdist) ofDistutils() *Wheel {
	e := &eggInfo{Sdist: s, setup: s.readSetup()}
	if e.setup.text == "" {
		s.refuse("it has neither an .egg-info folder, nor a setup.py, nor a pyproject.toml")
	}
	if word := declares.FindString(e.setup.text); word != "" {
		s.refuse("it has no .egg-info folder, and its setup.py passes %s to setup()", strings.TrimRight(word, "= :\t'\""))
	}
	s.refuseNative(s.paths)
	e.refuseSetup()
	h := &head{text: fmt.Sprintf("Metadata-Version: 2.1\nName: %s\nVersion: %s\n", s.name, s.version)}
	if _, ok := s.files["PKG-INFO"]; ok {
		h = s.readHead("PKG-INFO")
	}
	w := s.newWheel()
	w.put("top_level.txt", []byte(strings.Join(s.packDistutils(e.setup, w), "\n")+"\n"))
	e.info(w, h)
	return w
}

// declares are arguments that setuptools knows, and distutils does not.
var declares = regexp.MustCompile(`\b(install_requires|extras_require|entry_points|namespace_packages|setup_requires|use_scm_version|pbr)\b['"]?\s*[=:]\s*`)

// packDistutils adds the modules and packages that setup.py lists as texts, or
// all packages where it computes their list.
func (s *Sdist) packDistutils(setup setupText, w *Wheel) (tops []string) {
	root := setup.packageDir()[""]
	modules, _ := setup.list("py_modules")
	for _, module := range modules {
		name := strings.ReplaceAll(module, ".", "/") + ".py"
		body, ok := s.files[path.Join(root, name)]
		if !ok {
			s.refuse("its setup.py names the module %q, which it does not hold", module)
		}
		w.Files[name] = body
		tops = append(tops, strings.SplitN(module, ".", 2)[0])
	}
	data := s.dataRule()
	for _, pkg := range s.distutilsPackages(setup) {
		to := strings.ReplaceAll(pkg, ".", "/")
		dir, mapped := setup.packageDir()[pkg]
		if !mapped {
			dir = path.Join(root, to)
		}
		if _, ok := s.files[dir+"/__init__.py"]; !ok {
			s.refuse("its setup.py names the package %q, which it does not hold", pkg)
		}
		for _, p := range s.below(dir) {
			name := path.Join(to, strings.TrimPrefix(p, dir+"/"))
			module := path.Ext(p) == ".py" && path.Dir(p) == dir && !strings.HasPrefix(path.Base(p), ".")
			if module || data.holds(name, func(d string) bool { return d == to }) {
				w.Files[name] = s.files[p]
			}
		}
		tops = append(tops, strings.SplitN(pkg, ".", 2)[0])
	}
	if len(w.Files) == 0 {
		s.refuse("its setup.py lists neither modules nor packages as texts")
	}
	s.scripts(setup, w)
	slices.Sort(tops)
	return slices.Compact(tops)
}

func (s *Sdist) distutilsPackages(setup setupText) []string {
	packages, literal := setup.list("packages")
	if literal || !strings.Contains(setup.text, "packages") {
		return packages
	}
	packages = nil
	for _, p := range s.paths {
		dir, base := path.Split(p)
		if base != "__init__.py" || dir == "" {
			continue
		}
		if top, _, _ := strings.Cut(dir, "/"); slices.Contains([]string{"test", "tests", "doc", "docs", "example", "examples", "build"}, top) {
			s.refuse("its setup.py computes its packages, and whether %q is one is not known", top)
		}
		packages = append(packages, strings.ReplaceAll(strings.TrimSuffix(dir, "/"), "/", "."))
	}
	return packages
}
