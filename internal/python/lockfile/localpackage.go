package lockfile

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/backend"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/python/wheel"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/secret"
)

// LocalPackage is a member of a workspace or another project on disk that a
// lock file needs, with what a wheel of it holds.
type LocalPackage struct {
	Name string // normalised
	// Version is "" where only a run of its build backend would tell. Info has it
	// besides; it is a field for the digest alone.
	Version string
	Dir     string // of the project, relative to the lock file's folder, with slashes
	Parts   []LocalPart
	// Info are the files of its .dist-info folder, by their paths beside its
	// packages; none where Version is not known.
	Info    map[string]string `json:",omitempty"`
	Targets []string          // as Target.String, sorted
}

// LocalPart is a folder of a project on disk, or one file, and its place beside
// the packages of a layer.
type LocalPart struct {
	Source string // relative to the lock file's folder, with slashes
	Target string // relative to the folder of packages
	// Files are what is packed of a folder, relative to it and sorted; none where
	// Source is a file.
	Files []string `json:",omitempty"`
}

// Programs returns the console scripts of the project by their layer path, as
// those of wheels are.
func (p LocalPackage) Programs(targets []wheel.Target) (map[string]string, error) {
	var text string
	for name, body := range p.Info {
		if path.Base(name) == "entry_points.txt" {
			text = body
		}
	}
	points, err := wheel.ParseScripts(text)
	if err != nil {
		return nil, fmt.Errorf("reading the scripts of the project %q: %w", p.Name, err)
	}
	programs := map[string]string{}
	for _, point := range points {
		programs[wheel.BinDir+"/"+point.Name] = point.Script(wheel.Interpreter(targets))
	}
	return programs, nil
}

// local adds a project on disk.
func (r *lockReader) local(e *lockEntry, t wheel.Target) error {
	dir := filepath.ToSlash(e.folder)
	at := slices.IndexFunc(r.out.Local, func(l LocalPackage) bool { return l.Dir == dir })
	if at < 0 {
		l, err := r.inspectLocal(e, dir)
		if err != nil {
			return r.fault(e.title(), "the project in %q is not packed from disk: %v. Give a wheel of it in python.wheels, or leave it out by python.exclude = [%q] and add its code with files = [{ source = …, target = \"python/%s\" }]",
				dir, err, e.name, moduleName(e.name))
		}
		at = len(r.out.Local)
		r.out.Local = append(r.out.Local, l)
	}
	r.out.Local[at].Targets = append(r.out.Local[at].Targets, t.String())
	return nil
}

// vcs refuses a source checkout. Even one of a known commit has no digest that
// a file could be checked against.
func (r *lockReader) vcs(e *lockEntry, kind, address, commit string) error {
	address, _, _ = strings.Cut(strings.TrimPrefix(address, kind+"+"), "#")
	address, _, _ = strings.Cut(address, "?")
	from := fmt.Sprintf("the %s repository %s", kind, secret.Redact(address))
	if commit != "" {
		from += fmt.Sprintf(" at %q", commit)
	}
	return r.fault(e.title(), "it comes from %s, and nothing is built from source: build its wheel elsewhere and give that in python.wheels, or require a release that has a wheel", from)
}

func moduleName(name string) string { return strings.ReplaceAll(name, "-", "_") }

// inspectLocal decides what a wheel of a project on disk holds. Its errors are
// clauses.
func (r *lockReader) inspectLocal(e *lockEntry, dir string) (LocalPackage, error) {
	none := LocalPackage{}
	if path.IsAbs(dir) || filepath.IsAbs(dir) {
		return none, errors.New("its path is absolute, so that no other machine would find it")
	}
	if err := r.checkAsked(dir); err != nil {
		return none, err
	}
	base := filepath.Join(r.dir, filepath.FromSlash(dir))
	root, within, err := ignoreRoot(base, r.dir)
	if err != nil {
		return none, err
	}
	w, err := backend.Read(os.DirFS(base), e.name, e.version, os.DirFS(root), within)
	if err != nil {
		return none, err
	}
	p := LocalPackage{Name: e.name, Version: w.Version, Dir: dir, Parts: localParts(dir, w.Files)}
	if w.Version == "" {
		r.out.Notes = append(r.out.Notes, fmt.Sprintf("%s has a version that only its build backend would tell: it is packed without metadata, so that importlib.metadata does not find it", e.name))
		return p, nil
	}
	p.Info = localInfo(e.name, w)
	return p, nil
}

// localInfo returns the files of a .dist-info folder, with a RECORD of names
// alone: what lies on disk may change until it is packed.
func localInfo(name string, w *backend.Wheel) map[string]string {
	folder := moduleName(name) + "-" + strings.ReplaceAll(w.Version, "-", "_") + ".dist-info/"
	info := map[string]string{folder + "WHEEL": "Wheel-Version: 1.0\nGenerator: layerbuild\nRoot-Is-Purelib: true\nTag: py3-none-any\n"}
	for file, body := range w.Info {
		if utf8.Valid(body) {
			info[folder+file] = string(body)
		}
	}
	names := slices.AppendSeq(slices.Collect(maps.Keys(w.Files)), maps.Keys(info))
	slices.Sort(names)
	info[folder+"RECORD"] = strings.Join(names, ",,\n") + ",,\n" + folder + "RECORD,,\n"
	return info
}

// localParts gathers files that keep their place relative to each other: those
// below one folder of the project that go below one folder of the wheel.
func localParts(dir string, files map[string]string) []LocalPart {
	var parts []LocalPart
	for _, to := range slices.Sorted(maps.Keys(files)) {
		from := path.Join(dir, files[to])
		source, target := strings.Split(from, "/"), strings.Split(to, "/")
		same := 0
		for same < len(source) && same < len(target) && source[len(source)-1-same] == target[len(target)-1-same] {
			same++
		}
		if same < 2 {
			parts = append(parts, LocalPart{Source: from, Target: to})
			continue
		}
		// The topmost folder that both share is the part.
		p := LocalPart{Source: path.Join(source[:len(source)-same+1]...), Target: path.Join(target[:len(target)-same+1]...)}
		below := strings.Join(target[len(target)-same+1:], "/")
		at := slices.IndexFunc(parts, func(x LocalPart) bool { return len(x.Files) > 0 && x.Source == p.Source && x.Target == p.Target })
		if at < 0 {
			at = len(parts)
			parts = append(parts, p)
		}
		parts[at].Files = append(parts[at].Files, below)
	}
	return parts
}

// ignoreRoot returns the topmost folder whose .gitignore file counts for a project, and
// where the project lies in it: the one that holds .git, or else the lock file's, or
// that of the file system where the project lies outside of this.
func ignoreRoot(base, top string) (root, within string, err error) {
	base, err1 := filepath.Abs(base)
	root, err2 := filepath.Abs(top)
	if err := errors.Join(err1, err2); err != nil {
		return "", "", err
	}
	for dir := base; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, ".git")); err == nil {
			root = dir
			break
		}
	}
	if within, err = filepath.Rel(root, base); err != nil || !filepath.IsLocal(within) {
		root = filepath.VolumeName(base) + string(filepath.Separator)
		within, err = filepath.Rel(root, base)
	}
	return root, filepath.ToSlash(within), err
}

// Roots returns the layer folders that the project belongs in.
func (p LocalPackage) Roots(targets []wheel.Target) []string { return wheel.Roots(p.Targets, targets) }
