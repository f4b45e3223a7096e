// Package packlist tells which files of a folder make up its package, as "npm pack"
// does (https://docs.npmjs.com/cli/commands/npm-publish, "Files included in
// package"): by "files" of package.json, else by .npmignore and .gitignore.
//
// Two things are meant to differ. What tools leave behind (.DS_Store, editors' swap
// files, *.orig) is left out even where "files" names it, and ignore files above a
// folder hold for every folder of the project, not for members of a workspace alone:
// they keep secrets such as .env out of what is shipped.
package packlist

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree"
	"github.com/layerbuild/terraform-provider-layerbuild/internal/jsonscan"
)

// maxIgnoreFile bounds an ignore file, in bytes.
const maxIgnoreFile = 1 << 20

// List tells of the files of one folder whether they are part of its package. It is
// for one walk, from the folder down, and not safe for concurrent use.
type List struct {
	folder string
	// always are the paths on disk that "files" and ignore files cannot take away.
	always []string
	// files are the entries of "files", nil where there is no such member.
	files []entry
	whole bool // set where files is nil
	// above are the ignore files of the project around the folder, the outermost
	// first.
	above []ignores
	// below are the ignore files in the folder, by their folders; nil where there
	// is none.
	below map[string]*filetree.Ignores
	err   error
}

// entry is one of "files".
type entry struct {
	pattern *filetree.Ignores
	takes   bool // false where it begins with "!"
}

// ignores is an ignore file above the folder.
type ignores struct {
	lines  *filetree.Ignores
	prefix string // the folder's path from that of the file
}

// Read returns the list of a folder. project is the folder of the project, whose
// ignore files hold too where it is around the folder; "" is none. A folder without
// a readable package.json has none of its rules.
func Read(folder, project string) (*List, error) {
	l := &List{folder: folder, whole: true, below: map[string]*filetree.Ignores{}}
	body, err := filetree.ReadDocument(filepath.Join(folder, "package.json"))
	if err == nil {
		err = l.readManifest(jsonscan.TrimBOM(body))
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading the package of %q: %w", folder, err)
	}
	if l.whole && project != "" {
		if err := l.readAbove(project); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// readManifest takes what package.json says. Malformed parts are absent.
func (l *List) readManifest(body []byte) error {
	var m, directories map[string]json.RawMessage
	_ = json.Unmarshal(body, &m)
	_ = json.Unmarshal(m["directories"], &directories)
	for _, member := range []string{"main", "browser", "bin"} {
		for _, name := range paths(m[member]) {
			if _, err := os.Stat(filepath.Join(l.folder, filepath.FromSlash(name))); err == nil {
				l.always = append(l.always, name)
			}
		}
	}
	var files []any
	if _ = json.Unmarshal(m["files"], &files); files == nil {
		return nil
	}
	l.whole = false
	for _, folder := range paths(directories["bin"]) {
		files = append(files, folder)
	}
	for _, file := range files {
		text, ok := file.(string)
		if !ok {
			continue
		}
		text, negated := strings.CutPrefix(text, "!")
		if text = clean(text); text == "" {
			continue
		}
		pattern, err := filetree.ParseIgnores([]byte("/"+text), "")
		if err != nil {
			return fmt.Errorf("reading \"files\" of package.json: %w", err)
		}
		l.files = append(l.files, entry{pattern, !negated})
	}
	return nil
}

// paths returns the clean paths in a text, or in the values of an object.
func paths(value []byte) []string {
	all := []string{clean(jsonscan.Text(value))}
	_ = jsonscan.EachMember(value, func(_ string, one []byte) error { // the text is JSON as a whole
		all = append(all, clean(jsonscan.Text(one)))
		return nil
	})
	return slices.DeleteFunc(all, func(path string) bool { return path == "" })
}

// clean returns a path below the folder, "" for the folder itself.
func clean(name string) string { return strings.TrimPrefix(path.Clean("/"+name), "/") }

// readAbove reads the ignore files from the project down to the folder's parent.
func (l *List) readAbove(project string) error {
	inner, err1 := filepath.Abs(l.folder)
	outer, err2 := filepath.Abs(project)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	rel, err := filepath.Rel(outer, inner)
	if err != nil || !filepath.IsLocal(rel) || rel == "." {
		return nil //nolint:nilerr // a folder elsewhere has nothing above it
	}
	parts := strings.Split(filepath.ToSlash(rel), "/")
	for i := range parts {
		lines, err := ignoreFile(filepath.Join(outer, filepath.Join(parts[:i]...)), "")
		if err != nil {
			return err
		}
		if lines != nil {
			l.above = append(l.above, ignores{lines, strings.Join(parts[i:], "/")})
		}
	}
	return nil
}

// ignoreFile reads the .npmignore of a folder, else its .gitignore; nil where it has
// neither. dir is its path in the package.
func ignoreFile(folder, dir string) (*filetree.Ignores, error) {
	for _, base := range []string{".npmignore", ".gitignore"} {
		name := filepath.Join(folder, base)
		info, err := os.Stat(name)
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		if info.Size() > maxIgnoreFile {
			return nil, fmt.Errorf("reading %q: it is longer than 1 MiB, too long for an ignore file", name)
		}
		body, err := filetree.ReadDocument(name)
		if err != nil {
			return nil, fmt.Errorf("reading an ignore file: %w", err)
		}
		lines, err := filetree.ParseIgnores(body, dir)
		if err != nil {
			return nil, fmt.Errorf("reading %q: %w", name, err)
		}
		return lines, nil
	}
	return nil, nil
}

// Keep reports whether a file is part of the package, or whether a folder may hold
// one that is. name is its slash path in the folder; the folders above it were kept.
func (l *List) Keep(name string, isDir bool) bool {
	switch {
	case neverPacked(name):
		return false
	case l.isAlways(name, isDir):
		return true
	case !isDir && !l.whole && !l.named(name):
		return false
	}
	return !l.ignored(name, isDir)
}

// Err returns why the answers of Keep cannot be relied on, nil where they can.
func (l *List) Err() error { return l.err }

// neverPacked reports whether npm packs no file of the name, or none at the top.
func neverPacked(name string) bool {
	base := path.Base(name)
	switch base {
	case "node_modules", ".git", ".svn", ".hg", "CVS", ".npmrc", ".npmignore", ".gitignore", ".DS_Store":
		return true
	}
	if strings.HasPrefix(base, "._") || strings.HasSuffix(base, ".orig") || strings.HasPrefix(base, ".") && strings.HasSuffix(base, ".swp") {
		return true
	}
	switch name {
	case "package-lock.json", "yarn.lock", "pnpm-lock.yaml", "bun.lockb", "npm-debug.log", ".lock-wscript", "build/config.gypi", "archived-packages":
		return true
	}
	return strings.HasPrefix(name, ".wafpickle-")
}

// isAlways reports whether a file is packed whatever "files" and ignore files say,
// or whether a folder holds one that is.
func (l *List) isAlways(name string, isDir bool) bool {
	if name == "package.json" {
		return true
	}
	if !isDir && !strings.Contains(name, "/") {
		stem, _, _ := strings.Cut(strings.ToLower(name), ".")
		if slices.Contains([]string{"readme", "copying", "license", "licence"}, stem) {
			return true
		}
	}
	return slices.ContainsFunc(l.always, func(path string) bool {
		return path == name || isDir && strings.HasPrefix(path, name+"/")
	})
}

// named reports whether "files" names a file or a folder above it. The last entry
// that does decides.
func (l *List) named(name string) bool {
	taken := false
	for _, e := range l.files {
		for at, isDir := name, false; at != "."; at, isDir = path.Dir(at), true {
			if matches, decided := e.pattern.Decide(at, isDir); decided && matches {
				taken = e.takes
				break
			}
		}
	}
	return taken
}

// ignored reports whether an ignore file leaves a path out: that of the deepest
// folder that says something of it. "files" takes the place of those at the top.
func (l *List) ignored(name string, isDir bool) bool {
	for dir := path.Dir(name); ; dir = path.Dir(dir) {
		if dir == "." && !l.whole {
			return false
		}
		if lines := l.linesOf(dir); lines != nil {
			if ignored, decided := lines.Decide(name, isDir); decided {
				return ignored
			}
		}
		if dir == "." {
			break
		}
	}
	for _, above := range slices.Backward(l.above) {
		if ignored, decided := above.lines.Decide(above.prefix+"/"+name, isDir); decided {
			return ignored
		}
	}
	return false
}

// linesOf returns the ignore file of a folder of the package, read once.
func (l *List) linesOf(dir string) *filetree.Ignores {
	if lines, known := l.below[dir]; known {
		return lines
	}
	within := dir
	if dir == "." {
		within = ""
	}
	lines, err := ignoreFile(filepath.Join(l.folder, filepath.FromSlash(within)), within)
	if err != nil {
		l.err = errors.Join(l.err, err)
	}
	l.below[dir] = lines
	return lines
}
