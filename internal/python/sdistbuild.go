package python

import (
	"bytes"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/pep440"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/setuppy"
)

// builtWheel is the content of the wheel that setuptools would make of a source
// distribution, by path. It has no RECORD and no WHEEL yet.
type builtWheel struct {
	distInfo string // folder of the metadata
	metadata []byte
	files    map[string][]byte
}

// build makes the wheel, and runs nothing for it. What cannot be known without
// running code of the distribution is a *NotPure.
func (s *sdist) build() (*builtWheel, error) {
	b, err := s.builder()
	if err != nil {
		return nil, err
	}
	b.modules()
	b.packageData()
	b.scripts()
	b.dataFiles()
	licenses := b.licenses()
	b.metadata(licenses)
	if b.err != nil {
		return nil, b.err
	}
	return b.out, nil
}

// builder puts the wheel together from the arguments of setup().
type builder struct {
	*setupArgs
	config     sdistConfig
	packages   []string
	pyModules  []string
	packageDir map[string]string // folder of a package, of "" for all
	dataDir    string            // of scripts and data in the wheel
	out        *builtWheel
}

// builder reads the project, and checks what concerns all parts of the wheel.
func (s *sdist) builder() (*builder, error) {
	if _, ok := s.files["setup.py"]; !ok {
		if _, ok := s.files["pyproject.toml"]; ok {
			if _, err := s.config(); err != nil {
				return nil, err
			}
		}
		return nil, s.refuse("it has no setup.py")
	}
	config, err := s.config()
	if err != nil {
		return nil, err
	}
	for _, p := range s.paths {
		if strings.HasPrefix(p, "build/") {
			return nil, s.refuse("it holds what an earlier build left, %q", p)
		}
	}
	call, err := setuppy.Read(s, setuppy.Options{OwnImports: config.ownImports})
	if err != nil {
		return nil, s.refuse("%v", err)
	}
	b := &builder{setupArgs: &setupArgs{Dict: call.Args, s: s}, config: config, packageDir: map[string]string{}}
	b.merge(config.declared)
	b.check()
	b.identity()
	b.packages, b.pyModules = b.list("packages"), b.list("py_modules")
	if b.value("packages") == nil && b.value("py_modules") == nil {
		b.fail("its setup.py leaves it to setuptools to find its packages")
	}
	dirs := b.dict("package_dir")
	for _, name := range dirs.Keys() {
		value, _ := dirs.Get(name)
		dir, ok := value.(string)
		clean := path.Clean(dir)
		if !ok || clean == ".." || strings.HasPrefix(clean, "../") || path.IsAbs(clean) || setuppy.IsHostPath(dir) {
			b.fail("its setup.py has packages in %q", dir)
		}
		b.packageDir[name] = strings.TrimPrefix(clean, ".")
	}
	if len(b.list("namespace_packages")) > 0 {
		b.fail("its setup.py declares namespace_packages")
	}
	b.needs()
	b.leftovers()
	return b, b.err
}

// identity compares name and version with those of the file's name. A version
// that is not known is that one: an installer takes no wheel of another.
func (b *builder) identity() {
	name, _ := b.text("name")
	if NormalizeName(name) != b.s.name || !safeName.MatchString(name) {
		b.fail("its setup.py names the distribution %q", name)
	}
	v, _ := b.Get("version")
	if text, isText := v.(string); isText {
		if got, err := pep440.Parse(text); err != nil || got.Compare(b.s.version) != 0 {
			b.fail("its setup.py gives it the version %q", text)
		}
	} else if _, isUnknown := v.(setuppy.Unknown); !isUnknown {
		b.fail("its setup.py gives it no version")
	}
	stem := strings.ReplaceAll(b.s.name, "-", "_") + "-" + strings.ReplaceAll(b.s.version.String(), "-", "_")
	b.dataDir = stem + ".data"
	b.out = &builtWheel{distInfo: stem + ".dist-info", files: map[string][]byte{}}
}

var safeName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$`)

// needs refuses what setup() asks to have at the time of the build, except for
// what has no part in one.
func (b *builder) needs() {
	allowed := []string{"setuptools", "wheel", "pytest-runner", "six"}
	for _, text := range b.requirements("install_requires", b.value("install_requires")) {
		if r, err := ParseRequirement(text); err == nil {
			allowed = append(allowed, r.Name)
		}
	}
	for _, text := range b.requirements("setup_requires", b.value("setup_requires")) {
		if r, err := ParseRequirement(text); err != nil || !slices.Contains(allowed, r.Name) {
			b.fail("its build needs %q", text)
		}
	}
}

// leftovers refuses files of the metadata of an earlier build that would end up
// in the wheel.
func (b *builder) leftovers() {
	known := strings.Fields("PKG-INFO SOURCES.txt requires.txt top_level.txt entry_points.txt dependency_links.txt zip-safe not-zip-safe namespace_packages.txt")
	for _, p := range b.s.paths {
		dir, base := path.Split(p)
		if strings.HasSuffix(dir, ".egg-info/") && strings.Count(dir, "/") <= 2 && !slices.Contains(known, base) {
			b.fail("it holds metadata of another tool, %q", p)
		}
	}
}

// put adds a file to the wheel.
func (b *builder) put(name string, body []byte) {
	if old, twice := b.out.files[name]; twice && !bytes.Equal(old, body) {
		b.fail("two files of it go to %q", name)
	}
	base := path.Base(name)
	if nativeName.MatchString(base) || bytes.HasPrefix(body, []byte("\x7fELF")) {
		b.fail("it holds native code, %q", name)
	}
	b.out.files[name] = body
}

var nativeName = regexp.MustCompile(`\.(so|so\.[0-9.]+|pyd|dll|dylib|a|lib)$`)

// dirOf returns the folder of a package, "" for the top one.
func (b *builder) dirOf(pkg string) string {
	if len(b.packageDir) == 0 {
		return strings.ReplaceAll(pkg, ".", "/")
	}
	parts := strings.Split(pkg, ".")
	for n := len(parts); n > 0; n-- {
		if dir, ok := b.packageDir[strings.Join(parts[:n], ".")]; ok {
			return path.Join(append([]string{dir}, parts[n:]...)...)
		}
	}
	return path.Join(append([]string{b.packageDir[""]}, parts...)...)
}

// modules adds the .py files of packages, and single modules.
func (b *builder) modules() {
	for _, pkg := range b.packages {
		if !packageName.MatchString(pkg) {
			b.fail("its setup.py names the package %q", pkg)
			return
		}
		dir := b.dirOf(pkg)
		files := b.s.under(dir)
		if len(files) == 0 {
			b.fail("its setup.py names the package %q, which it does not hold", pkg)
		}
		for _, f := range files {
			if strings.HasSuffix(f, ".py") && !strings.HasPrefix(f, ".") && !strings.Contains(f, "/") && path.Join(dir, f) != "setup.py" {
				b.put(path.Join(strings.ReplaceAll(pkg, ".", "/"), f), b.s.files[path.Join(dir, f)])
			}
		}
	}
	for _, module := range b.pyModules {
		if !packageName.MatchString(module) || strings.Contains(module, ".") {
			b.fail("its setup.py names the module %q", module)
			return
		}
		// setuptools warns of a module that is not there, and goes on.
		if body, ok := b.s.files[path.Join(b.packageDir[""], module+".py")]; ok {
			b.put(module+".py", body)
		}
	}
}

var packageName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)*$`)

// scripts adds the scripts, the first lines of Python's as installers expect
// them.
func (b *builder) scripts() {
	for _, name := range b.list("scripts") {
		body, ok := b.s.files[path.Clean(name)]
		if !ok {
			b.fail("its setup.py names the script %q, which it does not hold", name)
			return
		}
		first, rest, found := bytes.Cut(body, []byte("\n"))
		if m := shebang.FindSubmatch(bytes.TrimSuffix(first, []byte("\r"))); m != nil && found {
			rest = bytes.ReplaceAll(rest, []byte("\r\n"), []byte("\n"))
			body = slices.Concat([]byte("#!python"), m[1], []byte("\n"), rest)
		}
		b.put(path.Join(b.dataDir, "scripts", path.Base(name)), body)
	}
}

var shebang = regexp.MustCompile(`^#!.*python[0-9.]*([ \t].*)?$`)

// dataFiles adds what goes beside the packages.
func (b *builder) dataFiles() {
	v := b.value("data_files")
	items, _ := v.(setuppy.List)
	if tuple, ok := v.(setuppy.Tuple); ok {
		items = setuppy.List(tuple)
	}
	if v != nil && items == nil && length(v) != 0 {
		b.fail("its setup.py passes a data_files that is no list")
	}
	for _, item := range items {
		pair, _ := item.(setuppy.Tuple)
		if len(pair) != 2 {
			b.fail("its setup.py passes a data_files that is no list of pairs")
			return
		}
		dir, isText := pair[0].(string)
		if !isText || path.IsAbs(dir) || strings.Contains(dir, "..") || setuppy.IsHostPath(dir) {
			b.fail("its setup.py puts data_files into %q", dir)
		}
		for _, name := range b.texts("data_files", pair[1]) {
			body, ok := b.s.files[path.Clean(name)]
			if !ok {
				b.fail("its setup.py names the data file %q, which it does not hold", name)
			}
			b.put(path.Join(b.dataDir, "data", dir, path.Base(name)), body)
		}
	}
}

// licenses adds the licence files, and returns their paths in order.
func (b *builder) licenses() []string {
	patterns, given := b.config.licenseFiles, b.config.hasLicense
	if v := b.value("license_files"); v != nil {
		patterns, given = b.list("license_files"), true
	}
	if one, ok := b.text("license_file"); ok && !slices.Contains(patterns, one) {
		patterns, given = append(slices.Clone(patterns), one), true
	}
	if !given {
		patterns = []string{"LICEN[CS]E*", "COPYING*", "NOTICE*", "AUTHORS*"}
	}
	var found []string
	for _, pattern := range patterns {
		if strings.Contains(pattern, "..") || path.IsAbs(pattern) {
			b.fail("its licences lie at %q", pattern)
		}
		for _, f := range globFiles(b.s.paths, pattern) {
			if !strings.HasSuffix(f, "~") && !slices.Contains(found, f) {
				found = append(found, f)
				b.put(path.Join(b.out.distInfo, "licenses", f), b.s.files[f])
			}
		}
	}
	return found
}

// names returns the sorted top-level names of packages and modules.
func (b *builder) names() []string {
	top := map[string]bool{}
	for _, name := range slices.Concat(b.packages, b.pyModules) {
		first, _, _ := strings.Cut(name, ".")
		top[first] = true
	}
	return slices.Sorted(maps.Keys(top))
}
