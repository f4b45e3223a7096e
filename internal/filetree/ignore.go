package filetree

import (
	"os"
	"path"
	"slices"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/filetree/ignore"
)

// Ignores are the lines of one file in the form of gitignore ("PATTERN FORMAT"
// in gitignore(5)); case counts on every system.
type Ignores = ignore.Rules

// ParseIgnores reads such a file, which lies in the folder dir; "" is the root.
// A class by name, such as [[:alpha:]], is an error.
func ParseIgnores(body []byte, dir string) (*Ignores, error) { return ignore.Parse(body, dir) }

// readIgnore adds the ignore file of a folder, if it has one.
func (s *scanner) readIgnore(host, dir string) error {
	if s.options.IgnoreFile == "" {
		return nil
	}
	name := path.Join(dir, s.options.IgnoreFile)
	info, _ := os.Stat(host + string(os.PathSeparator) + s.options.IgnoreFile)
	if info == nil || !info.Mode().IsRegular() {
		return nil // it has none
	}
	if info.Size() > ignore.MaxBytes {
		return &PathError{Path: s.shown(name), Reason: "is longer than 1 MiB, too long for an ignore file"}
	}
	body, err := os.ReadFile(host + string(os.PathSeparator) + s.options.IgnoreFile)
	if err != nil {
		return &PathError{Path: s.shown(name), Reason: "cannot be read", Err: bareError(err)}
	}
	rules, err := ignore.Parse(body, dir)
	if err != nil {
		return &PathError{Path: s.shown(name), Reason: "is not a usable ignore file", Err: err}
	}
	s.ignores = append(s.ignores, rules)
	return nil
}

// leavesOut reports whether the ignore files leave out the path. The file of
// the deepest folder that decides counts. The caller has left out the folders
// above the path already.
func (s *scanner) leavesOut(name string, isDir bool) bool {
	if s.options.IgnoreFile != "" && path.Base(name) == s.options.IgnoreFile && !isDir {
		return true
	}
	for _, rules := range slices.Backward(s.ignores) {
		if ignored, decided := rules.Decide(name, isDir); decided {
			return ignored
		}
	}
	return false
}
