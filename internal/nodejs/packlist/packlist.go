// Package packlist tells which files of a folder make up its package, as "npm pack"
// does (https://docs.npmjs.com/cli/commands/npm-publish, "Files included in
// package"): by "files" of package.json, else by .npmignore and .gitignore.
//
// Three things are meant to differ. Where a pattern of "files" names a folder, as
// "{lib,dist}" does, what is in the folder is taken, as by Yarn and pnpm; npm takes it
// only where the entry is the folder's path. What tools leave behind (.DS_Store, editors' swap
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
	// files are the entries of "files".
	files rules
	whole bool // set where there is no such member
	// above are the ignore files of the project around the folder, the outermost
	// first.
	above []ignores
	// below are the ignore files in the folder, by their folders; nil where there
	// is none.
	below map[string]*rules
	err   error
}

// ignores is an ignore file above the folder.
type ignores struct {
	lines  *rules
	prefix string // the folder's path from that of the file
}

// Read returns the list of a folder. project is the folder of the project, whose
// ignore files hold too where it is around the folder; "" is none. A folder without
// a readable package.json has none of its rules.
func Read(folder, project string) (*List, error) {
	l := &List{folder: folder, whole: true, below: map[string]*rules{}}
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
	return l.readFiles(files)
}

// readFiles reads the entries of "files". Those that name a file by its path go before
// the others, the first of them before all.
func (l *List) readFiles(entries []any) error {
	var exact []rule
	for _, e := range entries {
		text, ok := e.(string)
		if !ok {
			continue
		}
		if strings.HasPrefix(text, "./") {
			text = text[1:]
		}
		if strings.HasSuffix(text, "/*") {
			text += "*"
		}
		one, err := parseRule(text, true)
		if err != nil {
			return fmt.Errorf("reading \"files\" of package.json: %w", err)
		}
		name := clean(strings.TrimLeft(text, "!"))
		if name == "" {
			continue
		}
		if info, err := os.Lstat(filepath.Join(l.folder, filepath.FromSlash(name))); err == nil && !info.IsDir() {
			if exact = append(exact, one); one.takes && one.names(name, false) {
				l.always = append(l.always, name)
			}
			continue
		}
		below, err := parseRule(text+"/**", true)
		if err != nil {
			return fmt.Errorf("reading \"files\" of package.json: %w", err)
		}
		l.files.list = append(l.files.list, one, below)
	}
	slices.Reverse(exact)
	l.files.list = append(l.files.list, exact...)
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
func ignoreFile(folder, dir string) (*rules, error) {
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
		lines, err := parseIgnores(body, dir)
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
	case !l.whole && !l.named(name, isDir):
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

// named reports whether "files" names a file, or a folder that may hold one.
func (l *List) named(name string, isDir bool) bool {
	taken, _ := l.files.decide(name, isDir)
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
			if taken, decided := lines.decide(name, isDir); decided {
				return !taken
			}
		}
		if dir == "." {
			break
		}
	}
	for _, above := range slices.Backward(l.above) {
		if taken, decided := above.lines.decide(above.prefix+"/"+name, isDir); decided {
			return !taken
		}
	}
	return false
}

// linesOf returns the ignore file of a folder of the package, read once.
func (l *List) linesOf(dir string) *rules {
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
